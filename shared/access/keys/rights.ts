import type { Read, Table, TenantTable } from "../../dynamo/table.ts";
import type { Write } from "../../dynamo/write.ts";
import { Problem } from "../../errors.ts";
import { membershipItem } from "../../identity/items.ts";
import type { Caller } from "../caller.ts";
import { unauthenticated } from "../unauthenticated.ts";
import { type ApiKey, apiKeyItem, type keyOwnerTypes, serviceAccountItem } from "./items.ts";

/** Whose rights a key has at most: a member's, or a service account's. */
export interface KeyOwner {
  readonly type: (typeof keyOwnerTypes)[number];
  readonly id: string;
}

/** Rights of a key as they stood when they were read: its scopes within what its owner may. */
export interface KeyRights {
  readonly by: "api_key";
  readonly caller: Caller;
  readonly key: ApiKey;
  /** The role that its owner had. */
  readonly role: string;
  readonly source: string;
}

/** What is read to know what the owner of a key may: the membership, or the account. Both have a role and a standing. */
export const ownerRead = (
  tenant: TenantTable,
  { type, id }: KeyOwner,
): Read<typeof membershipItem> | Read<typeof serviceAccountItem> =>
  type === "user" ? tenant.read(membershipItem, { user_id: id }) : tenant.read(serviceAccountItem, { id });

/** Proves within a transaction that a key still counts. */
export const keyStands = (table: Table, { key: { organization_id, id } }: KeyRights): Write =>
  table.of(organization_id).writes.check(apiKeyItem, { id }, { equals: { status: "active" } }, () => unauthenticated());

/** Why a key does nothing whose owner is not there. */
export const ownerGone = (): Problem =>
  new Problem("membership_inactive", "The owner of this API key is not active in its organization.");

/** Proves within a transaction that the owner of a key may still do what they might when the request was permitted. */
export function keyOwnerStands(table: Table, { key, role }: KeyRights): Write {
  const { writes } = table.of(key.organization_id);
  const as = { equals: { status: "active", role } } as const;
  const refuse = (old: { readonly status: string } | undefined): Problem =>
    old?.status === "active"
      ? new Problem("forbidden", "The role of this API key's owner has just changed. Try again.")
      : ownerGone();
  return key.owner_type === "user"
    ? writes.check(membershipItem, { user_id: key.owner_id }, as, refuse)
    : writes.check(serviceAccountItem, { id: key.owner_id }, as, refuse);
}
