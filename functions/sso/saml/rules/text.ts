import { METADATA_CHARACTERS } from "../model.ts";

/** More tags than any provider's metadata has; Entra's has some 1,500. */
const TAGS = 20_000;

/**
 * What speaks against reading a text as metadata, before a parser sees it. There are no document types, so no entities
 * either: nothing is fetched, and nothing grows.
 */
export function textProblem(text: string): string | undefined {
  if (text.length > METADATA_CHARACTERS) return `is longer than ${METADATA_CHARACTERS} characters`;
  if (/<!(?:DOCTYPE|ENTITY)/i.test(text)) return "has a document type, which metadata may not have";
  const encoding = /^\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([^"']{0,40})/i.exec(text)?.[1];
  if (encoding !== undefined && !/^(?:utf-?8|us-ascii)$/i.test(encoding))
    return `says that it is encoded as ${encoding}: send it as UTF-8`;
  let tags = 0;
  for (let i = text.indexOf("<"); i >= 0; i = text.indexOf("<", i + 1)) tags++;
  return tags > TAGS ? `has more than ${TAGS} tags` : undefined;
}

/** The text without the mark that says how its bytes are ordered; Entra's begins with one. */
export const withoutMark = (text: string): string => text.replace(/^\ufeff/, "");

/** @returns undefined for bytes that are no UTF-8 */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
