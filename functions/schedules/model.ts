import * as z from "zod";
import { conditionSchema } from "../../shared/expressions/condition.ts";
import {
  descriptionSchema,
  metadataSchema,
  nameSchema,
  timestampSchema,
  timezoneSchema,
} from "../../shared/http/schemas.ts";
import { ownerIdSchema } from "../../shared/identity/owned.ts";
import { idSchema } from "../../shared/ids.ts";
import { defineStates } from "../../shared/states.ts";
import { labelsSchema } from "../runs/model.ts";
import { budgetInput } from "../usage/runs/public.ts";
import { CronError, parseCron } from "./rules/cron.ts";
import { nextOccurrence } from "./rules/zones.ts";

/** An event schedule listens to so many types at most: they are found by type, and change in one transaction. */
export const MOST_EVENTS = 5;
/** Failures in a row after which a schedule pauses itself. */
export const MOST_FAILURES = 10;
/** Runs that events start of one schedule, in a minute. */
export const MOST_PER_MINUTE = 30;
/** Schedules that may follow on each other by the events of their runs. */
export const MOST_CHAINED = 5;
/** What comes later than this has been missed; before, it is only late (docs/adr/0021: a minute and a half). */
export const MISSED_AFTER_SECONDS = 300;
/** How long it can be read what became of an occurrence. */
export const FIRING_DAYS = 90;
/** The input of the runs, as JSON. */
export const MOST_INPUT_BYTES = 64 * 1024;

const scheduleStatuses = ["active", "paused", "completed"] as const;
export const scheduleStatus = z.enum(scheduleStatuses).meta({ id: "ScheduleStatus" });

export const scheduleStates = defineStates("schedule", scheduleStatuses, [
  { from: [], to: "active", why: "It is created." },
  { from: ["active"], to: "paused", why: "Somebody pauses it, or its runs could not be started ten times in a row." },
  { from: ["paused", "completed"], to: "active", why: "Somebody resumes it; its failures are forgotten." },
  { from: ["active"], to: "completed", why: "Its one time has come." },
]);

export const pausedReason = z.enum(["requested", "failures"]).meta({ id: "SchedulePausedReason" });

/** An expression that can be read and comes at all. */
const cronSchema = z
  .string()
  .max(200)
  .superRefine((text, context) => {
    try {
      if (nextOccurrence(parseCron(text), "UTC", new Date(0)) === undefined)
        context.addIssue({ code: "custom", message: "names a date that never comes", input: text });
    } catch (error) {
      if (!(error instanceof CronError)) throw error;
      context.addIssue({ code: "custom", message: error.message, input: text });
    }
  })
  .meta({
    description:
      "Minute, hour, day of the month, month, day of the week; numbers, `JAN` and `MON`, `*`, ranges, lists and steps. Where both days are restricted, either suffices.",
    example: "30 7 * * MON-FRI",
  });

/** What a schedule waits for. */
export const triggerSchema = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("cron"), cron: cronSchema, timezone: timezoneSchema.default("UTC") }).meta({
      id: "ScheduleCron",
      description:
        "Where clocks are set forward, a time in the hour that is left out comes right after it; where they are set back, a time in the hour that is repeated comes once. With `*` as its hour an expression goes by elapsed time instead.",
    }),
    z.strictObject({ kind: z.literal("once"), at: timestampSchema.overwrite(inUtc) }).meta({ id: "ScheduleOnce" }),
    z
      .strictObject({
        kind: z.literal("event"),
        events: z
          .array(z.string().max(100))
          .min(1)
          .max(MOST_EVENTS)
          .overwrite((types) => [...new Set(types)].sort())
          .meta({ description: "Types of events; `GET /webhooks/events` lists them.", example: ["run.failed"] }),
        condition: conditionSchema.nullable().default(null).meta({
          description:
            "Over the input that the run would have, as in `input.event.data.run_id`; null for every event of these types.",
        }),
      })
      .meta({
        id: "ScheduleEvent",
        description: "The event stands in the run's input as `event`. No event of a run's own chain starts it again.",
      }),
  ])
  .meta({ id: "ScheduleTrigger" });
export type Trigger = z.output<typeof triggerSchema>;

/** The same instant as the table has it; what is no time is refused elsewhere. */
function inUtc(text: string): string {
  const time = Date.parse(text);
  return Number.isNaN(time) ? text : new Date(time).toISOString();
}

export const inputSchema = z
  .unknown()
  .refine(
    (input) => Buffer.byteLength(JSON.stringify(input) ?? "") <= MOST_INPUT_BYTES,
    `must be at most ${MOST_INPUT_BYTES} bytes of JSON`,
  )
  .meta({ description: "The input of its runs: any JSON; an object where events start them." });

export const missedSchema = z.enum(["skip", "run_once"]).meta({ id: "ScheduleMissed" });
export const overlapSchema = z.enum(["allow", "skip"]).meta({ id: "ScheduleOverlap" });

/** What is stored of a schedule. What its firings change stands in an item of its own. */
export const scheduleSchema = z.object({
  id: idSchema("schedule"),
  organization_id: z.string(),
  name: nameSchema,
  description: descriptionSchema,
  pipeline_id: idSchema("pipeline"),
  trigger: triggerSchema,
  metadata: metadataSchema,
  labels: labelsSchema.meta({ description: "Of its runs." }),
  timeout_seconds: z.int().nullable(),
  budget: budgetInput.nullable().default(null).meta({ description: "Of each of its runs." }),
  missed: missedSchema.meta({ description: "What becomes of a time that was missed by more than five minutes." }),
  overlap: overlapSchema.meta({ description: "Whether it starts a run while the one before still goes on." }),
  status: scheduleStatus,
  paused_reason: pausedReason.nullable(),
  /** What happened before is no concern of it. */
  active_since: z.string(),
  owner_id: ownerIdSchema.meta({
    description:
      "The member for whom its runs act, by the rights that they have then: whoever made, changed or resumed it last. Handed over when they leave.",
  }),
  created_by: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  etag: z.string(),
});
export type Schedule = z.output<typeof scheduleSchema>;

export const firingStatus = z.enum(["fired", "failed", "skipped"]).meta({ id: "ScheduleFiringStatus" });

/** Why nothing was started; beside these, the codes of problems. */
export const skippedReasons = {
  missed: "It was missed, and the schedule skips what was missed.",
  overlap: "The run before still went on.",
  rate_limited: `Events had started ${MOST_PER_MINUTE} runs of it in this minute; further ones are left out.`,
} as const;

/** Why no run was started. */
export const reasonSchema = z.object({ code: z.string(), message: z.string() }).meta({ id: "ScheduleFiringReason" });

export const firingSchema = z
  .object({
    id: idSchema("schedule_firing"),
    schedule_id: idSchema("schedule"),
    kind: z.enum(["cron", "once", "event", "manual"]).meta({ id: "ScheduleFiringKind" }),
    status: firingStatus,
    /** The time that had come, or at which the event happened. */
    due_at: z.string(),
    event_id: idSchema("event").nullable(),
    run_id: idSchema("run").nullable(),
    reason: reasonSchema.nullable(),
    fired_at: z.string(),
  })
  .meta({ id: "ScheduleFiring", description: "One occurrence of a schedule, and what became of it." });

/** What firings change of a schedule. */
export const stateSchema = z.object({
  schedule_id: idSchema("schedule"),
  /** Rises with each firing; who fires has read the last one. */
  version: z.int(),
  next_at: z.string().nullable(),
  consecutive_failures: z.int(),
  last_fired_at: z.string().nullable(),
  last_run_id: idSchema("run").nullable(),
  last_error: reasonSchema.nullable(),
  /** Runs that events have started in this minute. */
  minute: z.string(),
  in_minute: z.int(),
});
export type ScheduleState = z.output<typeof stateSchema>;

export const scheduleSummary = scheduleSchema
  .omit({ etag: true, active_since: true })
  .extend({
    next_at: stateSchema.shape.next_at.meta({ description: "When it comes next; null while no time decides it." }),
    consecutive_failures: stateSchema.shape.consecutive_failures,
    last_fired_at: stateSchema.shape.last_fired_at,
    last_run_id: stateSchema.shape.last_run_id,
    last_error: stateSchema.shape.last_error,
  })
  .meta({ id: "ScheduleSummary", description: "What starts runs of a pipeline by itself." });

export const scheduleView = scheduleSummary.extend({ input: z.unknown() }).meta({
  id: "Schedule",
  description: "What starts runs of a pipeline by itself, with their input.",
});

/** A schedule as the API shows it. */
export const viewOf = (schedule: Schedule, state: ScheduleState) => {
  const { next_at, consecutive_failures, last_fired_at, last_run_id, last_error } = state;
  return { ...schedule, next_at, consecutive_failures, last_fired_at, last_run_id, last_error };
};
