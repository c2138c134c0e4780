import * as z from "zod";
import { defineItem, type ItemOf } from "../../../shared/dynamo/item.ts";
import { idSchema } from "../../../shared/ids.ts";

/** A lane in which nobody was for so long has no turn to remember; no run takes as long. */
export const LANE_DAYS = 400;

export const runLaneItem = defineItem({
  type: "run_lane",
  summary:
    "How many runs of a pipeline or an agent wait for a place, how many hold one of the pipeline's own, and when it last had its turn.",
  schema: z.object({
    target_id: z.string(),
    running: z.int(),
    waiting: z.int(),
    turn: z.int(),
    expires_at: z.string(),
  }),
  key: { pk: "RUN_LANES", sk: "{target_id}" },
  expires: "expires_at",
});
export type StoredLane = ItemOf<typeof runLaneItem>;

/** By age: ids of runs are in the order of time. */
export const runQueueItem = defineItem({
  type: "run_queue",
  summary: "A run that waits for a place, from the transaction that accepts it to the one that lets it in or ends it.",
  schema: z.object({ target_id: z.string(), run_id: idSchema("run"), expires_at: z.string() }),
  key: { pk: "RUN_QUEUE#{target_id}", sk: "{run_id}" },
  expires: "expires_at",
});
