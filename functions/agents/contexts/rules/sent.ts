import * as z from "zod";
import { nameSchema } from "../../../../shared/http/schemas.ts";
import { agentLimits } from "../../model.ts";

/** How contexts are sent whose content needs no upload. */

export const contextText = z
  .string()
  .min(1)
  .refine((value) => Buffer.byteLength(value) <= agentLimits.text_context_bytes, {
    message: `must have at most ${agentLimits.text_context_bytes} bytes`,
  });
export const contextUrl = z.string().min(1).max(2_048);

export const contextCommon = { name: nameSchema, is_active: z.boolean().default(true) };

export const textContext = z.strictObject({ ...contextCommon, content_type: z.literal("text"), content: contextText });
export const urlContext = z.strictObject({ ...contextCommon, content_type: z.literal("url"), url: contextUrl });
