/** Everything that can go wrong with an outbound call. Closed list: each has one public sentence below. */
export const outboundErrorMessages = {
  invalid_url: "The address is not a valid absolute URL.",
  blocked_scheme: "Only https addresses may be called.",
  credentials_in_url: "The address must not contain a user name or password.",
  blocked_port: "This port may not be called.",
  blocked_host: "This host name may not be called.",
  blocked_address: "This host does not resolve to a public address.",
  invalid_request: "The request cannot be sent: its method, headers or body are not acceptable.",
  request_too_large: "The request is larger than the allowed size.",
  dns_failed: "The host name could not be resolved.",
  connect_failed: "No connection could be made to the host.",
  tls_failed: "No trusted TLS connection could be made to the host.",
  timeout: "The host did not answer in time.",
  connection_closed: "The host closed the connection before its answer was complete.",
  too_large: "The answer is larger than the allowed size.",
  protocol_error: "The host did not answer with valid HTTP.",
  aborted: "The request was cancelled.",
} as const;

export type OutboundErrorCode = keyof typeof outboundErrorMessages;

/** Trying the same call again later can help with these. A blocked or malformed request stays blocked. */
const transient: ReadonlySet<OutboundErrorCode> = new Set([
  "dns_failed",
  "connect_failed",
  "tls_failed",
  "timeout",
  "connection_closed",
  "protocol_error",
]);

/** What a caller gets: a closed code and a public sentence, which never holds an address, a header or text of the other side. */
export type OutboundFailure = { code: OutboundErrorCode; message: string; retryable: boolean };

/**
 * The failure as an exception, thrown by `outbound.fetch` and by its body stream. `message` is public; `cause` holds the
 * original error, may name internal addresses, and belongs in logs at most.
 */
export class OutboundError extends Error {
  readonly code: OutboundErrorCode;

  constructor(code: OutboundErrorCode, cause?: unknown) {
    super(outboundErrorMessages[code], cause === undefined ? undefined : { cause });
    this.name = "OutboundError";
    this.code = code;
  }

  get failure(): OutboundFailure {
    return { code: this.code, message: this.message, retryable: transient.has(this.code) };
  }
}

const byCode: Readonly<Record<string, OutboundErrorCode>> = {
  ENOTFOUND: "dns_failed",
  ENODATA: "dns_failed",
  EAI_AGAIN: "dns_failed",
  EAI_FAIL: "dns_failed",
  EAI_NODATA: "dns_failed",
  ESERVFAIL: "dns_failed",
  ECONNREFUSED: "connect_failed",
  EHOSTUNREACH: "connect_failed",
  ENETUNREACH: "connect_failed",
  EHOSTDOWN: "connect_failed",
  EADDRNOTAVAIL: "connect_failed",
  EACCES: "connect_failed",
  EPERM: "connect_failed",
  ETIMEDOUT: "timeout",
  UND_ERR_CONNECT_TIMEOUT: "timeout",
  UND_ERR_HEADERS_TIMEOUT: "timeout",
  UND_ERR_BODY_TIMEOUT: "timeout",
  ECONNRESET: "connection_closed",
  EPIPE: "connection_closed",
  UND_ERR_SOCKET: "connection_closed",
  UND_ERR_ABORTED: "aborted",
  UND_ERR_INVALID_ARG: "invalid_request",
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: "invalid_request",
  UND_ERR_NOT_SUPPORTED: "invalid_request",
  EPROTO: "tls_failed",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "tls_failed",
  UNABLE_TO_GET_ISSUER_CERT: "tls_failed",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "tls_failed",
  DEPTH_ZERO_SELF_SIGNED_CERT: "tls_failed",
  SELF_SIGNED_CERT_IN_CHAIN: "tls_failed",
};

const codeOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "string" ? error.code : "";

const classify = (error: unknown): OutboundErrorCode => {
  const code = codeOf(error);
  const known = byCode[code];
  if (known !== undefined) return known;
  if (code.startsWith("ERR_TLS_") || code.startsWith("ERR_SSL_") || code.startsWith("CERT_")) return "tls_failed";
  if (error instanceof DOMException && error.name === "AbortError") return "aborted";
  if (error instanceof DOMException && error.name === "TimeoutError") return "timeout";
  // Several addresses tried, none reached: node reports an AggregateError.
  if (error instanceof AggregateError && error.errors[0] !== undefined) return classify(error.errors[0]);
  return "protocol_error"; // HPE_* of the parser, header overflow, broken content encoding
};

/** Any thrown value as an OutboundError; one that already is (also as a cause) stays what it is. */
export const toOutboundError = (error: unknown): OutboundError => {
  if (error instanceof OutboundError) return error;
  if (error instanceof Error && error.cause instanceof OutboundError) return error.cause;
  return new OutboundError(classify(error), error);
};
