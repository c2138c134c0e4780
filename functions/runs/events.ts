import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";
import {
  denialSchema,
  endStatuses,
  failureSchema,
  runKindSchema,
  runModeSchema,
  totalsSchema,
  waitsForSchema,
} from "./model.ts";

const run = z.object({
  run_id: z.string(),
  kind: runKindSchema,
  mode: runModeSchema,
  /** The pipeline or the agent. */
  target_id: z.string(),
  /** The run that it is within; its totals are part of that one's. */
  parent_run_id: z.string().nullable(),
});
const ended = run.extend({ totals: totalsSchema });

export const runEvents = defineEvents({
  "run.started": {
    summary: "A run was accepted and starts.",
    resource: "run",
    data: run.extend({
      timeout_seconds: z.number().int(),
      deadline_at: z.string(),
    }),
  },
  "run.step_completed": {
    summary: "A step of a run completed or failed; skipped steps are not told.",
    resource: "run",
    audited: false,
    data: run.extend({
      node_id: z.string(),
      attempt: z.number().int(),
      step_kind: z.string(),
      status: z.enum(["completed", "failed"]),
      error: failureSchema.nullable(),
    }),
  },
  "run.waiting": {
    summary: "A step of a run waits for a time, a decision or runs of its own.",
    resource: "run",
    audited: false,
    data: run.extend({
      node_id: z.string(),
      attempt: z.number().int(),
      step_kind: z.string(),
      waits_for: waitsForSchema,
      wait_until: z.string().nullable(),
    }),
  },
  "run.returned": {
    summary: "A run within this one has ended; the step that waits for it looks at it.",
    resource: "run",
    audited: false,
    data: z.object({
      run_id: z.string(),
      node_id: z.string(),
      attempt: z.int(),
      index: z.int(),
      child_run_id: z.string(),
      status: z.enum(endStatuses),
    }),
  },
  "run.completed": { summary: "A run reached its end.", resource: "run", data: ended },
  "run.failed": {
    summary: "A step's failure ended a run.",
    resource: "run",
    outcome: "failed",
    data: ended.extend({ error: failureSchema, node_id: z.string().nullable() }),
  },
  "run.stopped": {
    summary: "Somebody stopped a run, or its next step was denied: then `reason` says why.",
    resource: "run",
    data: ended.extend({ reason: denialSchema.nullable() }),
  },
  "run.timed_out": { summary: "A run took longer than it may.", resource: "run", outcome: "timed_out", data: ended },
  "run.updated": {
    summary: "The labels of a run were changed.",
    resource: "run",
    data: run.extend({ changed_fields: z.array(z.string()) }),
  },
  "run.deleted": { summary: "A run was deleted with its steps and logs.", resource: "run", data: run },
});
