import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readIndex, type TextIndex, writeIndex } from "../../../../functions/agents/retrieval/rules/file.ts";
import { mostLike } from "../../../../functions/agents/retrieval/rules/search.ts";

const vector = (dimensions: number) =>
  fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: dimensions, maxLength: dimensions });
const unit = (values: readonly number[]) => {
  const length = Math.hypot(...values) || 1;
  return Float32Array.from(values, (value) => value / length);
};

const indexes = fc.integer({ min: 1, max: 19 }).chain((dimensions) =>
  fc.record({
    dimensions: fc.constant(dimensions),
    text: fc.string({ unit: "grapheme" }),
    chunks: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.option(fc.string()))),
    vectors: fc.array(vector(dimensions)).map((all) => Float32Array.from(all.flatMap((one) => [...unit(one)]))),
  }),
);

describe("an index's file", () => {
  it("is read as it was written, wherever its bytes lie", () => {
    fc.assert(
      fc.property(indexes, fc.integer({ min: 0, max: 3 }), (index: TextIndex, shift) => {
        const file = writeIndex(index);
        const elsewhere = new Uint8Array(file.byteLength + shift);
        elsewhere.set(file, shift);
        expect(readIndex(elsewhere.subarray(shift))).toEqual(index);
      }),
    );
  });

  it("that is cut or something else is none", () => {
    const file = writeIndex({ text: "a", dimensions: 2, chunks: [[0, 1, null]], vectors: new Float32Array(2) });
    expect(readIndex(file.subarray(0, -1))).toBeUndefined();
    expect(readIndex(Buffer.from("<html>"))).toBeUndefined();
    expect(readIndex(Buffer.from(""))).toBeUndefined();
  });
});

describe("a search", () => {
  it("finds what sorting all by their cosine finds", () => {
    const cases = fc
      .integer({ min: 1, max: 19 })
      .chain((dimensions) =>
        fc.tuple(
          vector(dimensions).map(unit),
          fc.array(fc.array(vector(dimensions).map(unit), { maxLength: 20 }), { maxLength: 4 }),
          fc.integer({ min: 1, max: 9 }),
        ),
      );
    fc.assert(
      fc.property(cases, ([wanted, among, most]) => {
        const dimensions = wanted.length;
        const searched = among.map((all) => ({
          dimensions,
          vectors: Float32Array.from(all.flatMap((one) => [...one])),
        }));
        const hits = mostLike(wanted, searched, most);
        const scores = among.flatMap((all) =>
          all.map((one) => one.reduce((sum, value, i) => sum + value * (wanted[i] ?? 0), 0)),
        );
        const best = scores
          .filter((score) => score > 1e-9)
          .sort((a, b) => b - a)
          .slice(0, most);
        expect(hits.filter(({ score }) => score > 1e-9)).toHaveLength(best.length);
        best.forEach((score, i) => {
          expect(hits[i]?.score).toBeCloseTo(score, 9);
        });
      }),
    );
  });

  it("takes the first of equals, nothing that is like in nothing, and no vectors of another size", () => {
    const wanted = unit([1, 0]);
    const of = (...vectors: number[]) => ({ dimensions: 2, vectors: Float32Array.from(vectors) });
    expect(mostLike(wanted, [of(0, 1, 1, 0), of(1, 0, -1, 0)], 2)).toEqual([
      { of: 0, ordinal: 1, score: 1 },
      { of: 1, ordinal: 0, score: 1 },
    ]);
    expect(mostLike(wanted, [of(0, 1, -1, 0), { dimensions: 1, vectors: Float32Array.from([1]) }], 2)).toEqual([]);
  });
});
