import type { Outbound } from "../../../shared/outbound/client.ts";
import { bareMediaType, isTextMediaType } from "../../../shared/outbound/text.ts";
import { cutText } from "../../../shared/text.ts";
import { agentLimits } from "../model.ts";
import type { Taken } from "./extraction/rules/failures.ts";
import { type Format, formatNames, formatOf } from "./extraction/rules/formats.ts";
import { type Extract, wholeText } from "./extraction/run.ts";
import { extractText, firstBytes } from "./rules/text.ts";

/** Pages often move to https, to a host with www, or to another path; each hop passes the guard by itself. */
const MAX_REDIRECTS = 3;
const TIMEOUT_MS = 20_000;
/** Markup goes away: more is read than a context holds. */
const READ_BYTES = 4 * agentLimits.text_context_bytes;
/** A document is read whole, or not at all: one that has more is asked for a second time. */
const DOCUMENT_TIMEOUT_MS = 60_000;

const failed = (code: string, message: string): Taken => ({ ok: false, code, message });

/** What is said of a page of which the file's own message would say how to upload it. */
const pages: Readonly<Record<string, Taken>> = {
  wrong_media_type: failed("not_text", "The address has no text in the charset that it names."),
  no_text: failed("no_text", "The page has no words of its own: pictures only, or what scripts would put there."),
  too_slow: failed("too_slow", "Reading the page takes too long."),
  too_complex: failed("too_complex", "Reading the page takes too much memory."),
};

export interface FetchTextDeps {
  readonly outbound: Pick<Outbound, "request">;
  readonly extract: Extract;
}

/** The text behind a customer's address, over the guarded client. Never throws; messages hold nothing of the answer. */
export async function fetchText(address: string, { outbound, extract }: FetchTextDeps): Promise<Taken> {
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
    const format = formatOf(media_type);
    if (format !== undefined && format !== "html")
      return documentBehind({ url, format, media_type, body: truncated ? undefined : body }, { outbound, extract });
    if (!isTextMediaType(media_type))
      return failed("not_text", `The address has \`${cutText(bareMediaType(media_type), 100)}\`, which is no text.`);
    if (format === "html") {
      const read = await extract({ format: "html", media_type, bytes: body, cut: truncated });
      if (!read.ok) return pages[read.code] ?? read;
      const text = firstBytes(read.text, agentLimits.text_context_bytes);
      return { ok: true, text, truncated: truncated || text.length < read.text.length };
    }
    const extracted = extractText(body, media_type, agentLimits.text_context_bytes, truncated);
    if (extracted === undefined) return failed("not_text", "The address has no text in the charset that it names.");
    return { ok: true, ...extracted };
  }
  return failed("too_many_redirects", `The address leads on more than ${MAX_REDIRECTS} times.`);
}

/** The text of a PDF or Office file behind an address, like that of an uploaded one. */
async function documentBehind(
  { url, format, media_type, body }: { url: string; format: Format; media_type: string; body: Uint8Array | undefined },
  { outbound, extract }: FetchTextDeps,
): Promise<Taken> {
  const again =
    body === undefined
      ? await outbound.request({
          method: "GET",
          url,
          timeout_ms: DOCUMENT_TIMEOUT_MS,
          max_bytes: agentLimits.file_bytes,
        })
      : ({ ok: true, status: 200, body } as const);
  if (!again.ok) return failed(again.error.code, again.error.message);
  if (again.status !== 200) return failed("bad_status", `The address answered with status ${again.status}.`);
  const read = await wholeText(extract, { format, media_type, bytes: again.body });
  return !read.ok && read.code === "wrong_media_type"
    ? failed(read.code, `What the address has is not the ${formatNames[format]} that its media type says.`)
    : read;
}
