import * as z from "zod";

/** What a run waits for that has been accepted and has no place yet. */
export const waitingForSchema = z.enum(["pipeline", "organization"]).meta({ id: "RunWaitingFor" });
export type WaitingFor = z.output<typeof waitingForSchema>;

/** So far the runs before one that waits are counted: whoever asks for a run reads so many items at most. */
export const LAST_POSITION = 200;

export const queueView = z
  .object({
    position: z
      .int()
      .min(1)
      .max(LAST_POSITION)
      .meta({
        description: `Among the runs of its pipeline or agent that wait, from 1; ${LAST_POSITION} stands for that and anything beyond. Pipelines and agents that wait for the organization take turns.`,
      }),
    waiting_for: waitingForSchema,
  })
  .meta({ id: "RunQueue", description: "Where a run waits for a place." });
export type QueueView = z.output<typeof queueView>;
