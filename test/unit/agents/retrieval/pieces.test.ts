import { describe, expect, it } from "vitest";
import { Pieces } from "../../../../functions/agents/retrieval/rules/pieces.ts";

const paragraph = (word: string) => `${`${word} `.repeat(1_000 / (word.length + 1)).trim()}\n\n`;
const [a, b, c] = ["apple", "berry", "cherry"].map(paragraph) as [string, string, string];

describe("a text that is being indexed", () => {
  it("needs a vector for each of its pieces once, and none for what has no words", () => {
    const pieces = new Pieces(`${a}${b}${" ".repeat(1_500)}${a}`, new Map());
    expect(pieces.missing()).toEqual([a, expect.stringContaining("berry")]);
    expect(pieces.gained).toBe(false);
  });

  it("takes over what was known before, and tells what there is", () => {
    const pieces = new Pieces(`${a}${b}`, new Map([[a, Float32Array.of(1, 0)]]));
    expect(pieces.missing()).toEqual([b]);
    expect(pieces.index()).toMatchObject({ dimensions: 2, chunks: [[0, a.length, null]] });
    expect(pieces.learn([b], [Float32Array.of(0, 1)])).toBe(true);
    expect(pieces.missing()).toEqual([]);
    expect([...pieces.index().vectors]).toEqual([1, 0, 0, 1]);
  });

  it("forgets what was known in another size, and takes no second size", () => {
    const pieces = new Pieces(`${a}${b}${c}`, new Map([[a, Float32Array.of(1, 0)]]));
    expect(pieces.learn([b], [Float32Array.of(1, 0, 0)])).toBe(true);
    expect(pieces.missing()).toEqual([a, c]);
    expect(pieces.learn([a, c], [Float32Array.of(1, 0), Float32Array.of(1, 0)])).toBe(false);
    expect(pieces.learn([a, c], [Float32Array.of(1, 0, 0)])).toBe(false);
    expect(pieces.missing()).toEqual([a, c]);
  });
});
