import { METADATA_CHARACTERS } from "../model.ts";

/** More tags than any provider's metadata has; Entra's has some 1,500. */
const TAGS = 20_000;

/** A parser copies what is declared into each level below: nested, 9,000 took six seconds. Entra's has about a hundred. */
const NAMESPACES = 1_000;

function countOf(text: string, part: string): number {
  let count = 0;
  for (let i = text.indexOf(part); i >= 0; i = text.indexOf(part, i + 1)) count++;
  return count;
}

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
  if (countOf(text, "<") > TAGS) return `has more than ${TAGS} tags`;
  if (countOf(text, "xmlns") > NAMESPACES) return `declares more than ${NAMESPACES} namespaces`;
  return undefined;
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
