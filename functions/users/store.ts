import * as z from "zod";
import { defineDue } from "../../shared/due/due.ts";
import { defineItem, type ItemOf } from "../../shared/dynamo/item.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import type { Write } from "../../shared/dynamo/write.ts";
import { defineResource } from "../../shared/http/resource.ts";
import { type Membership, membershipItem, PLATFORM, type User, userItem } from "../../shared/identity/items.ts";
import { countOwner, discountOwner, noBreakGlass } from "../../shared/identity/owners.ts";
import { isActiveOwner, removalSchema } from "./model.ts";

/** One person of an organization: who they are, and what they are there. */
export interface MemberRecord {
  readonly user: User;
  readonly membership: Membership;
}

/** A member by user id; nobody who is not, or no longer, a member. */
export const memberResource = defineResource({
  type: "user",
  path: ["user_id"],
  async read({ table, path: { user_id } }): Promise<MemberRecord | undefined> {
    const [user, membership] = await table.table.batch([
      table.table.of(PLATFORM).read(userItem, { id: user_id }),
      table.read(membershipItem, { user_id }),
    ]);
    if (user === undefined || membership === undefined || membership.status === "removed") return undefined;
    return { user, membership };
  },
});

/** The writes that replace a membership as it was read, and keep count of the organization's owners. */
export function replaceMembership(table: Table, read: Membership, next: Membership): Write[] {
  const tenant = table.of(read.organization_id);
  const [was, will] = [isActiveOwner(read), isActiveOwner(next)];
  return [
    tenant.writes.replace(membershipItem, next, read.etag),
    ...(was && !will ? [discountOwner(tenant), noBreakGlass(tenant, read.user_id)] : []),
    ...(!was && will ? [countOwner(tenant)] : []),
  ];
}

export const removalItem = defineItem({
  type: "removal",
  summary: "A member who was removed or left, and how much of what they held has been given up; kept for a while.",
  schema: removalSchema.extend({
    /** A look found nothing more; what indexes show late is found by one look more. */
    looked_at: z.string().nullable(),
    expires_at: z.string().optional(),
  }),
  key: { pk: "REMOVAL#{user_id}", sk: "REMOVAL" },
  expires: "expires_at",
});
export type Removal = ItemOf<typeof removalItem>;

/** When to look at what somebody held who is gone. */
export const departure = defineDue("departure");

/** What became of a removed member. */
export const removalResource = defineResource({
  type: "user",
  path: ["user_id"],
  item: removalItem,
  key: ({ user_id }) => ({ user_id }),
});
