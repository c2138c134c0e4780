import { describe, expect, it } from "vitest";
import { readYaml } from "../../../functions/exchange/yaml/run.ts";
import { Problem } from "../../../shared/errors.ts";

/** How a text is refused: its status is that of bad input, and it says what is wrong. */
async function refused(text: string): Promise<string> {
  const done = await readYaml(text).then(
    (value) => `taken: ${JSON.stringify(value)}`,
    (error: unknown) => {
      if (!(error instanceof Problem)) throw error;
      expect(error.status).toBe(422);
      expect(error.options.issues?.[0]?.path).toBe("document");
      return error.options.issues?.[0]?.message ?? "";
    },
  );
  return done;
}

const laughs = [
  "a: &a [x, x, x, x, x, x, x, x, x]",
  ...["b", "c", "d", "e", "f", "g", "h", "i"].map((name, i) => {
    const before = "abcdefgh"[i];
    return `${name}: &${name} [${Array(9).fill(`*${before}`).join(", ")}]`;
  }),
].join("\n");

describe("a document as YAML is refused", () => {
  it.each([
    ["with an alias", "a: &x [1]\nb: *x\n", /alias/i],
    ["with a billion laughs", laughs, /alias/i],
    ["with an alias of something that holds itself", "a: &x [*x]\n", /alias/i],
    ["with a tag of a language", "a: !!js/function 'function () {}'\n", /tag/i],
    ["with a tag of bytes", "a: !!binary aGVsbG8=\n", /tag/i],
    ["with a tag of its own", "a: !secret x\n", /tag/i],
    ["with a name twice", "kaizen_version: 1\nagents: []\nagents: []\n", /unique/i],
    ["with a name twice, in JSON", '{"a": 1, "a": 2}', /unique/i],
    ["with a name that is no text", "? [1, 2]\n: x\n", /key|string/i],
    ["with two documents", "a: 1\n---\nb: 2\n", /document/i],
    ["that is nested too deeply, in lists", `${"[".repeat(200)}${"]".repeat(200)}`, /nested/],
    ["that is nested far too deeply, in lists", `${"[".repeat(100_000)}${"]".repeat(100_000)}`, /nested/],
    ["that is nested far too deeply, in objects", "{a: ".repeat(100_000), /nested/],
    ["that is nested far too deeply, in dashes", `${"- ".repeat(100_000)}a`, /nested/],
    ["that is nested far too deeply, in question marks", `${"? ".repeat(100_000)}a`, /nested/],
    ["that is nested far too deeply, line by line", deepLines(1_000), /nested/],
    ["with a number that is not finite", "a: .inf\n", /JSON/],
    ["that ends in the middle", "a: [1, 2", /YAML/],
    ["that is larger than a request", `a: ${"x".repeat(1_100_000)}\n`, /larger/],
  ])("%s", async (_, text, says) => {
    expect(await refused(text)).toMatch(says);
  });
});

function deepLines(levels: number): string {
  return Array.from({ length: levels }, (_, i) => `${" ".repeat(i)}a:`).join("\n");
}

describe("a document as YAML", () => {
  it("has names of prototypes as plain members, and changes no prototype", async () => {
    const read = (await readYaml("__proto__: {polluted: true}\nconstructor: {x: 1}\na: 1\n")) as object;
    expect(Object.keys(read).sort()).toEqual(["__proto__", "a", "constructor"]);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect((Object.prototype as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("may have texts full of brackets and dashes, and long lists on one line", async () => {
    const text = "[".repeat(5_000);
    const prompt = `a: |\n  ${text}\n  ${"- ".repeat(5_000)}\nb: '${text}'\nc: [${"{x: 1}, ".repeat(2_000)}]\n`;
    const read = (await readYaml(prompt)) as Record<string, unknown>;
    expect(read.b).toBe(text);
    expect(read.c).toHaveLength(2_000);
  });

  it("joins nothing by `<<`, and takes words of old versions as texts", async () => {
    expect(await readYaml("a: {<<: {x: 1}}\nb: no\nc: 010\nd: 2026-01-01\n")).toEqual({
      a: { "<<": { x: 1 } },
      b: "no",
      c: 10,
      d: "2026-01-01",
    });
  });
});
