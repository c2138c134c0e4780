import { isObject } from "../../../shared/expressions/json.ts";
import type { OutboundResult } from "../../../shared/outbound/index.ts";
import type { FailureCode } from "./failures.ts";

export type Said<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly code: FailureCode };

const no = (code: FailureCode) => ({ ok: false, code }) as const;

/** Statuses by which a server says that it cannot now. */
const BUSY: ReadonlySet<number> = new Set([408, 425, 429]);
const ID = /^[\x21-\x7e]{1,200}$/;

/** Why an answer is none of those that were asked for; undefined for a success. */
function refusalOf(answer: OutboundResult): FailureCode | undefined {
  if (!answer.ok) return answer.error.code === "too_large" ? "answer_invalid" : "gateway_unreachable";
  const { status } = answer;
  if (status >= 200 && status < 300) return undefined;
  if (status >= 300 && status < 400) return "redirected";
  if (status === 401 || status === 403) return "key_refused";
  return status >= 500 || BUSY.has(status) ? "gateway_busy" : "gateway_refused";
}

/** An answer's body where it is an object that says no error. */
function objectIn(answer: OutboundResult): Readonly<Record<string, unknown>> | undefined {
  if (!answer.ok) return undefined;
  try {
    const said: unknown = JSON.parse(answer.body.toString("utf8"));
    if (!isObject(said)) return undefined;
    const { error } = said;
    return error === undefined || error === null || error === false ? said : undefined;
  } catch {
    return undefined;
  }
}

/** What a gateway answered to a registration: the id by which it knows it, and where it serves it, if it says so. */
export function registered(
  answer: OutboundResult,
): Said<{ readonly id: string; readonly endpoint: string | undefined }> {
  const refusal = refusalOf(answer);
  if (refusal !== undefined) return no(refusal);
  const said = objectIn(answer);
  const id = typeof said?.id === "number" ? String(said.id) : said?.id;
  if (typeof id !== "string" || !ID.test(id)) return no("answer_invalid");
  const { endpoint_url } = said ?? {};
  return { ok: true, id, endpoint: typeof endpoint_url === "string" ? endpoint_url : undefined };
}

/** What a gateway says that it serves under a registration; null where it knows none. */
export function served(answer: OutboundResult): Said<{ readonly digest: string | null }> {
  if (answer.ok && (answer.status === 404 || answer.status === 410)) return { ok: true, digest: null };
  const refusal = refusalOf(answer);
  if (refusal !== undefined) return no(refusal);
  const digest = objectIn(answer)?.digest;
  return typeof digest === "string" ? { ok: true, digest } : no("answer_invalid");
}

/** Whether a gateway has done what it was told, where it answers no more than that. */
export function done(answer: OutboundResult): Said<object> {
  const refusal = refusalOf(answer);
  if (refusal !== undefined) return no(refusal);
  // A success may have no body; one that tells an error is none.
  const empty = answer.ok && answer.body.byteLength === 0;
  return empty || objectIn(answer) !== undefined ? { ok: true } : no("answer_invalid");
}

/** Whether a gateway has taken a registration away. What it does not know is gone. */
export const unregistered = (answer: OutboundResult): Said<object> =>
  answer.ok && (answer.status === 404 || answer.status === 410) ? { ok: true } : done(answer);

/**
 * Where a registration is served: where its gateway says, as long as that is the gateway itself, else where the protocol has it.
 * What a gateway says is no reason to send anybody to another host.
 */
export function endpointOf(api_url: string, registration_id: string, said: string | undefined): string {
  const own = `${api_url}/api/v1/agents/${encodeURIComponent(registration_id)}`;
  const url = said === undefined || said.length > 2_048 ? null : URL.parse(said);
  if (url === null || url.origin !== new URL(api_url).origin || url.username !== "" || url.password !== "") return own;
  return url.href;
}
