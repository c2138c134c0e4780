import * as z from "zod";
import { userIdOf } from "../access/caller.ts";
import type { Principal } from "../access/principal.ts";
import { defineItem } from "../dynamo/item.ts";
import type { TenantTable } from "../dynamo/table.ts";
import type { Write } from "../dynamo/write.ts";
import { idSchema } from "../ids.ts";
import { activeMember } from "./members.ts";

/** What a person can own. */
export const ownableKinds = ["agent", "pipeline", "schedule", "webhook"] as const;
export type OwnableKind = (typeof ownableKinds)[number];

/** Whoever looks after a thing: hears of its troubles, and hands it over when they go. It grants nothing. */
export const ownerIdSchema = idSchema("user").nullable().meta({
  description: "The member who looks after it; null for nobody. Handed over when they leave. It grants nothing.",
});

/** The owner in a change: somebody else, or nobody. */
export const newOwnerSchema = ownerIdSchema.optional();

/** The way from a member to what they own; written with the thing itself. */
export const ownedItem = defineItem({
  type: "owned",
  summary: "A thing that a member looks after; what somebody who leaves hands over.",
  schema: z.object({ owner_id: idSchema("user"), kind: z.enum(ownableKinds), id: z.string() }),
  key: { pk: "OWNED_BY#{owner_id}", sk: "{kind}#{id}" },
});

/** Who makes a thing owns it, if it is a person. */
export const ownerOf = (maker: Principal): string | null => userIdOf(maker) ?? null;

/** Items that a change of owner takes at most. */
export const OWNER_ITEMS = 3;

/**
 * The writes that go with a change of a thing's owner, none where it stays: part of the transaction that changes the
 * thing itself.
 * @param proof whether the new owner still has to be proved an active member: not the maker, who is proved elsewhere
 */
export function ownerWrites(
  { table, tenant, writes }: TenantTable,
  thing: { readonly kind: OwnableKind; readonly id: string },
  before: string | null,
  after: string | null,
  proof: "prove" | "proved" = "prove",
): Write[] {
  if (before === after) return [];
  return [
    ...(before === null ? [] : [writes.remove(ownedItem, { ...thing, owner_id: before }, {})]),
    ...(after === null ? [] : [writes.put(ownedItem, { ...thing, owner_id: after })]),
    ...(after === null || proof === "proved" ? [] : [activeMember(table, tenant, after, "owner_id")]),
  ];
}
