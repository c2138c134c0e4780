/** How files and pages that are text are read. Pure. */
import { decoderOf } from "../../../../shared/outbound/text.ts";

export interface ExtractedText {
  readonly text: string;
  /** There was more than a context holds. */
  readonly truncated: boolean;
}

/**
 * The text of a file or page in the charset of its media type, else UTF-8 (a byte order mark decides and is dropped), at most `max_bytes`.
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
  const text = firstBytes(decoded, max_bytes);
  return { text, truncated: cut || text.length < decoded.length };
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
