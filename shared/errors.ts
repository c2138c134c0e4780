/** What one error code means: its HTTP status, its title, and what the caller can do. `docs/errors.md` is written from this. */
interface ErrorDefinition {
  readonly status: number;
  readonly title: string;
  readonly remedy: string;
}

/** The closed list of error codes. A problem answer carries exactly one of them. */
export const errorCodes = {
  malformed_json: { status: 400, title: "The body is not valid JSON", remedy: "Send one JSON document in UTF-8." },
  unauthenticated: {
    status: 401,
    title: "Authentication is required",
    remedy: "Sign in again and send `Authorization: Bearer <access token>`.",
  },
  invalid_credentials: {
    status: 401,
    title: "The e-mail or the password is wrong",
    remedy: "Check both, or reset the password.",
  },
  invalid_refresh_token: {
    status: 401,
    title: "The refresh token is not valid",
    remedy: "Sign in again. A refresh token works once; use the one from the newest answer.",
  },
  quota_exceeded: {
    status: 402,
    title: "The plan's limit is reached",
    remedy: "The answer names the limit and the usage. Remove something or change the plan.",
  },
  forbidden: {
    status: 403,
    title: "Your role does not permit this",
    remedy: "The answer names the missing permission. Ask an administrator of the organization.",
  },
  key_not_accepted: {
    status: 403,
    title: "API keys do not do this",
    remedy: "Sign in as a person, or call it as whoever the operation is for.",
  },
  key_confined: {
    status: 403,
    title: "The API key is confined to a part of the organization",
    remedy:
      "`workspace_ids` and `environments` say to which. Use a key that may more, or ask its owner to widen this one. Where you make or move something, name workspaces of the key.",
  },
  policy_denied: {
    status: 403,
    title: "A policy of the organization denies this",
    remedy: "`policy` and `conditions` say which one and why. Ask whoever looks after the organization's policies.",
  },
  registration_closed: {
    status: 403,
    title: "Registration is not open to this address",
    remedy: "The answer says to whom it is open. Ask an administrator for an invitation.",
  },
  membership_inactive: {
    status: 403,
    title: "No active membership in this organization",
    remedy: "Choose an organization you belong to with the `Organization-Id` header.",
  },
  organization_suspended: {
    status: 403,
    title: "The organization is suspended",
    remedy: "Ask the organization's owner or the platform's operator.",
  },
  address_not_allowed: {
    status: 403,
    title: "The organization does not take requests from this address",
    remedy: "Come from one of the organization's networks, or ask its administrator to allow this one.",
  },
  sign_in_method_not_allowed: {
    status: 403,
    title: "The organization does not take this way of signing in",
    remedy: "Sign in by one of the `methods` that the answer names.",
  },
  sign_in_required: {
    status: 403,
    title: "The organization asks for more than a link",
    remedy: "Sign in, and do it there.",
  },
  session_too_old: {
    status: 403,
    title: "The sign-in is older than the organization allows",
    remedy: "Sign in again.",
  },
  session_idle: {
    status: 403,
    title: "The session was idle for longer than the organization allows",
    remedy: "Prove who you are with `POST /auth/step-up`, or sign in again.",
  },
  mfa_enrolment_required: {
    status: 403,
    title: "The organization asks for a second factor",
    remedy: "Turn one on with `POST /auth/me/mfa/totp`; everything about yourself works meanwhile.",
  },
  step_up_required: {
    status: 403,
    title: "This needs a fresh proof of who you are",
    remedy:
      "Prove one of the `methods` with `POST /auth/step-up` and send the request again; without any, sign in again. The proof counts for `max_age_minutes`.",
  },
  not_found: {
    status: 404,
    title: "No such resource",
    remedy: "Check the id and the organization; things of other organizations are never shown.",
  },
  method_not_allowed: {
    status: 405,
    title: "This path does not take that method",
    remedy: "The `Allow` header lists the methods it takes.",
  },
  conflict: {
    status: 409,
    title: "The resource's state does not permit this",
    remedy: "The answer names the actual state. Read the resource again and decide.",
  },
  already_exists: {
    status: 409,
    title: "It already exists",
    remedy: "The answer names the field that must be unique. Choose another value.",
  },
  idempotency_conflict: {
    status: 409,
    title: "The idempotency key was used with another request",
    remedy: "Use a new `Idempotency-Key` for a new request.",
  },
  request_in_progress: {
    status: 409,
    title: "A request with this idempotency key is still running",
    remedy: "Wait for `Retry-After` seconds and send the same request again.",
  },
  upload_incomplete: {
    status: 409,
    title: "The file has not been uploaded",
    remedy: "PUT the file to the upload's address first, with exactly the declared size and type.",
  },
  graph_invalid: {
    status: 409,
    title: "The graph has errors",
    remedy: "`issues` lists each error with its nodes. Mend the graph and try again.",
  },
  policy_tests_failed: {
    status: 409,
    title: "Tests of the policy fail",
    remedy: "`failing` names each with what it expects and what comes out. Mend the policy or its tests and try again.",
  },
  run_too_large: {
    status: 409,
    title: "The run is too large to be drawn",
    remedy: "Read its steps in pages instead.",
  },
  graph_too_large: {
    status: 409,
    title: "The graph is too large to be drawn",
    remedy: "Draw a smaller one: take parts of it out into pipelines of their own. It can be read and run as it is.",
  },
  precondition_failed: {
    status: 412,
    title: "The resource has changed",
    remedy: "Read it again and send the new `ETag` in `If-Match`.",
  },
  payload_too_large: {
    status: 413,
    title: "The body is too large",
    remedy: "The answer names the limit, for most requests 1 MB. Send larger files through an upload.",
  },
  unsupported_media_type: {
    status: 415,
    title: "The content type is not supported",
    remedy: "Send `Content-Type: application/json`.",
  },
  misdirected_request: {
    status: 421,
    title: "This address does not take requests",
    remedy: "Use the deployment's own address, its output `ApiUrl`; the parts behind it answer nobody else.",
  },
  validation_failed: {
    status: 422,
    title: "The request is not valid",
    remedy: "`issues` lists every field that is wrong, and why.",
  },
  invalid_cursor: {
    status: 422,
    title: "The cursor does not fit this list",
    remedy: "Use `next_cursor` of the same list with the same filters, or start without a cursor.",
  },
  reference_not_found: {
    status: 422,
    title: "The request refers to something that does not exist",
    remedy: "`issues` names the field. Use the id of a resource in this organization.",
  },
  unknown_model: {
    status: 422,
    title: "The model is not in the catalogue",
    remedy: "`GET /api/v1/models` lists the models your organization can use.",
  },
  weak_password: { status: 422, title: "The password does not meet the policy", remedy: "Use at least 12 characters." },
  unsafe_url: {
    status: 422,
    title: "The address is not allowed",
    remedy: "Use a public https address without credentials.",
  },
  rate_limited: { status: 429, title: "Too many requests", remedy: "Wait for `Retry-After` seconds." },
  internal_error: {
    status: 500,
    title: "Something went wrong on our side",
    remedy: "Try again; if it stays, report the `request_id`.",
  },
  provider_failed: {
    status: 502,
    title: "The model provider failed",
    remedy: "The answer says how. Try again or choose another model.",
  },
  tool_server_failed: {
    status: 502,
    title: "A tool's server failed",
    remedy:
      "The answer says how. Try again, or ask it what it has with `POST /api/v1/agents/{agent_id}/tools/{tool_id}/inspect`.",
  },
  service_unavailable: {
    status: 503,
    title: "A service this depends on does not answer",
    remedy: "Nothing is half-written. Try again after `Retry-After` seconds, a POST with the same `Idempotency-Key`.",
  },
  provider_unavailable: {
    status: 503,
    title: "The model provider has just failed and is left alone",
    remedy:
      "Try again after `Retry-After` seconds, or give the agent a fallback of another provider. `GET /api/v1/models/providers/{provider}` shows what failed.",
  },
  provider_not_configured: {
    status: 503,
    title: "The model's provider is not configured",
    remedy: "Store a key with `PUT /api/v1/models/providers/{provider}`.",
  },
  provider_timeout: {
    status: 504,
    title: "The model provider did not answer in time",
    remedy: "Try again, or run the agent asynchronously with `POST /api/v1/agents/{agent_id}/runs`.",
  },
} as const satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof errorCodes;

/** One thing that is wrong with a request: where (JSON path with dots, or `query.limit`) and why. */
export interface Issue {
  readonly path: string;
  readonly message: string;
  readonly code?: string;
}

interface ProblemOptions {
  readonly issues?: readonly Issue[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Further public members of the problem document, for example the limit and the usage. */
  readonly members?: Readonly<Record<string, unknown>>;
  /** For the log only; never leaves the system. */
  readonly cause?: unknown;
}

/**
 * A refusal that the caller may see. `detail` is the public text: say what happened and what to do, never how the
 * system is built. Everything that is not a Problem becomes `internal_error` or `service_unavailable`.
 */
export class Problem extends Error {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly options: ProblemOptions;

  constructor(code: ErrorCode, detail: string, options: ProblemOptions = {}) {
    super(`${code}: ${detail}`, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "Problem";
    this.code = code;
    this.detail = detail;
    this.options = options;
  }

  get status(): number {
    return errorCodes[this.code].status;
  }
}

/** The one answer for anything that is not there or belongs to another tenant: same status, same text. */
export const notFound = (detail = "There is no such resource."): Problem => new Problem("not_found", detail);

/** A reference in the body that does not resolve inside this organization. */
export const badReference = (path: string, message = "does not exist in this organization"): Problem =>
  new Problem("reference_not_found", `\`${path}\` ${message}.`, { issues: [{ path, message }] });

/** The resource is in another state than the request needs; names the actual one. */
export const wrongState = (noun: string, actual: string, needed: string): Problem =>
  new Problem("conflict", `The ${noun} is ${actual}; this needs it to be ${needed}.`, { members: { state: actual } });

export const alreadyExists = (field: string, detail: string): Problem =>
  new Problem("already_exists", detail, { issues: [{ path: field, message: "is already taken" }] });
