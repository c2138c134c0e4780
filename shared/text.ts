/**
 * The beginning of a text: at most `max` UTF-16 code units, never half a character. The answer is well-formed whatever
 * the text was, so it may go into the table, to a provider and to a webhook. Every text of people or of foreign servers
 * is cut by this one function; test/unit/text/cutting.test.ts refuses raw slices.
 */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text.toWellFormed();
  const end = Math.max(0, max);
  const last = text.charCodeAt(end - 1);
  // The first half of a pair at the end has lost its other half.
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? end - 1 : end).toWellFormed();
}

/** A value of JSON whose every text, names of members included, is well-formed: halves of characters become U+FFFD. */
export function wellFormed<T>(value: T): T {
  const mend = (part: unknown): unknown => {
    if (typeof part === "string") return part.toWellFormed();
    if (Array.isArray(part)) return part.map(mend);
    if (!isPlain(part)) return part;
    return Object.fromEntries(Object.entries(part).map(([name, member]) => [name.toWellFormed(), mend(member)]));
  };
  return mend(value) as T;
}

const isPlain = (value: unknown): value is object =>
  typeof value === "object" &&
  value !== null &&
  (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null);

/** A text as people look for it: without accents and capitals, one space between words. */
export const foldText = (text: string): string =>
  text.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase().replaceAll(/\s+/gu, " ").trim();

/** Words as code in a sentence: "`a`, `b` or `c`". */
export const inCode = (words: readonly string[], type: "conjunction" | "disjunction"): string =>
  new Intl.ListFormat("en", { type }).format(words.map((word) => `\`${word}\``));
