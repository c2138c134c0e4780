import type { IncomingHttpHeaders } from "node:http";
import { OutboundError } from "./errors.ts";

/** Headers that belong to the connection, not to the caller: setting them is request smuggling or a mistake. */
const connectionHeaders = new Set([
  "host",
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const nameForm = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const valueForm = /^[\t\x20-\x7e\x80-\xff]*$/;
const maxHeaderBytes = 16_384;

/** Why a request header may not be set by a caller or a tenant, or undefined. Used when configuration with headers is saved, too. */
export const headerProblem = (name: string, value: string): string | undefined => {
  const lower = name.toLowerCase();
  if (!nameForm.test(lower)) return "is not a valid header name";
  if (connectionHeaders.has(lower)) return "is set by the client itself";
  if (!valueForm.test(value)) return "has characters that a header value cannot hold";
  return undefined;
};

/** Checked request headers, lower case. Throws `invalid_request`. */
export const requestHeaders = (headers: Iterable<readonly [string, string]>): Record<string, string> => {
  const checked: Record<string, string> = {};
  let size = 0;
  for (const [name, value] of headers) {
    const problem = headerProblem(name, value);
    if (problem !== undefined) throw new OutboundError("invalid_request", new Error(`header ${name} ${problem}`));
    size += name.length + value.length;
    checked[name.toLowerCase()] = value;
  }
  if (size > maxHeaderBytes) throw new OutboundError("invalid_request", new Error("headers are too large"));
  return checked;
};

/** Answer headers that callers get. Cookies, server banners and whatever else a host sends stay outside. */
export const defaultResponseHeaders: readonly string[] = [
  "content-type",
  "content-language",
  "date",
  "etag",
  "last-modified",
  "location",
  "mcp-session-id",
  "retry-after",
  "retry-after-ms",
  "www-authenticate",
  "x-request-id",
  "request-id",
];

/** The named headers out of an answer; repeated ones joined as HTTP says. */
export const limitedHeaders = (headers: IncomingHttpHeaders, names: readonly string[]): Record<string, string> => {
  const kept: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (value !== undefined) kept[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return kept;
};
