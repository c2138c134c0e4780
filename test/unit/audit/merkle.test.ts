import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  added,
  consistencyRanges,
  continues,
  type Hash,
  includes,
  inclusionRanges,
  lastLeaf,
  leafHash,
  type Peak,
  type Range,
  rootOf,
  sizeOf,
  subtreesOf,
} from "../../../functions/audit/tree/rules/merkle.ts";

/* RFC 6962, section 2.1, as it is written there: slow and obvious. */
const sha = (...parts: Uint8Array[]): Hash => createHash("sha256").update(Buffer.concat(parts)).digest();
function k(n: number): number {
  let power = 1;
  while (power * 2 < n) power *= 2;
  return power;
}
function mth(d: readonly Buffer[]): Hash {
  if (d.length === 0) return sha();
  if (d.length === 1) return sha(Buffer.from([0]), d[0] ?? Buffer.alloc(0));
  const half = k(d.length);
  return sha(Buffer.from([1]), mth(d.slice(0, half)), mth(d.slice(half)));
}
function path(m: number, d: readonly Buffer[]): Hash[] {
  if (d.length === 1) return [];
  const half = k(d.length);
  return m < half
    ? [...path(m, d.slice(0, half)), mth(d.slice(half))]
    : [...path(m - half, d.slice(half)), mth(d.slice(0, half))];
}
function subproof(m: number, d: readonly Buffer[], b: boolean): Hash[] {
  if (m === d.length) return b ? [] : [mth(d)];
  const half = k(d.length);
  return m <= half
    ? [...subproof(m, d.slice(0, half), b), mth(d.slice(half))]
    : [...subproof(m - half, d.slice(half), false), mth(d.slice(0, half))];
}

/** A tree as the sequencer grows it: what came to be with each leaf is kept there. */
function grow(leaves: readonly Buffer[]) {
  const made: Hash[][] = [];
  let peaks: Peak[] = [];
  for (const leaf of leaves) {
    const next = added(peaks, { level: 0, hash: leafHash(leaf) });
    peaks = next.peaks;
    made.push(next.made);
  }
  const hashOf = (range: Range) =>
    rootOf(
      subtreesOf(range).map(({ level, index }) => ({
        level,
        hash: made[lastLeaf({ level, index })]?.[level] ?? Buffer.alloc(0),
      })),
    );
  return { peaks, hashOf };
}

const leaves = (n: number): Buffer[] => Array.from({ length: n }, (_, i) => Buffer.from(`leaf ${i}`));
const sizes = fc.integer({ min: 1, max: 300 });
const hex = (hashes: readonly Hash[]) => hashes.map((hash) => hash.toString("hex"));

describe("the tree of RFC 6962", () => {
  it("has the roots of the test vectors that Certificate Transparency publishes", () => {
    const inputs = [
      "",
      "00",
      "10",
      "2021",
      "3031",
      "40414243",
      "5051525354555657",
      "606162636465666768696a6b6c6d6e6f",
    ].map((text) => Buffer.from(text, "hex"));
    const roots = [
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    expect(hex(inputs.map((_, i) => rootOf(grow(inputs.slice(0, i + 1)).peaks)))).toEqual(roots);
    expect(rootOf([]).toString("hex")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  it("has the root, the proofs of inclusion and of consistency that the text of the RFC gives", () => {
    fc.assert(
      fc.property(sizes, sizes, (a, b) => {
        const [earlier, size] = [Math.min(a, b), Math.max(a, b)];
        const d = leaves(size);
        const tree = grow(d);
        expect(sizeOf(tree.peaks)).toBe(size);
        expect(rootOf(tree.peaks)).toEqual(mth(d));
        const leaf = earlier - 1;
        const inclusion = inclusionRanges(leaf, size).map(tree.hashOf);
        expect(hex(inclusion)).toEqual(hex(path(leaf, d)));
        expect(includes(mth(d), size, leaf, leafHash(d[leaf] ?? Buffer.alloc(0)), inclusion)).toBe(true);
        const consistency = consistencyRanges(earlier, size).map(tree.hashOf);
        expect(hex(consistency)).toEqual(hex(earlier === size ? [] : subproof(earlier, d, true)));
        const [old, now] = [earlier, size].map((of) => ({ size: of, root: mth(d.slice(0, of)) }));
        if (old !== undefined && now !== undefined) expect(continues(old, now, consistency)).toBe(true);
      }),
    );
  });

  it("accepts no proof that was changed, and none of another leaf or size", () => {
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(), fc.nat(), (size, whichLeaf, whichPart, bit) => {
        const d = leaves(size);
        const tree = grow(d);
        const root = mth(d);
        const leaf = whichLeaf % size;
        const hashed = leafHash(d[leaf] ?? Buffer.alloc(0));
        const proof = inclusionRanges(leaf, size).map(tree.hashOf);
        expect(includes(root, size, leaf, leafHash(Buffer.from("another")), proof)).toBe(false);
        expect(includes(root, size, leaf, hashed, [...proof, root])).toBe(false);
        for (let other = 0; other < size; other++)
          if (other !== leaf) expect(includes(root, size, other, hashed, proof)).toBe(false);
        if (proof.length > 0) {
          expect(includes(root, size, leaf, hashed, proof.slice(1))).toBe(false);
          const changed = proof.map((part) => Buffer.from(part));
          const part = changed[whichPart % changed.length];
          if (part !== undefined) part[(bit >> 3) % 32] = (part[(bit >> 3) % 32] ?? 0) ^ (1 << (bit & 7));
          expect(includes(root, size, leaf, hashed, changed)).toBe(false);
        }
      }),
    );
  });

  it("knows no later tree that is not a continuation: forked, cut or older", () => {
    fc.assert(
      fc.property(sizes, sizes, fc.nat(), (a, b, which) => {
        const [earlier, size] = [Math.min(a, b), Math.max(a, b)];
        const d = leaves(size);
        const forked = d.map((leaf, i) => (i === which % earlier ? Buffer.from("forked") : leaf));
        const proof = consistencyRanges(earlier, size).map(grow(forked).hashOf);
        const old = { size: earlier, root: mth(d.slice(0, earlier)) };
        expect(continues(old, { size, root: mth(forked) }, proof)).toBe(false);
        expect(continues({ size, root: mth(d) }, old, proof)).toBe(size === earlier && proof.length === 0);
      }),
    );
  });

  it("holds more leaves than 32 bits count", () => {
    const size = 2 ** 33 + 5;
    const ranges = inclusionRanges(2 ** 33 + 1, size);
    expect(ranges).toEqual([
      { from: 2 ** 33, to: 2 ** 33 + 1 },
      { from: 2 ** 33 + 2, to: 2 ** 33 + 4 },
      { from: 2 ** 33 + 4, to: size },
      { from: 0, to: 2 ** 33 },
    ]);
    expect(subtreesOf({ from: 0, to: 2 ** 33 })).toEqual([{ level: 33, index: 0 }]);
    expect(lastLeaf({ level: 33, index: 0 })).toBe(2 ** 33 - 1);
  });
});
