import * as z from "zod";
import type { AgentRunResult } from "../../executions/public.ts";

/** The data plane's own protocol. Pure. */

const LONGEST = 1_000_000;

export const invokeRequest = z.strictObject({
  input: z.string().min(1).max(LONGEST),
  history: z
    .array(z.strictObject({ role: z.enum(["user", "assistant"]), content: z.string().max(LONGEST) }))
    .max(2_000)
    .default([]),
  variables: z.record(z.string().max(120), z.string().max(100_000)).default({}),
  /** Answers as server-sent events while it is made. */
  stream: z.boolean().default(false),
});

/** Which call it is, and what answers it. */
export interface Of {
  readonly id: string;
  readonly agent_id: string;
  readonly deployment_id: string;
  readonly version: number;
}

/** An answer. What it has cost is told to whoever deployed. */
export const answered = (of: Of, result: Extract<AgentRunResult, { readonly ok: true }>) => ({
  ...of,
  output: result.content,
  ...("object" in result ? { object: result.object } : {}),
  model: result.model,
  finish_reason: result.finish_reason,
  usage: { ...result.usage, tokens_total: result.usage.tokens_in + result.usage.tokens_out },
});
