import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { moved, movesSchema, positionsSchema } from "../../../functions/pipelines/layout/rules/positions.ts";

const id = fc.stringMatching(/^[a-z]{1,3}$/);
const position = fc.record({ x: fc.integer({ min: -9, max: 9 }), y: fc.integer({ min: -9, max: 9 }) });

describe("moves", () => {
  it("place what they name, forget what they name as null and leave the rest", () => {
    const dictionary = <T>(value: fc.Arbitrary<T>) => fc.dictionary(id, value, { noNullPrototype: true });
    fc.assert(
      fc.property(dictionary(position), dictionary(fc.option(position)), (positions, moves) => {
        const after = moved(positions, moves);
        for (const name of new Set([...Object.keys(positions), ...Object.keys(moves), ...Object.keys(after)])) {
          const expected = Object.hasOwn(moves, name) ? (moves[name] ?? undefined) : positions[name];
          expect(after[name]).toEqual(expected);
        }
      }),
    );
  });

  it("name nodes by ids of a graph, places within a million, and at least one", () => {
    const good = { "node-1": { x: -1_000_000, y: 0.5 } };
    expect(positionsSchema.safeParse(good).success).toBe(true);
    expect(movesSchema.safeParse({ "node-1": null }).success).toBe(true);
    const bad = [
      { "node 1": { x: 0, y: 0 } },
      { a: { x: 1_000_001, y: 0 } },
      { a: { x: 0 } },
      { a: { x: 0, y: 0, z: 0 } },
    ];
    for (const positions of bad) expect(positionsSchema.safeParse(positions).success).toBe(false);
    expect(movesSchema.safeParse({}).success).toBe(false);
  });
});
