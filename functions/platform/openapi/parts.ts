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
    "Requests allowed in a minute: the caller's own limit or the organization's, whichever leaves less.",
    { type: "integer" },
  ),
  "RateLimit-Remaining": header(
    "Requests left now. The limit slides: what the last minute used is given back bit by bit. Large limits are counted in slices, so the number may be a little behind.",
    { type: "integer" },
  ),
  "RateLimit-Reset": header(
    "Seconds until this minute ends; after a 429 seconds until another request is let through.",
    { type: "integer" },
  ),
};

export const securitySchemes: JsonObject = {
  bearer: {
    type: "http",
    scheme: "bearer",
    description: "The access token from `POST /api/v1/auth/login` or `/auth/verify-email`, or an API key.",
  },
};

/** References to headers of the components by name. */
export const headerReferences = (names: readonly string[]): JsonObject =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

export const description = [
  "The management plane for a company's AI agents.",
  "",
  "- **Sign in** with `POST /api/v1/auth/login` and send the access token as `Authorization: Bearer …`.",
  "- **Organization**: requests act in the caller's default organization, or in the one that `Organization-Id` names.",
  "- **Lists** answer `{items, next_cursor}`; send `next_cursor` back as `cursor` until it is null.",
  "- **Errors** are problem documents (RFC 9457) with a `code` of a closed list; `type` leads to its page.",
  "- **Repeating** a POST is safe with an `Idempotency-Key`, where the operation lists it (those that sign in do not); **lost updates** are refused with `If-Match`.",
  "- **Events** are sent to webhooks, signed as Standard Webhooks do.",
  "- **Streams** (`text/event-stream`) are served from the same origin as everything else.",
].join("\n");
