import type { Answer } from "./answer.ts";
import type { RawRequest } from "./parse.ts";

/**
 * The CORS protocol (Fetch standard): pages of other origins may call the API only where the deployment names their
 * origin. Cookies are never part of it; every call carries its token.
 */

const METHODS = "GET, POST, PUT, PATCH, DELETE";

/** Headers that a page may send. */
const SENT =
  "authorization, content-type, idempotency-key, if-match, if-none-match, last-event-id, organization-id, accept-language, traceparent, tracestate, x-api-key";

/** Headers that a page may read, beside those that every page may. */
const READ =
  "etag, location, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, ratelimit, ratelimit-policy, x-request-id, content-disposition, allow";

/** How long a browser remembers a preflight's answer: browsers take no more than two hours. */
const REMEMBERED_SECONDS = "7200";

/** The answer to a browser's question whether a page may call; undefined when it is none, or the origin is not known. */
export function preflight(request: RawRequest, origins: readonly string[]): Answer | undefined {
  const origin = known(request, origins);
  const asks = request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined;
  if (!asks || origin === undefined) return undefined;
  return {
    status: 204,
    headers: {
      "access-control-allow-origin": origin,
      "access-control-allow-methods": METHODS,
      "access-control-allow-headers": SENT,
      "access-control-max-age": REMEMBERED_SECONDS,
      vary: "origin",
    },
    body: "",
  };
}

/** Headers by which a browser lets a page of a known origin read the answer. */
export function corsHeaders(request: RawRequest, answer: Answer, origins: readonly string[]): Record<string, string> {
  if (origins.length === 0) return {};
  const { vary } = answer.headers;
  const varies = { vary: vary === undefined ? "origin" : `${vary}, origin` };
  const origin = known(request, origins);
  if (origin === undefined) return varies;
  return { ...varies, "access-control-allow-origin": origin, "access-control-expose-headers": READ };
}

const known = ({ headers }: RawRequest, origins: readonly string[]): string | undefined =>
  origins.find((origin) => origin === headers.origin);
