import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { decimalInteger } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";
import { runResource } from "../resources.ts";

const run = z.object({ run_id: idSchema("run") });

/** Where in a run's log somebody goes on. */
export const after = decimalInteger({ min: 0 })
  .default(0)
  .meta({ description: "Only what comes after this sequence number." });

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
