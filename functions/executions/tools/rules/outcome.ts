import type { OutboundErrorCode } from "../../../../shared/outbound/errors.ts";
import { cutText } from "../../../../shared/text.ts";

/** Everything a tool call can fail with, and what the model is told. */
export const toolErrors = {
  tool_not_found: "There is no such tool.",
  tool_not_allowed: "This tool may not be called.",
  tool_arguments_invalid: "The arguments do not match the tool's parameters.",
  tool_expression_failed: "The tool's expression could not be evaluated.",
  tool_timeout: "The tool did not answer in time.",
  tool_unavailable: "The tool's server cannot be reached.",
  tool_address_blocked: "The tool's address may not be called.",
  tool_unauthorized: "The tool's server does not accept the stored credentials.",
  tool_rejected: "The tool's server rejected the call.",
  tool_error: "The tool reported an error.",
  tool_output_too_large: "The tool's answer is too large.",
  tool_output_invalid: "The tool's answer could not be understood.",
  resource_not_text: "The resource is no text.",
  resource_limit: "The agent's resources are more, all together, than it is given.",
  tool_schema_invalid: "The tool's parameters are no schema that a model can be given.",
  tool_changed: "Its server describes it otherwise than when it was accepted. Look at the change and accept it.",
  tool_name_taken: "Another tool of the agent has this name.",
  tool_secret_unavailable: "A stored credential of the tool could not be opened.",
  cancelled: "The call was cancelled.",
} as const;

export type ToolErrorCode = keyof typeof toolErrors;

/** What a tool call came to. `message` may be shown to the model and to people of the tool's organization. */
export type ToolResult = { ok: true; output: unknown } | { ok: false; code: ToolErrorCode; message: string };

export type ToolFailure = Extract<ToolResult, { ok: false }>;

export const toolFailure = (code: ToolErrorCode, detail?: string): ToolFailure => ({
  ok: false,
  code,
  message: detail === undefined || detail === "" ? toolErrors[code] : `${toolErrors[code]} ${detail}`,
});

/** A failure of the guarded client, as a tool's. */
export const outboundFailure = (code: OutboundErrorCode): ToolFailure => {
  switch (code) {
    case "timeout":
      return toolFailure("tool_timeout");
    case "aborted":
      return toolFailure("cancelled");
    case "too_large":
      return toolFailure("tool_output_too_large");
    case "protocol_error":
      return toolFailure("tool_output_invalid");
    case "dns_failed":
    case "connect_failed":
    case "tls_failed":
    case "connection_closed":
      return toolFailure("tool_unavailable");
    case "request_too_large":
    case "invalid_request":
      return toolFailure("tool_arguments_invalid");
    default:
      return toolFailure("tool_address_blocked");
  }
};

/** A failing HTTP status as a tool's failure; the server's own words help the model to correct itself, cut short. */
export const statusFailure = (status: number, text: string): ToolFailure => {
  const detail = `It answered with status ${status}. ${cutText(text, 1_000)}`.trim();
  if (status === 401 || status === 403) return toolFailure("tool_unauthorized", `It answered with status ${status}.`);
  if (status === 408 || status === 504) return toolFailure("tool_timeout", detail);
  return toolFailure(status === 429 || status >= 500 ? "tool_unavailable" : "tool_rejected", detail);
};
