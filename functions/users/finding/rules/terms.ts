import { cutText, foldText } from "../../../../shared/text.ts";

/** Words of a name by which somebody is found, beside the whole name. */
const WORDS = 4;
const TERM = 100;

/**
 * What a member is found by, sorted: the beginnings of their name, of each further word of it, of their e-mail.
 */
export function termsOf({ name, email }: { readonly name: string; readonly email: string }): string[] {
  const folded = foldText(name);
  const words = folded.split(" ");
  const rest = words.slice(1, WORDS + 1).map((_, i) => words.slice(i + 1).join(" "));
  const terms = [folded, ...rest, foldText(email)].map((term) => cutText(term, TERM)).filter((term) => term !== "");
  return [...new Set(terms)].sort();
}

/** Who has several terms that begin so is found by the first of them only: a list repeats nobody, whatever its pages. */
export const isFirstMatch = (term: string, terms: readonly string[], prefix: string): boolean =>
  terms.find((one) => one.startsWith(prefix)) === term;

/** What somebody typed, as terms are kept. */
export const prefixOf = (search: string): string => cutText(foldText(search), TERM);
