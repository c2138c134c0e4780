import * as z from "zod";
import { versionFiles } from "../../../shared/blobs/purposes.ts";
import { defineItem, type ItemOf } from "../../../shared/dynamo/item.ts";
import { idSchema } from "../../../shared/ids.ts";
import { indexStatusSchema, lackSchema } from "./model.ts";
import { indexFile } from "./rules/needed.ts";

/**
 * How far the index of one text of an agent is. Its file lies beside the text's and has a name by both contents, so it never
 * changes once it is whole, serves every version that has the text, and goes with the agent.
 */
export const textIndexItem = defineItem({
  type: "agent_index",
  summary: "How far a text of an agent's contexts is indexed for being searched, by the model that it is indexed with.",
  schema: z.object({
    agent_id: idSchema("agent"),
    /** SHA-256 of the text. */
    text: z.string(),
    index: z.string(),
    model_id: z.string(),
    /** The context for which it was made: one that has changed takes over what has stayed the same. */
    context_id: idSchema("agent_context"),
    status: indexStatusSchema,
    /** Pieces of the text, and those that have been indexed. */
    chunks: z.int(),
    done: z.int(),
    error: lackSchema.nullable(),
    /** Who works at it; nobody else does until then. */
    claim: z.string(),
    claimed_until: z.string(),
    updated_at: z.string(),
  }),
  key: { pk: "AGENT_INDEXES#{agent_id}", sk: "{index}#{text}" },
});
export type StoredIndex = ItemOf<typeof textIndexItem>;

export const indexKey = (tenant: string, { agent_id, text, index }: Pick<StoredIndex, "agent_id" | "text" | "index">) =>
  `${versionFiles(tenant, agent_id)}${indexFile(text, index)}`;
