import { createHash } from "node:crypto";
import * as z from "zod";
import { defineItem, type ItemOf } from "../dynamo/item.ts";

/** Due items are spread over so many partitions of the index in which the sweeper looks (docs/adr/0021). */
const SHARDS = 16;

export const shards: readonly string[] = Array.from({ length: SHARDS }, (_, i) => String(i).padStart(2, "0"));

/** What is due: a kind of work, for one thing of one tenant, at a time. Also the message that tells a room so. */
export const dueSchema = z.object({
  tenant: z.string(),
  /** Who does it: the kind that `defineDue` declared. */
  kind: z.string(),
  /** Which thing: an id, or some joined by `/`. */
  ref: z.string().min(1).max(256),
  /** RFC 3339, to the millisecond. */
  at: z.string(),
});
export type Due = z.output<typeof dueSchema>;

/**
 * Each due item is a partition of its own, under the platform and then its tenant: credentials that are limited to a
 * tenant reach `T#platform#DUE#<tenant>#*` and no other's. The index orders all tenants' items by time.
 */
export const dueItem = defineItem({
  type: "due",
  summary:
    "Something to be done later, written and removed with the change that wants it; found by time, over all tenants.",
  schema: dueSchema.extend({
    shard: z.string(),
    /** When the sweeper looks at it: first at its time, and again later while it is still there. */
    look_at: z.string(),
    /** Since when it is put off, because it cannot be done. */
    put_off_since: z.string().optional(),
    /** How often the sweeper has sent it. */
    sends: z.number().int(),
  }),
  key: { pk: "DUE#{tenant}#{kind}#{ref}", sk: "DUE" },
  indexes: { gsi1: { pk: "DUE#{shard}", sk: "{look_at}#{tenant}#{kind}#{ref}" } },
});
export type DueItem = ItemOf<typeof dueItem>;

/** Where a due item stands in the index: a tenant's items are spread evenly over all shards. */
export const shardOf = ({ tenant, kind, ref }: Pick<Due, "tenant" | "kind" | "ref">): string => {
  const [first = 0] = createHash("sha256").update(`${tenant}#${kind}#${ref}`).digest();
  return shards[first % SHARDS] ?? "";
};
