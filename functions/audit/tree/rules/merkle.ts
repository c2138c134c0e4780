import { hash } from "node:crypto";

/*
 * The Merkle tree of RFC 6962 (section 2.1), as it grows: what is known of a tree is its peaks, the hashes of the complete
 * subtrees of which it is made, from left to right, each smaller than the one before. Sizes are counted with numbers and not
 * with bits: a tree may outgrow 32 of them.
 */

/** A SHA-256. */
export type Hash = Buffer;

/** A complete subtree: `2 ** level` leaves, the `index`th of its level. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/** The leaves from `from` to before `to`. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** A complete subtree at the right end of what is known, with its hash. */
export interface Peak {
  readonly level: number;
  readonly hash: Hash;
}

export const sha256 = (data: Uint8Array): Hash => hash("sha256", data, "buffer");

const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);

/** What stands in the tree for a leaf. */
export const leafHash = (data: Uint8Array): Hash => sha256(Buffer.concat([LEAF, data]));

export const nodeHash = (left: Hash, right: Hash): Hash => sha256(Buffer.concat([NODE, left, right]));

/**
 * Adds a complete subtree behind the peaks; what is complete with it becomes one.
 * @returns the peaks after it, and the hashes that came to be: that of the subtree, then of each greater one that it completes
 */
export function added(peaks: readonly Peak[], subtree: Peak): { peaks: Peak[]; made: Hash[] } {
  const next = [...peaks];
  const made = [subtree.hash];
  let { level, hash: joined } = subtree;
  for (let last = next.at(-1); last?.level === level; last = next.at(-1)) {
    next.pop();
    joined = nodeHash(last.hash, joined);
    level++;
    made.push(joined);
  }
  next.push({ level, hash: joined });
  return { peaks: next, made };
}

/** The root of the tree of these peaks. That of no leaf is the hash of nothing. */
export function rootOf(peaks: readonly Peak[]): Hash {
  const last = peaks.at(-1);
  if (last === undefined) return sha256(Buffer.alloc(0));
  return peaks.slice(0, -1).reduceRight((right, { hash: left }) => nodeHash(left, right), last.hash);
}

/** How many leaves these peaks have. */
export const sizeOf = (peaks: readonly Peak[]): number => peaks.reduce((sum, { level }) => sum + 2 ** level, 0);

/** The complete subtrees that a range is made of, from left to right: the greatest that begin where the one before ended. */
export function subtreesOf({ from, to }: Range): Subtree[] {
  const found: Subtree[] = [];
  for (let at = from; at < to; ) {
    let level = 0;
    while (at % 2 ** (level + 1) === 0 && at + 2 ** (level + 1) <= to) level++;
    found.push({ level, index: at / 2 ** level });
    at += 2 ** level;
  }
  return found;
}

/** The leaf with which a subtree is complete: its hash is kept there. */
export const lastLeaf = ({ level, index }: Subtree): number => (index + 1) * 2 ** level - 1;

/** The greatest power of two that is smaller: where RFC 6962 splits a tree. */
function split(size: number): number {
  let half = 1;
  while (half * 2 < size) half *= 2;
  return half;
}

/** What proves that a leaf is in the tree of a size (RFC 6962, 2.1.1): the ranges whose hashes make its root of the leaf's. */
export function inclusionRanges(leaf: number, size: number): Range[] {
  const path = (from: number, to: number): Range[] => {
    if (to - from === 1) return [];
    const middle = from + split(to - from);
    return leaf < middle ? [...path(from, middle), { from: middle, to }] : [...path(middle, to), { from, to: middle }];
  };
  return path(0, size);
}

/** What proves that the tree of a size goes on from that of an earlier one (RFC 6962, 2.1.2). */
export function consistencyRanges(earlier: number, size: number): Range[] {
  const proof = (from: number, to: number, known: boolean): Range[] => {
    if (earlier === to) return known ? [] : [{ from, to }];
    const middle = from + split(to - from);
    return earlier <= middle
      ? [...proof(from, middle, known), { from: middle, to }]
      : [...proof(middle, to, false), { from, to: middle }];
  };
  return earlier === 0 || earlier === size ? [] : proof(0, size, true);
}

/** Whether a leaf's hash and its proof make the root (RFC 9162, 2.1.3.2). */
export function includes(root: Hash, size: number, leaf: number, hashed: Hash, proof: readonly Hash[]): boolean {
  if (leaf >= size) return false;
  let [at, last, joined] = [leaf, size - 1, hashed];
  for (const part of proof) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      joined = nodeHash(part, joined);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else joined = nodeHash(joined, part);
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && joined.equals(root);
}

/** Whether a proof leads from the root of an earlier size to this one (RFC 9162, 2.1.4.2). */
export function continues(
  earlier: { readonly size: number; readonly root: Hash },
  later: { readonly size: number; readonly root: Hash },
  proof: readonly Hash[],
): boolean {
  if (earlier.size > later.size) return false;
  if (earlier.size === later.size) return proof.length === 0 && earlier.root.equals(later.root);
  if (earlier.size === 0) return proof.length === 0;
  // A complete tree is part of the later one as it is.
  const whole = Number.isInteger(Math.log2(earlier.size));
  const [first, ...rest] = whole ? [earlier.root, ...proof] : proof;
  if (first === undefined) return false;
  let [at, last] = [earlier.size - 1, later.size - 1];
  while (at % 2 === 1) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  let [old, joined] = [first, first];
  for (const part of rest) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      old = nodeHash(part, old);
      joined = nodeHash(part, joined);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else joined = nodeHash(joined, part);
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && old.equals(earlier.root) && joined.equals(later.root);
}
