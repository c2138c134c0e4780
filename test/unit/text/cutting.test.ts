import { globSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutText, wellFormed } from "../../../shared/text.ts";

describe("cut text", () => {
  it("is a beginning of the text, well-formed, at most as long as asked and at most one unit shorter", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.nat(40), (text, max) => {
        const cut = cutText(text, max);
        expect(cut.isWellFormed()).toBe(true);
        expect(text.startsWith(cut)).toBe(true);
        expect(cut.length).toBeLessThanOrEqual(max);
        expect(cut.length).toBeGreaterThanOrEqual(Math.min(text.length, max) - 1);
      }),
    );
  });

  it("never ends inside a character, wherever the cut falls", () => {
    const text = "a😀b".repeat(10);
    for (let max = 0; max <= text.length; max++) expect(cutText(text, max).isWellFormed(), String(max)).toBe(true);
    expect(cutText("a😀", 2)).toBe("a");
  });

  it("mends halves of characters that were there before", () => {
    expect(cutText("I like \ud83d", 100)).toBe("I like \ufffd");
    expect(wellFormed({ "\ud83d": ["\ude00x", 1, null, { a: "😀" }] })).toEqual({
      "\ufffd": ["\ufffdx", 1, null, { a: "😀" }],
    });
  });
});

/**
 * What a raw slice may cut: ids, times, digests, addresses and lists, which hold no words of people or of foreign
 * servers. Everything else is cut by `cutText`.
 */
const NO_WORDS =
  /(digest\("(hex|base64url)"\)|timestamp\(.*\)|toISOString\(\)|_at|since|until|time|due|digest|[Ii]ds?|[a-z]\(kind, \w+\)|new Date\(\w+\)\)|model_id|permission|hostname|lastIndexOf\("_"\) \+ 1\)|entry|pending|items|rest|parts|groups|keys|shards|outStart|unit|list|batch|stamp|issues|maxIssues|errors|inTurn\(\)|replaceAll\(\/\[\^a-z0-9\]\/g, ""\)|shown|considered|widened|values|rows|found|words|events|writes|names)\s*$/;

it("texts are cut by cutText: a raw slice would leave half a character", () => {
  const raw: string[] = [];
  for (const file of globSync("{functions,shared}/**/*.ts")) {
    if (file === "shared/text.ts") continue;
    const source = readFileSync(file, "utf8");
    // Cut at a length; a cut at a place that was found in the text falls between characters.
    for (const match of source.matchAll(
      /\.(?:slice|substring|substr)\(0, (?=\d|[\w.]*(?:[A-Z]{3}|[Ll]imit|max|[Mm]ost|[Ll]ength|left|kept))/g,
    )) {
      const before = source.slice(Math.max(0, match.index - 120), match.index);
      if (!NO_WORDS.test(before)) {
        const line = source.slice(0, match.index).split("\n").length;
        raw.push(`${file}:${line} …${before.slice(-40).replaceAll(/\s+/g, " ")}${match[0]}`);
      }
    }
  }
  expect(raw, "use cutText of shared/text.ts, or give a list, a time or an id a name that says so").toEqual([]);
});
