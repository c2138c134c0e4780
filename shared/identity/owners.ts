import * as z from "zod";
import { defineItem } from "../dynamo/item.ts";
import type { TenantTable } from "../dynamo/table.ts";
import type { Write } from "../dynamo/write.ts";
import { Problem } from "../errors.ts";
import { membershipItem, organizationItem } from "./items.ts";

/** The role of those whom the organization belongs to. */
export const OWNER = "org_owner";

/** How many active members own the organization. An item of its own, so that counting touches nobody else's record. */
export const ownerCountItem = defineItem({
  type: "owner_count",
  summary: "Active owners of the organization; changed in the transaction that makes or unmakes one, never below one.",
  schema: z.object({ owners: z.number().int() }),
  key: { pk: "OWNERS", sk: "OWNERS" },
});

/** The write that counts one active owner more; the first one too. */
export const countOwner = (table: TenantTable): Write =>
  table.writes.update(ownerCountItem, {}, { add: { owners: 1 } }, {});

/**
 * The write that counts one active owner less. Part of the transaction that demotes, suspends or removes an owner, so
 * two that leave at the same moment cannot both be the second to last.
 * @returns a write that refuses with 409 `conflict` when it is the last one
 */
export const discountOwner = (table: TenantTable): Write =>
  table.writes.update(
    ownerCountItem,
    {},
    { add: { owners: -1 } },
    { at_least: { owners: 2 } },
    () =>
      new Problem("conflict", "This is the organization's last active owner. Make another member an owner first.", {
        members: { state: "last_owner" },
      }),
  );

/** The refusal to push out, or let go, the one owner who still signs in with a password while no one else does. */
export const breaksGlass = (): Problem =>
  new Problem(
    "conflict",
    "This owner is the one who still signs in with a password while sign-in through a provider is enforced. Name another one first.",
    { members: { state: "break_glass" } },
  );

/**
 * Proves within the transaction by which somebody stops to be an active owner that they are not that one.
 * @returns a write that refuses with 409 `conflict`
 */
export const noBreakGlass = (table: TenantTable, user_id: string): Write =>
  table.writes.check(organizationItem, {}, { differs: { break_glass_user_id: user_id } }, breaksGlass);

/** The role of those who run it together with the owners. */
const ADMINISTRATOR = "org_admin";

/** Ids of the organization's active owners; an index shows a new one a moment late. */
export const ownersOf = (table: TenantTable): AsyncGenerator<string> => membersWith(table, [OWNER]);

/** Ids of its active owners and administrators. */
export const administratorsOf = (table: TenantTable): AsyncGenerator<string> =>
  membersWith(table, [OWNER, ADMINISTRATOR]);

async function* membersWith(table: TenantTable, roles: readonly string[]): AsyncGenerator<string> {
  for (const role of roles) {
    const of = { status: "active", role };
    for await (const { user_id } of table.all(membershipItem, { index: "gsi2", of })) yield user_id;
  }
}
