import * as z from "zod";
import { cutText } from "../text.ts";

/** Where a request went. */
export const sentRequestSchema = z.object({
  method: z.string(),
  address: z.string(),
  /** Nothing where there was no answer. */
  status: z.int().optional(),
});
export type SentRequest = z.output<typeof sentRequestSchema>;

const MOST_NAME_CHARACTERS = 200;

/**
 * What a provider calls the model that answered. A foreign text without any bound, which is kept within an item that has one: its
 * beginning, and undefined where that is no name.
 */
export function responseModel(told: string | undefined): string | undefined {
  const name = cutText(told ?? "", MOST_NAME_CHARACTERS);
  return /^[\x20-\x7e]+$/.test(name) ? name : undefined;
}

/** One call within the work of a span: to a model, or of a tool. Nothing of what was asked and answered is in it. */
export const innerCallSchema = z.object({
  /** Counted from 1, in the order in which they began. */
  number: z.int(),
  /** Calls that were kept before they had one have one by their number. */
  span_id: z.string().optional(),
  operation: z.enum(["chat", "execute_tool"]),
  /** Of the model, as the provider calls it, or of the tool. */
  name: z.string(),
  /** As the client calls it; undefined of tools. */
  provider: z.string().optional(),
  started_at: z.string(),
  finished_at: z.string(),
  sent: sentRequestSchema.optional(),
  response_model: z.string().max(MOST_NAME_CHARACTERS).optional(),
  usage: z
    .object({
      tokens_in: z.int(),
      tokens_out: z.int(),
      tokens_cache_read: z.int().optional(),
      tokens_cache_write: z.int().optional(),
    })
    .optional(),
  /** Why it failed, as a code. */
  error: z.string().optional(),
});
export type InnerCall = z.output<typeof innerCallSchema>;
