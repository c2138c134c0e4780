import { Problem } from "../../../../shared/errors.ts";
import { OutboundError } from "../../../../shared/outbound/errors.ts";
import { retryAfterMs } from "../../../../shared/outbound/retry-after.ts";
import { cutText } from "../../../../shared/text.ts";

/** Everything a model call can fail with: one public sentence each, and whether the engine may try the same call again. */
export const modelErrors = {
  model_unavailable: { retryable: true, message: "The model's provider is not available." },
  provider_unavailable: {
    retryable: true,
    message: "Calls to the model's provider have just failed several times; it is left alone for a while.",
  },
  model_not_found: { retryable: false, message: "The provider does not offer this model to this account." },
  model_rate_limited: { retryable: true, message: "The provider limits the rate of calls." },
  model_timeout: { retryable: true, message: "The model did not answer in time." },
  model_refused: { retryable: false, message: "The provider's content filter refused the request or the answer." },
  guardrail_intervened: { retryable: false, message: "The agent's guardrail stopped the request or the answer." },
  guardrail_unsupported: {
    retryable: false,
    message: "The agent has a guardrail of Amazon Bedrock, and this model is served elsewhere.",
  },
  model_request_invalid: { retryable: false, message: "The provider does not accept the request for this model." },
  model_answer_invalid: { retryable: true, message: "The provider's answer could not be understood." },
  response_schema_mismatch: { retryable: true, message: "The answer does not match the response schema." },
  context_too_long: { retryable: false, message: "The conversation is longer than the model's context window." },
  provider_key_missing: { retryable: false, message: "No key is stored for the model's provider." },
  provider_key_invalid: {
    retryable: false,
    message: "The provider does not accept the stored key, or it lacks the permission.",
  },
  provider_quota_exceeded: { retryable: false, message: "The account at the provider has no credit or quota left." },
  provider_address_blocked: { retryable: false, message: "The provider's address may not be called." },
  quota_exceeded: { retryable: false, message: "The tokens of the plan's month are used up or reserved." },
  budget_exceeded: { retryable: false, message: "The run's budget does not hold the call." },
  budget_reserved: { retryable: true, message: "What is left of the run's budget is reserved by other calls." },
  cancelled: { retryable: false, message: "The call was cancelled." },
} as const;

export type ModelErrorCode = keyof typeof modelErrors;

/** A failure that is known without a call: the one that the same call met before. */
export class KnownFailure extends Error {
  readonly failure: ModelError;
  constructor(failure: ModelError) {
    super(failure.message);
    this.failure = failure;
  }
}
const isKnown = (error: unknown): error is KnownFailure => error instanceof KnownFailure;

/** A failed call. `message` is public; nothing that the provider wrote is in it. */
export type ModelError = {
  code: ModelErrorCode;
  message: string;
  retryable: boolean;
  retry_after_ms?: number;
  /** Of `quota_exceeded`: the refusal as the API tells it, with the limit and the usage. */
  refusal?: Problem;
};

export const modelError = (code: ModelErrorCode, retryAfterMs?: number): ModelError => ({
  code,
  message: modelErrors[code].message,
  retryable: modelErrors[code].retryable,
  ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }),
});

/** The library's error for an answer with a failing status, known by its name so that the library need not be loaded here. */
type CallFailure = Error & {
  statusCode?: number;
  responseHeaders?: Record<string, string>;
  responseBody?: string;
};

const isCallFailure = (error: unknown): error is CallFailure =>
  error instanceof Error && error.name === "AI_APICallError";
const isMissingKey = (error: unknown): error is Error => error instanceof Error && error.name === "AI_LoadAPIKeyError";

/** Words by which providers say in a 400 what they have no status for. Read, never shown. */
const tooLong =
  /context[_ ]length|context window|maximum context|too many (input )?tokens|too long|token count .*exceeds|exceeds? the (maximum|limit).*token|input is too long/i;
const refused = /content[_ ]?filter|content management policy|responsible ?ai|safety|blocked by guardrail/i;
const noCredit = /insufficient_quota|credit balance|exceeded your current quota|billing|payment/i;
const badKey = /api[_ ]key|invalid x-api-key|security token|credential/i;

const byStatus = (error: Partial<CallFailure>, nowMs: number): ModelError => {
  const status = error.statusCode ?? 0;
  const text = `${error.message ?? ""} ${cutText(error.responseBody ?? "", 4_000)}`;
  const wait = retryAfterMs(error.responseHeaders, nowMs);
  if (status === 429)
    return noCredit.test(text) ? modelError("provider_quota_exceeded") : modelError("model_rate_limited", wait);
  if (status === 401 || status === 403) return modelError("provider_key_invalid");
  if (status === 402) return modelError("provider_quota_exceeded");
  if (status === 404) return modelError("model_not_found");
  if (status === 408 || status === 504) return modelError("model_timeout", wait);
  if (status === 413) return modelError("context_too_long");
  if (status >= 500 || status === 409 || status === 424) return modelError("model_unavailable", wait);
  if (status >= 400) {
    if (tooLong.test(text)) return modelError("context_too_long");
    if (refused.test(text)) return modelError("model_refused");
    if (noCredit.test(text)) return modelError("provider_quota_exceeded");
    return modelError(badKey.test(text) ? "provider_key_invalid" : "model_request_invalid");
  }
  // A redirect is not followed; a 2xx that is an error has a body that nobody understands.
  return modelError(status >= 300 ? "model_unavailable" : "model_answer_invalid");
};

const byOutbound = ({ code }: OutboundError): ModelError => {
  switch (code) {
    case "timeout":
      return modelError("model_timeout");
    case "aborted":
      return modelError("cancelled");
    case "invalid_url":
    case "blocked_scheme":
    case "blocked_port":
    case "blocked_host":
    case "blocked_address":
    case "credentials_in_url":
      return modelError("provider_address_blocked");
    case "request_too_large":
      return modelError("context_too_long");
    case "invalid_request":
      return modelError("model_request_invalid");
    case "too_large":
    case "protocol_error":
      return modelError("model_answer_invalid");
    default:
      return modelError("model_unavailable");
  }
};

/** The first error in a chain of causes that says what happened. */
const find = <T>(error: unknown, is: (candidate: unknown) => candidate is T): T | undefined => {
  for (let current = error, depth = 0; depth < 5 && current !== undefined; depth += 1) {
    if (is(current)) return current;
    current = current instanceof Error ? current.cause : undefined;
  }
  return undefined;
};

const isOutbound = (error: unknown): error is OutboundError => error instanceof OutboundError;

/** A provider's error event inside a stream, as a plain object or text: told by its words only. */
const byStreamEvent = (error: unknown, nowMs: number): ModelError => {
  const text = typeof error === "string" ? error : (JSON.stringify(error) ?? "");
  if (/overloaded|unavailable|internal/i.test(text)) return modelError("model_unavailable");
  if (/rate.?limit|throttl/i.test(text)) return modelError("model_rate_limited");
  return byStatus({ message: cutText(text, 4_000), statusCode: 400 }, nowMs);
};

/** A call that was not made because whoever pays for it has no room: with the reason, for people. */
export class CallRefused extends Error {
  readonly code: "budget_exceeded" | "budget_reserved";
  constructor({ code, message }: Pick<CallRefused, "code" | "message">) {
    super(message);
    this.code = code;
  }
}
const isCallRefused = (error: unknown): error is CallRefused => error instanceof CallRefused;

const isRefusal = (error: unknown): error is Problem => error instanceof Problem && error.code === "quota_exceeded";

/** Any thrown value of the model library as one of ours. */
export const toModelError = (error: unknown, nowMs: number): ModelError => {
  const known = find(error, isKnown);
  if (known !== undefined) return known.failure;
  const refusal = find(error, isRefusal);
  if (refusal !== undefined) return { ...modelError("quota_exceeded"), message: refusal.detail, refusal };
  const unpaid = find(error, isCallRefused);
  if (unpaid !== undefined) return { ...modelError(unpaid.code), message: unpaid.message };
  const outbound = find(error, isOutbound);
  if (outbound !== undefined) return byOutbound(outbound);
  if (find(error, isMissingKey) !== undefined) return modelError("provider_key_missing");
  const call = find(error, isCallFailure);
  if (call !== undefined) {
    // Without a status there was no answer: the connection failed below HTTP.
    return call.statusCode === undefined ? modelError("model_unavailable") : byStatus(call, nowMs);
  }
  if (error instanceof TypeError) return modelError("model_unavailable"); // the runtime's own fetch (Bedrock)
  if (error instanceof Error) return modelError("model_answer_invalid");
  return byStreamEvent(error, nowMs);
};
