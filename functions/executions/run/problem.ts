import { Problem } from "../../../shared/errors.ts";
import { unknownModel } from "../../models/public.ts";
import type { AgentRunError } from "./agent.ts";

/** A model's failure as an answer of the API: whose fault it is decides the status. */
export function problemOf(error: AgentRunError, model: string): Problem {
  if (error.refusal !== undefined) return error.refusal;
  const members = { reason: error.code };
  const seconds = Math.ceil((error.retry_after_ms ?? 0) / 1_000);
  const headers = seconds > 0 ? { "retry-after": String(seconds) } : {};
  switch (error.code) {
    case "unknown_model":
      return unknownModel(model);
    case "prompt_unavailable":
      return new Problem(error.retryable ? "tool_server_failed" : "validation_failed", error.message, {
        members,
        ...(error.retryable ? {} : { issues: [{ path: "prompt", message: error.message }] }),
      });
    case "retrieval_not_ready":
      return new Problem("conflict", error.message, {
        members: { ...members, state: error.code },
        headers,
      });
    case "provider_key_missing":
    case "retrieval_model_missing":
      return new Problem("provider_not_configured", error.message, { members });
    case "model_timeout":
      return new Problem("provider_timeout", error.message, { members, headers });
    case "provider_unavailable":
      return new Problem("provider_unavailable", error.message, { members, headers });
    case "model_rate_limited":
      return new Problem("rate_limited", error.message, {
        members,
        headers: { "retry-after": String(Math.max(1, seconds)) },
      });
    case "context_too_long":
      return new Problem("validation_failed", error.message, {
        members,
        issues: [{ path: "message", message: "is too long for the model, with the history and the agent's prompt" }],
      });
    default:
      return new Problem("provider_failed", error.message, { members, headers });
  }
}
