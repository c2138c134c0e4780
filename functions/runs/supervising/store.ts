import * as z from "zod";
import { blobSchema } from "../../../shared/blobs/blobs.ts";
import { defineItem, type ItemOf } from "../../../shared/dynamo/item.ts";
import { idSchema } from "../../../shared/ids.ts";
import { innerCallSchema } from "../../../shared/tracing/inner.ts";

export const runRoundItem = defineItem({
  type: "run_round",
  summary: "What a supervisor has delegated in a round, and why; beyond 16 KB in the bucket.",
  schema: z.object({
    run_id: idSchema("run"),
    node_id: z.string(),
    attempt: z.int(),
    round: z.int(),
    reason: z.string(),
    delegations: blobSchema,
    /** What was called for the decision, for the spans of the step. */
    calls: z.array(innerCallSchema).default([]),
    expires_at: z.string(),
  }),
  key: { pk: "RUN#{run_id}", sk: "ROUND#{node_id}#{attempt}#{round}" },
  json: ["calls"],
  expires: "expires_at",
});
export type StoredRound = ItemOf<typeof runRoundItem>;

/** The tasks of a round as they are kept. Those with a worker are runs, numbered through all rounds. */
export const delegationsSchema = z.array(
  z.object({
    task: z.string(),
    worker: z.object({ name: z.string(), agent_id: z.string(), version: z.int() }).nullable(),
  }),
);
