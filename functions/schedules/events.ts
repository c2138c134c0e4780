import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";
import { firingSchema, pausedReason, reasonSchema } from "./model.ts";

const schedule = z.object({ schedule_id: z.string(), name: z.string(), pipeline_id: z.string() });
const firing = schedule.extend({
  firing_id: z.string(),
  kind: firingSchema.shape.kind,
  due_at: z.string(),
  event_id: z.string().nullable(),
});

export const scheduleEvents = defineEvents({
  "schedule.created": { summary: "A schedule was created.", resource: "schedule", data: schedule },
  "schedule.updated": {
    summary: "A schedule was changed.",
    resource: "schedule",
    data: schedule.extend({ changed_fields: z.array(z.string()) }),
  },
  "schedule.deleted": { summary: "A schedule was deleted.", resource: "schedule", data: schedule },
  "schedule.paused": {
    summary: "A schedule starts no run any more: somebody paused it, or it failed too often in a row.",
    resource: "schedule",
    data: schedule.extend({ reason: pausedReason, consecutive_failures: z.int() }),
  },
  "schedule.resumed": { summary: "A schedule starts runs again.", resource: "schedule", data: schedule },
  "schedule.fired": {
    summary: "A schedule started a run.",
    resource: "schedule",
    data: firing.extend({ run_id: z.string() }),
  },
  "schedule.skipped": {
    summary: "A time or an event of a schedule starts no run, as the schedule says, and why.",
    resource: "schedule",
    outcome: "cancelled",
    data: firing.extend({ reason: reasonSchema }),
  },
  "schedule.failed": {
    summary: "A schedule could not start a run, and why.",
    resource: "schedule",
    outcome: "failed",
    data: firing.extend({
      reason: reasonSchema,
      consecutive_failures: z.int(),
    }),
  },
});
