import type { JsonObject } from "./json.ts";

/** Parameters, headers and the security scheme that operations refer to. */

export const parameters: JsonObject = {
  "Idempotency-Key": {
    name: "Idempotency-Key",
    in: "header",
    required: false,
    description:
      "The same key with the same request gets the first answer again for 24 hours; with another request it is refused.",
    schema: { type: "string", minLength: 1, maxLength: 255, pattern: "^[\\x21-\\x7e]+$" },
  },
  "If-Match": {
    name: "If-Match",
    in: "header",
    required: false,
    description:
      "The `ETag` of the resource as it was read: the change is refused when somebody else changed it since.",
    schema: { type: "string" },
  },
  traceparent: {
    name: "traceparent",
    in: "header",
    required: false,
    description:
      "The trace that this is a part of, as W3C Trace Context says it; whatever is called for it carries the trace on. What does not have that form begins a new trace.",
    schema: { type: "string", examples: ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"] },
  },
  tracestate: {
    name: "tracestate",
    in: "header",
    required: false,
    description: "What the systems of the trace say to each other; passed on with it, but not to providers of models.",
    schema: { type: "string", examples: ["vendor=t61rcWkgMzE"] },
  },
  "Organization-Id": {
    name: "Organization-Id",
    in: "header",
    required: false,
    description: "The organization to act in, when it is not the caller's default one.",
    schema: { type: "string", pattern: "^org_[0-9A-HJKMNP-TV-Z]{26}$" },
  },
};

const header = (description: string, schema: JsonObject): JsonObject => ({ description, schema });

export const headers: JsonObject = {
  "X-Request-Id": header("Names this request in logs and audit entries.", { type: "string" }),
  ETag: header("Changes with every write of the resource; for `If-Match`.", { type: "string" }),
  Location: header("Where the created or accepted thing is read.", { type: "string", format: "uri-reference" }),
  Allow: header("The methods that this path takes.", { type: "string" }),
  "Retry-After": header("Seconds to wait.", { type: "integer", minimum: 0 }),
  "RateLimit-Limit": header(
    "Requests allowed in a minute: the limit of the operation's class (`x-rate-class`), an API key's own or the organization's, whichever leaves least.",
    { type: "integer" },
  ),
  "RateLimit-Remaining": header(
    "Requests left now. The limit holds in any minute, wherever it begins: each request is given back when it is a little more than a minute old. Large limits are counted in slices, so the number may be a little behind.",
    { type: "integer" },
  ),
  "RateLimit-Reset": header(
    "Seconds until some of what was used comes back; after a 429 seconds until another request is let through.",
    { type: "integer" },
  ),
  "RateLimit-Policy": header(
    'Every limit that the request was counted against, with requests (`q`) and seconds (`w`): `"read";q=600;w=60, "organization";q=1000;w=60`. A class whose counter does not answer is left out.',
    { type: "string" },
  ),
  RateLimit: header(
    'What each of these limits leaves (`r`), and seconds until some comes back (`t`): `"read";r=599;t=65, "organization";r=998;t=31`.',
    { type: "string" },
  ),
};

/** The headers that tell of limits, on every answer. */
export const rateHeaderNames: readonly string[] = Object.keys(headers).filter((name) => name.startsWith("RateLimit"));

export const securitySchemes: JsonObject = {
  bearer: {
    type: "http",
    scheme: "bearer",
    description: "The access token from `POST /api/v1/auth/login` or `/auth/verify-email`, or an API key.",
  },
  apiKey: {
    type: "apiKey",
    in: "header",
    name: "X-API-Key",
    description: "An API key from `POST /api/v1/api-keys`.",
  },
};

/** References to headers of the components by name. */
export const headerReferences = (names: readonly string[]): JsonObject =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

export const description = [
  "The management plane for a company's AI agents.",
  "",
  "- **Sign in** with `POST /api/v1/auth/login` and send the access token as `Authorization: Bearer …`.",
  "- **Programs** send an API key from `POST /api/v1/api-keys`, as `Authorization: Bearer …` or `X-API-Key`; it acts in its own organization.",
  "- **Organization**: requests act in the caller's default organization, or in the one that `Organization-Id` names.",
  "- **Lists** answer `{items, next_cursor}`; send `next_cursor` back as `cursor` until it is null.",
  "- **Errors** are problem documents (RFC 9457) with a `code` of a closed list; `type` leads to its page.",
  "- **Repeating** a POST is safe with an `Idempotency-Key`, where the operation lists it (those that sign in do not); **lost updates** are refused with `If-Match`.",
  "- **Events** are sent to webhooks, signed as Standard Webhooks do.",
  "- **Streams** (`text/event-stream`) are served from the same origin as everything else.",
].join("\n");
