import * as z from "zod";
import { timestamp } from "../../../shared/clock.ts";
import { defineItem, encode, type ItemOf } from "../../../shared/dynamo/item.ts";
import type { Read, TenantTable } from "../../../shared/dynamo/table.ts";
import { idSchema } from "../../../shared/ids.ts";
import { type Head, hashSchema, headSchema } from "./rules/head.ts";
import { type Hash, lastLeaf, type Peak, type Range, rootOf, sizeOf, subtreesOf } from "./rules/merkle.ts";
import { lateSchema } from "./rules/times.ts";

/** So many leaves are a partition. */
const BLOCK = 4_096;

/**
 * A leaf keeps the hashes of all complete subtrees that end with it, its own first: each hash of the tree is written once,
 * with the leaf that completes it, and is found by its place alone.
 */
export const leafItem = defineItem({
  type: "audit_leaf",
  summary: "The place of an audit entry in its organization's tree, with the hashes that came to be with it.",
  schema: z.object({
    block: z.int(),
    sequence: z.int(),
    audit_id: idSchema("audit"),
    /** The end of the entry; the leaf stays, for the proofs of all others. */
    entry_expires_at: z.string(),
    evidence: hashSchema,
    hashes: z.array(hashSchema).min(1),
  }),
  key: { pk: "AUDIT_LEAVES#{block}", sk: "{sequence}" },
  append_only: true,
});
export type Leaf = ItemOf<typeof leafItem>;

export const numberItem = defineItem({
  type: "audit_number",
  summary: "The number of an audit entry: it gets one, whoever brings it and however often.",
  schema: z.object({ audit_id: idSchema("audit"), sequence: z.int(), expires_at: z.string() }),
  key: { pk: "AUDIT_NUMBER#{audit_id}", sk: "NUMBER" },
  append_only: true,
  expires: "expires_at",
});

/** The tree of an organization as it stands. */
export const treeItem = defineItem({
  type: "audit_tree",
  summary: "How far the audit entries of an organization are numbered, with the peaks of their tree.",
  schema: z.object({
    size: z.int(),
    /** Their levels follow from the size. */
    peaks: z.array(hashSchema),
    /** A head is to be told of: there is something due that does it. */
    telling: z.boolean(),
    /** There are entries that no copy has: there is something due that makes one. */
    copying: z.boolean().optional(),
    /** Where there are entries that got their numbers late. */
    late: lateSchema.optional(),
  }),
  key: { pk: "AUDIT_TREE", sk: "TREE" },
});
export type Tree = ItemOf<typeof treeItem>;

export const headItem = defineItem({
  type: "audit_head",
  summary: "A signed head of an organization's tree of audit entries.",
  schema: headSchema,
  key: { pk: "AUDIT_HEADS", sk: "{size}" },
  append_only: true,
});

export const blockOf = (sequence: number): number => Math.floor(sequence / BLOCK);
export const base64 = (hash: Hash): string => hash.toString("base64");

/** The peaks of a tree with their levels. */
export function peaksOf({ size, peaks }: Pick<Tree, "size" | "peaks">): Peak[] {
  const found = subtreesOf({ from: 0, to: size }).map(({ level }, i) => ({
    level,
    hash: Buffer.from(peaks[i] ?? "", "base64"),
  }));
  if (sizeOf(found) !== size || found.length !== peaks.length) throw new Error(`a tree of ${size} has other peaks`);
  return found;
}

/** The newest head; undefined where nothing is numbered yet. */
export async function latestHead(tenant: TenantTable): Promise<Head | undefined> {
  const { items } = await tenant.page(headItem, { of: {}, limit: 1, newest_first: true });
  return items[0];
}

/** The first head that has so many entries, or more. */
export async function headFrom(tenant: TenantTable, size: number): Promise<Head | undefined> {
  const { items } = await tenant.page(headItem, { of: {}, from: encode(size), limit: 1 });
  return items[0];
}

/** The numbers of these entries, in one batch; undefined for those that have none yet. */
export async function numbersOf(tenant: TenantTable, ids: readonly string[]): Promise<(number | undefined)[]> {
  const found = await tenant.table.batch(ids.map((audit_id) => tenant.read(numberItem, { audit_id })));
  return found.map((one) => one?.sequence);
}

const leafAt = (tenant: TenantTable, sequence: number): Read<typeof leafItem> =>
  tenant.read(leafItem, { block: blockOf(sequence), sequence });

/** The hashes of the complete subtrees that these ranges are made of, in one batch: each is kept with its last leaf. */
export async function subtreeHashes(tenant: TenantTable, ranges: readonly Range[]): Promise<Hash[][]> {
  const parts = ranges.map((range) => subtreesOf(range));
  const leaves = await tenant.table.batch(parts.flat().map((part) => leafAt(tenant, lastLeaf(part))));
  let next = 0;
  return parts.map((subtrees) =>
    subtrees.map(({ level }) => {
      const hash = leaves[next++]?.hashes[level];
      if (hash === undefined) throw new Error(`${tenant.tenant}: a hash of the tree is missing`);
      return Buffer.from(hash, "base64");
    }),
  );
}

/** The hash of each range, as RFC 6962 makes it of the leaves in it. */
export async function rangeHashes(tenant: TenantTable, ranges: readonly Range[]): Promise<Hash[]> {
  const hashes = await subtreeHashes(tenant, ranges);
  return ranges.map((range, i) =>
    rootOf(subtreesOf(range).map(({ level }, j) => ({ level, hash: hashes[i]?.[j] ?? Buffer.alloc(0) }))),
  );
}

/**
 * The last head signed before a time and the first one of then or later, among those of at most so many entries. Found in as
 * many reads as the number has bits: each head was signed after those with fewer entries.
 */
export async function headsAround(
  tenant: TenantTable,
  size: number,
  time: Date,
): Promise<{ readonly before: Head | undefined; readonly after: Head | undefined }> {
  const wanted = timestamp(time);
  let [low, high] = [1, size + 1];
  let before: Head | undefined;
  let after: Head | undefined;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const head = await headFrom(tenant, middle);
    if (head === undefined) throw new Error(`${tenant.tenant}: the head of ${middle} entries is missing`);
    if (head.signed_at < wanted) [before, low] = [head, head.size + 1];
    else [after, high] = [head, middle];
  }
  return { before, after };
}

/** Leaves from one number to before another, in order, a page at a time. */
export async function* leavesOf(tenant: TenantTable, { from, to }: Range): AsyncGenerator<Leaf[]> {
  for (let at = from; at < to; ) {
    const block = blockOf(at);
    const end = Math.min(to, (block + 1) * BLOCK, at + PAGE);
    const leaves = await tenant.table.batch(Array.from({ length: end - at }, (_, i) => leafAt(tenant, at + i)));
    yield leaves.map((leaf, i) => {
      if (leaf === undefined) throw new Error(`${tenant.tenant}: the leaf ${at + i} is missing`);
      return leaf;
    });
    at = end;
  }
}

/** What a batch read takes. */
const PAGE = 100;
