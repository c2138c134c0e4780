import { termsOf } from "../../../../shared/finding.ts";
import { foldText } from "../../../../shared/text.ts";

/** Words of a name by which somebody is found, beside the whole name. */
const WORDS = 4;

/**
 * What a member is found by, sorted: the beginnings of their name, of each further word of it, of their e-mail.
 */
export function memberTerms({ name, email }: { readonly name: string; readonly email: string }): string[] {
  const words = foldText(name).split(" ");
  const rest = words.slice(1, WORDS + 1).map((_, i) => words.slice(i + 1).join(" "));
  return termsOf([name, ...rest, email]);
}
