import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memberTerms } from "../../../functions/users/finding/rules/terms.ts";
import { isFirstMatch, termOf } from "../../../shared/finding.ts";

describe("what a member is found by", () => {
  it.each([
    ["Ada Lovelace", "ada@example.com", ["ada lovelace", "ada@example.com", "lovelace"]],
    ["  José  Ñandú ", "j@example.com", ["j@example.com", "jose nandu", "nandu"]],
    ["Ada", "ada", ["ada"]],
    [
      "A B C D E F G",
      "x@example.com",
      ["a b c d e f g", "b c d e f g", "c d e f g", "d e f g", "e f g", "x@example.com"],
    ],
  ])("%s, %s", (name, email, terms) => {
    expect(memberTerms({ name, email })).toEqual(terms);
  });

  it("what is typed any way finds the same", () => {
    expect(termOf(" LOVE\u0301")).toBe("love");
    expect(termOf("ÁDA  l")).toBe("ada l");
  });

  it("each is found by exactly one of the terms that begin so", () => {
    const person = fc.record({
      name: fc.string({ unit: "grapheme", maxLength: 60 }),
      email: fc.string({ maxLength: 20 }),
    });
    fc.assert(
      fc.property(person, fc.string({ maxLength: 3 }), (who, typed) => {
        const terms = memberTerms(who);
        const prefix = termOf(typed);
        const firsts = terms.filter((term) => isFirstMatch(term, terms, prefix) && term.startsWith(prefix));
        expect(firsts).toHaveLength(terms.some((term) => term.startsWith(prefix)) ? 1 : 0);
      }),
    );
  });
});
