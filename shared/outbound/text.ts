/** What the bytes of an answer are as text. */

const TEXT_APPLICATIONS = new Set([
  "application/json",
  "application/x-ndjson",
  "application/jsonl",
  "application/xml",
  "application/yaml",
  "application/x-yaml",
  "application/toml",
  "application/csv",
  "application/markdown",
  "application/xhtml+xml",
  "application/javascript",
  "application/x-www-form-urlencoded",
  "application/graphql",
  "application/sql",
]);

/** The media type without its parameters, in lower case. */
export const bareMediaType = (media_type: string): string => (media_type.split(";")[0] ?? "").trim().toLowerCase();

/** Media types whose bytes are text. */
export const isTextMediaType = (media_type: string): boolean => {
  const bare = bareMediaType(media_type);
  return (
    /^text\/[a-z0-9.+-]+$/.test(bare) ||
    TEXT_APPLICATIONS.has(bare) ||
    /^application\/[\w.-]+\+(json|xml|yaml)$/.test(bare)
  );
};

/** Media types whose bytes are no text for certain: a picture read as text is noise. What is not known may be text. */
export const isBinaryMediaType = (media_type: string): boolean => {
  const bare = bareMediaType(media_type);
  if (/^(image|audio|video|font)\//.test(bare)) return bare !== "image/svg+xml";
  return /^application\/(pdf|zip|gzip|x-gzip|x-tar|wasm|vnd\.(openxmlformats|ms-)[\w.+-]*)$/.test(bare);
};

export const isJsonMediaType = (media_type: string): boolean =>
  /^application\/(?:[\w.-]+\+)?json$/.test(bareMediaType(media_type));

/** The charset that a content type names: `text/plain; charset="Shift_JIS"`. */
const charsetOf = (media_type: string): string | undefined =>
  /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(media_type)?.[1]?.toLowerCase();

const byMark = (bytes: Uint8Array): string | undefined => {
  const [a, b, c] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return "utf-8";
  if (a === 0xfe && b === 0xff) return "utf-16be";
  return a === 0xff && b === 0xfe ? "utf-16le" : undefined;
};

/**
 * The decoder of an answer (WHATWG Encoding): a byte order mark decides and is dropped, else the charset of the content
 * type, else UTF-8. A charset that nobody knows counts as none.
 * @param fatal bytes that are no text of this charset throw; else they become U+FFFD
 */
export function decoderOf(bytes: Uint8Array, media_type: string, fatal = false): InstanceType<typeof TextDecoder> {
  const label = byMark(bytes) ?? charsetOf(media_type) ?? "utf-8";
  try {
    return new TextDecoder(label, { fatal });
  } catch {
    return new TextDecoder("utf-8", { fatal });
  }
}

/** The text of an answer's bytes. */
export const answerText = (bytes: Uint8Array, media_type: string): string => decoderOf(bytes, media_type).decode(bytes);
