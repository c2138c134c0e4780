import type { TenantTable } from "../dynamo/table.ts";
import { membershipItem, type Organization, PLATFORM, userItem } from "../identity/items.ts";
import { personBehind } from "./caller.ts";
import { decide } from "./decide.ts";
import { apiKeyItem, serviceAccountItem } from "./keys/items.ts";
import { within } from "./keys/scopes.ts";
import { grantsOf } from "./own-roles.ts";
import type { Permission } from "./permissions.ts";
import type { Principal } from "./principal.ts";

/**
 * Whether whoever began long work may still do it: their membership, account and key as they are now, and what their role and the
 * key's scopes grant. One strongly consistent batch. What the system began by itself, nobody may.
 */
export async function mayStill(
  table: TenantTable,
  organization: Organization,
  by: Principal,
  permission: Permission,
): Promise<boolean> {
  const user_id = personBehind(by);
  const key_id = by.type === "api_key" ? by.id : undefined;
  const behind = by.type === "api_key" ? by.on_behalf_of : undefined;
  const account_id = behind?.type === "service_account" ? behind.id : undefined;
  // An access of an operator ends by itself.
  if (by.type === "operator") return true;
  if (user_id === undefined && account_id === undefined) return false;
  const { user, membership, account, key } = await table.table.batchOf({
    user: user_id === undefined ? undefined : table.table.of(PLATFORM).read(userItem, { id: user_id }),
    membership: user_id === undefined ? undefined : table.read(membershipItem, { user_id }),
    account: account_id === undefined ? undefined : table.read(serviceAccountItem, { id: account_id }),
    key: key_id === undefined ? undefined : table.read(apiKeyItem, { id: key_id }),
  });
  const standing = account_id === undefined ? membership : account;
  if (standing?.status !== "active" || (user_id !== undefined && user?.status !== "active")) return false;
  if (key_id !== undefined && (key === undefined || key.status === "revoked")) return false;
  const grants = await grantsOf(table.table, organization, standing.role);
  return decide(key === undefined ? grants : within(key.scopes, grants), permission).allowed;
}
