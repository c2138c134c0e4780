/** Which files and pages have text for an agent, and how it is taken from them. Pure. */
import { bareMediaType, decoderOf } from "../../../../shared/outbound/text.ts";

const isHtml = (media_type: string): boolean =>
  ["text/html", "application/xhtml+xml"].includes(bareMediaType(media_type));

export interface ExtractedText {
  readonly text: string;
  /** There was more than a context holds. */
  readonly truncated: boolean;
}

/**
 * The text of a file or page in the charset of its media type, else UTF-8 (a byte order mark decides and is dropped), HTML without its markup, at most `max_bytes`.
 * undefined when the bytes are no text.
 * @param cut the bytes are the beginning of more
 */
export function extractText(
  bytes: Uint8Array,
  media_type: string,
  max_bytes: number,
  cut: boolean,
): ExtractedText | undefined {
  const decoded = decode(bytes, media_type, cut);
  if (decoded === undefined || decoded.includes("\u0000")) return undefined;
  const plain = isHtml(media_type) ? htmlText(decoded) : decoded;
  const text = firstBytes(plain, max_bytes);
  return { text, truncated: cut || text.length < plain.length };
}

/** A cut may fall into a character: up to three bytes at the end are forgiven then. */
function decode(bytes: Uint8Array, media_type: string, cut: boolean): string | undefined {
  for (let spare = 0; spare <= (cut ? 3 : 0); spare++) {
    try {
      return decoderOf(bytes, media_type, true).decode(bytes.subarray(0, bytes.byteLength - spare));
    } catch {
      // tried again with one byte less
    }
  }
  return undefined;
}

/** The beginning of a text that has at most so many bytes, cut between characters. */
export function firstBytes(text: string, max_bytes: number): string {
  if (Buffer.byteLength(text) <= max_bytes) return text;
  const bytes = Buffer.from(text).subarray(0, max_bytes);
  return decode(bytes, "text/plain", true) ?? "";
}

const BLOCKS =
  "address|article|aside|blockquote|br|dd|div|dl|dt|fieldset|figcaption|figure|footer|form|h[1-6]|header|hr|li|main|nav|ol|p|pre|section|table|td|th|tr|ul";
const named: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
  ndash: "–",
  mdash: "—",
  hellip: "…",
  copy: "©",
  reg: "®",
  euro: "€",
};

const entity = (whole: string, name: string): string => {
  if (!name.startsWith("#")) return named[name.toLowerCase()] ?? whole;
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10);
  return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : whole;
};

/** A page's words: without scripts, styles and markup, blocks on lines of their own. Each step is one pass over the text. */
export function htmlText(html: string): string {
  const block = new RegExp(`</?(?:${BLOCKS})\\b[^<>]*>`, "gi");
  return withoutElements(html, ["script", "style", "noscript", "template", "svg", "head"])
    .replaceAll(/<!--[\s\S]*?(?:-->|$)/g, " ")
    .replaceAll(block, "\n")
    .replaceAll(/<[^<>]*>/g, " ")
    .replaceAll(/&(#x?[0-9a-f]{1,6}|[a-z]{2,8});/gi, entity)
    .split("\n")
    .map((line) => line.replaceAll(/\s+/g, " ").trim())
    .filter((line) => line !== "")
    .join("\n");
}

/** Cuts elements out with everything in them; one that is never closed reaches to the end. */
function withoutElements(html: string, names: readonly string[]): string {
  const open = new RegExp(`<(${names.join("|")})(?=[\\s/>])`, "gi");
  let kept = "";
  let from = 0;
  for (let match = open.exec(html); match !== null; match = open.exec(html)) {
    kept += html.slice(from, match.index);
    const close = new RegExp(`</${match[1]}\\s*>`, "gi");
    close.lastIndex = match.index;
    const end = close.exec(html);
    from = end === null ? html.length : close.lastIndex;
    open.lastIndex = from;
  }
  return kept + html.slice(from);
}
