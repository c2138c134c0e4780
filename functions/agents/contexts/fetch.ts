import type { Outbound } from "../../../shared/outbound/client.ts";
import { bareMediaType, isTextMediaType } from "../../../shared/outbound/text.ts";
import { cutText } from "../../../shared/text.ts";
import { agentLimits } from "../model.ts";
import { extractText } from "./rules/text.ts";

export type Fetched =
  | { readonly ok: true; readonly text: string; readonly truncated: boolean }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** Pages often move to https, to a host with www, or to another path; each hop passes the guard by itself. */
const MAX_REDIRECTS = 3;
const TIMEOUT_MS = 20_000;
/** Markup goes away: more is read than a context holds. */
const READ_BYTES = 4 * agentLimits.text_context_bytes;

const failed = (code: string, message: string): Fetched => ({ ok: false, code, message });

/** The text behind a customer's address, over the guarded client. Never throws; messages hold nothing of the answer. */
export async function fetchText(address: string, outbound: Pick<Outbound, "request">): Promise<Fetched> {
  let url = address;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const answer = await outbound.request({
      method: "GET",
      url,
      headers: { accept: "text/*, application/json, application/xml;q=0.9, */*;q=0.1" },
      timeout_ms: TIMEOUT_MS,
      max_bytes: READ_BYTES,
      truncate: true,
    });
    if (!answer.ok) return failed(answer.error.code, answer.error.message);
    const { status, headers, body, truncated } = answer;
    const next = status >= 300 && status < 400 ? URL.parse(headers.location ?? "", url) : null;
    if (next !== null) {
      url = next.href;
      continue;
    }
    if (status < 200 || status > 299) return failed("bad_status", `The address answered with status ${status}.`);
    const media_type = headers["content-type"] ?? "text/plain";
    if (!isTextMediaType(media_type))
      return failed("not_text", `The address has \`${cutText(bareMediaType(media_type), 100)}\`, which is no text.`);
    const extracted = extractText(body, media_type, agentLimits.text_context_bytes, truncated);
    if (extracted === undefined) return failed("not_text", "The address has no text in the charset that it names.");
    return { ok: true, ...extracted };
  }
  return failed("too_many_redirects", `The address leads on more than ${MAX_REDIRECTS} times.`);
}
