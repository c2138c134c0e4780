import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { decimalInteger, pageOf, pageQuery } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";
import { logView, stepView } from "../model.ts";
import { runResource, stepResource } from "../store.ts";

const run = z.object({ run_id: idSchema("run") });

const after = decimalInteger({ min: 0 })
  .default(0)
  .meta({ description: "Only what comes after this sequence number." });

export const readingOperations = {
  listSteps: operation({
    id: "runs.list_steps",
    method: "GET",
    path: "/runs/{run_id}/steps",
    summary: "List the steps of a run",
    description: "One item for each attempt, by node. Steps that have not begun are not listed.",
    permission: "runs:read",
    resource: runResource,
    request: { path: run, query: z.strictObject({ ...pageQuery, node_id: z.string().min(1).max(64).optional() }) },
    response: pageOf(stepView),
    success: 200,
    served_by: "reads",
    errors: [],
  }),
  getStep: operation({
    id: "runs.get_step",
    method: "GET",
    path: "/runs/{run_id}/steps/{node_id}/{attempt}",
    summary: "Read one attempt of a step with its whole output",
    permission: "runs:read",
    resource: stepResource,
    request: {
      path: run.extend({ node_id: z.string().min(1).max(64), attempt: decimalInteger({ min: 1, max: 999 }) }),
    },
    response: stepView,
    success: 200,
    served_by: "reads",
    errors: [],
  }),
  listLogs: operation({
    id: "runs.list_logs",
    method: "GET",
    path: "/runs/{run_id}/logs",
    summary: "List what happened in a run, in order",
    description:
      "Numbered without gaps. To follow a run, ask again with `after` set to the last sequence that you have; `/events` is the same as a stream.",
    permission: "runs:read",
    resource: runResource,
    request: { path: run, query: z.strictObject({ ...pageQuery, after }) },
    response: pageOf(logView),
    success: 200,
    served_by: "reads",
    errors: [],
  }),
} as const;

/** What streams through a function URL. */
export const streamOperations = {
  events: operation({
    id: "runs.events",
    method: "GET",
    path: "/runs/{run_id}/events",
    summary: "Follow a run as server-sent events",
    description:
      "Each event is an entry of the run's log; its id is the entry's sequence. The stream ends with the run, and after 45 seconds with the event `reconnect`: resume with the last id as `Last-Event-ID` or `after`, as an EventSource does by itself. Answers 204 when the run has ended and nothing is left to tell. A plan bounds how many streams an organization has open.",
    permission: "runs:read",
    resource: runResource,
    request: { path: run, query: z.strictObject({ after }) },
    response: "events",
    success: 200,
    errors: ["quota_exceeded"],
  }),
} as const;
