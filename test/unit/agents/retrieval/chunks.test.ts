import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { agentLimits } from "../../../../functions/agents/model.ts";
import { CHUNK_BYTES, chunksOf } from "../../../../functions/agents/retrieval/rules/chunks.ts";

/** The most pieces that an agent is promised to be searched in. */
const MOST_CHUNKS = 50_000;

const pieces = (text: string) => chunksOf(text).map(({ start, end }) => text.slice(start, end));
const line = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 400 }),
  fc.stringMatching(/^#{1,6} [a-z ]{1,40}$/),
  fc.integer({ min: 1, max: 999 }).map((page) => `[page ${page}]`),
  fc.constantFrom("", "\n", "😀".repeat(900), "x".repeat(4_000), "語".repeat(1_000)),
);
const texts = fc.array(line, { maxLength: 30 }).map((lines) => lines.join("\n"));

describe("the pieces of a text", () => {
  it("are the text when they are joined, each as long as it may be and none within a character", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const cut = pieces(text);
        expect(cut.join("")).toBe(text);
        for (const piece of cut) {
          expect(piece).not.toBe("");
          expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(CHUNK_BYTES);
          expect(piece.isWellFormed()).toBe(text.isWellFormed());
        }
        for (const piece of cut.slice(0, -1)) expect(Buffer.byteLength(piece)).toBeGreaterThanOrEqual(CHUNK_BYTES / 2);
      }),
    );
  });

  it("are the same whenever they are made, and those before a change stay as they were", () => {
    fc.assert(
      fc.property(texts, texts, (before, after) => {
        const first = chunksOf(before);
        expect(chunksOf(before)).toEqual(first);
        // The last two may be cut otherwise where more follows.
        expect(chunksOf(before + after).slice(0, Math.max(0, first.length - 2))).toEqual(
          first.slice(0, Math.max(0, first.length - 2)),
        );
      }),
    );
  });

  it("of all that an agent may know are no more than are searched", () => {
    const most = Math.ceil(agentLimits.text_context_bytes / (CHUNK_BYTES / 2)) + 1;
    expect(most * agentLimits.contexts).toBeLessThanOrEqual(MOST_CHUNKS);
  });

  it("begin with a heading where there is one, else with a paragraph, a line, a sentence, a word", () => {
    const words = (n: number) => "word ".repeat(n).trim();
    const beginnings = (text: string) => pieces(text).map((piece) => piece.slice(0, 9));
    expect(beginnings(`${words(200)}\n\n${words(20)}\n# Heading\n${words(100)}\n\n${words(50)}`)).toEqual([
      "word word",
      "# Heading",
    ]);
    expect(beginnings(`${words(200)}\n\nParagraph ${words(30)}\nline ${words(80)}`)[1]).toBe("Paragraph");
    expect(beginnings(`${words(200)}. Sentence ${words(120)}`)[1]).toBe("Sentence ");
    expect(pieces(words(400))[1]?.startsWith("word")).toBe(true);
    expect(pieces("x".repeat(1_600)).map(({ length }) => length)).toEqual([1_500, 100]);
  });

  it("say under which page and heading they begin", () => {
    const long = `${"word ".repeat(250)}\n`;
    const text = `Before.\n${long}[page 2]\n# Terms\n${long}${long}[page 3]\n${long}[sheet "Prices"]\n${long}`;
    expect(chunksOf(text).map(({ locator }) => locator)).toEqual([
      null,
      "page 2, Terms",
      "page 2, Terms",
      "page 3, Terms",
      'sheet "Prices"',
    ]);
  });
});
