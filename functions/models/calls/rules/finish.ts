/** `max_steps`, `max_cost`: it still asks for tools, and may make no further call. */
export type FinishReason = "stop" | "length" | "max_steps" | "max_cost" | "other";

/** How one call to a provider ended: with an answer, with the refusal of a content filter or of a guardrail, or in failure. */
export type Finish = FinishReason | "refused" | "guarded" | "failed";

/** Words by which servers say that the answer is whole, beside those that the library knows. */
const WHOLE = new Set([
  "stop",
  "eos",
  "eos_token",
  "end",
  "end_turn",
  "stop_sequence",
  "complete",
  "completed",
  "done",
]);
const CUT = new Set(["length", "max_tokens", "max_length", "model_length", "max_output_tokens", "token_limit"]);
const REFUSED = new Set(["content_filter", "content-filter", "safety", "refusal", "sensitive", "moderation"]);
const TOOLS = new Set(["tool_calls", "tool_call", "tool_use", "function_call"]);

/**
 * What a finish reason means. The library says `other` for every word that it does not know, also for those of a gateway
 * whose provider has died (`error`, `network_error`, `insufficient_system_resource`, …): half an answer must not pass for
 * one, so an unknown word is a failure that is worth another attempt. No word at all says nothing.
 * @param unified the library's word
 * @param raw the provider's own word
 */
export function finishOf(unified: string, raw: string | undefined): Finish {
  const word = raw?.trim().toLowerCase() ?? "";
  switch (unified) {
    case "stop":
      return "stop";
    case "length":
      return "length";
    case "tool-calls":
      return "max_steps"; // a call that still asks for tools is only the last one at the limit
    case "content-filter":
      return word === "guardrail_intervened" ? "guarded" : "refused";
    case "error":
      return "failed";
    default:
      if (word === "") return "other";
      if (WHOLE.has(word)) return "stop";
      if (CUT.has(word)) return "length";
      if (TOOLS.has(word)) return "max_steps";
      return REFUSED.has(word) ? "refused" : "failed";
  }
}
