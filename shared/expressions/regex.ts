import type { RE2JS } from "re2js";
import { re2 } from "../engines/packages.ts";
import { Memo } from "./memo.ts";

/** Longest pattern in characters. Patterns run in time linear to the text, but their compiled size grows with their length. */
export const MAX_PATTERN = 256;

export type Pattern = { readonly ok: true; readonly regex: RE2JS } | { readonly ok: false; readonly message: string };

const compiled = new Memo<Pattern>(256);

/**
 * Compiles a regular expression of the RE2 syntax, which always runs in linear time: no backreferences, no look-around.
 * An error is a value. `flags` may hold `i` (ignore case) and `m` (`^` and `$` match at line ends).
 */
export function compilePattern(source: string, flags = ""): Pattern {
  if (source.length > MAX_PATTERN) return { ok: false, message: `a pattern has at most ${MAX_PATTERN} characters` };
  return compiled.get(`${flags}/${source}`, () => {
    const { RE2JS } = re2();
    try {
      const bits = (flags.includes("i") ? RE2JS.CASE_INSENSITIVE : 0) | (flags.includes("m") ? RE2JS.MULTILINE : 0);
      return { ok: true, regex: RE2JS.compile(source, bits) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : "";
      return { ok: false, message: `not a regular expression that runs in linear time (RE2 syntax): ${reason}` };
    }
  });
}
