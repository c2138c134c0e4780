import * as z from "zod";
import { blobSchema } from "../../../shared/blobs/blobs.ts";
import { runDays } from "../../../shared/blobs/purposes.ts";
import { defineDue } from "../../../shared/due/due.ts";
import { defineItem, type ItemOf } from "../../../shared/dynamo/item.ts";
import { threadSchema, turnSchema } from "./model.ts";

export const threadItem = defineItem({
  type: "agent_thread",
  summary: "A conversation of one person with an agent, and who is just answering in it.",
  schema: threadSchema.extend({
    organization_id: z.string(),
    /** Whose it is: the principal, as `user:usr_…`. */
    owner_key: z.string(),
    /** Days for which each turn is kept, as the organization had set when it began; its files lie under them. */
    kept_days: z.literal(runDays),
    /** The execution that answers the next message, and until when it may take. */
    working: z.string().optional(),
    working_until: z.string().optional(),
    etag: z.string(),
  }),
  key: { pk: "AGENT_THREAD#{id}", sk: "THREAD" },
  indexes: {
    gsi1: { pk: "THREADS_OF#{owner_key}", sk: "{agent_id}#{id}" },
    gsi2: { pk: "THREADS_WITH#{agent_id}", sk: "{id}" },
  },
  expires: "expires_at",
});
export type StoredThread = ItemOf<typeof threadItem>;

export const threadTurnItem = defineItem({
  type: "agent_thread_turn",
  summary: "A message of a conversation with its answer.",
  schema: turnSchema.extend({ thread_id: z.string(), message: blobSchema, answer: blobSchema }),
  key: { pk: "AGENT_THREAD#{thread_id}", sk: "TURN#{number}" },
  expires: "expires_at",
});
export type StoredTurn = ItemOf<typeof threadTurnItem>;

/** When what is left of a deleted thread is erased: its turns and files may be more than a transaction takes. */
export const threadErasure = defineDue("thread_erasure");
