import { ConflictException, CreateScheduleCommand, type SchedulerClient } from "@aws-sdk/client-scheduler";

/** Puts a run's deadline into the schedule. Named after the run, so doing it again changes nothing. */
export interface Deadlines {
  set(tenant: string, run_id: string, at: Date): Promise<void>;
}

/** Schedules have whole seconds, and one that has passed would never come. */
const LEAST_MS = 5_000;

export const connectDeadlines = (
  client: Pick<SchedulerClient, "send">,
  target: { readonly queue_arn: string; readonly role_arn: string },
  now: () => Date,
): Deadlines => ({
  async set(tenant, run_id, at) {
    const due = new Date(Math.ceil(Math.max(at.getTime(), now().getTime() + LEAST_MS) / 1_000) * 1_000);
    try {
      await client.send(
        new CreateScheduleCommand({
          Name: run_id,
          ScheduleExpression: `at(${due.toISOString().slice(0, 19)})`,
          ScheduleExpressionTimezone: "UTC",
          FlexibleTimeWindow: { Mode: "OFF" },
          ActionAfterCompletion: "DELETE",
          Target: { Arn: target.queue_arn, RoleArn: target.role_arn, Input: JSON.stringify({ tenant, run_id }) },
        }),
      );
    } catch (error) {
      if (!(error instanceof ConflictException)) throw error;
    }
  },
});
