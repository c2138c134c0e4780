import * as z from "zod";
import type { AccessRules, RuleRole } from "../../shared/access/bundle.ts";
import { type OwnRole, ownRoleItem } from "../../shared/access/own-roles.ts";
import { isPermission, type Permission } from "../../shared/access/permissions.ts";
import { type BuiltInRole, isBuiltInRole, roleAlias } from "../../shared/access/roles.ts";
import { defineDue } from "../../shared/due/due.ts";
import { defineItem } from "../../shared/dynamo/item.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../shared/dynamo/write.ts";
import { alreadyExists } from "../../shared/errors.ts";
import { defineResource } from "../../shared/http/resource.ts";
import { idPrefixes } from "../../shared/ids.ts";

/** A role by its id: a built-in one, which is part of the product and lies in no table, or one of the organization's own. */
export const roleResource = defineResource({
  type: "role",
  path: ["role"],
  async read({ table, path }): Promise<BuiltInRole | OwnRole | undefined> {
    const role = roleAlias(String(path.role));
    if (isBuiltInRole(role)) return role;
    return role.startsWith(`${idPrefixes.role}_`) ? table.get(ownRoleItem, { id: role }) : undefined;
  },
});

/** A permission of the catalogue; any other text is none. */
export const permissionResource = defineResource({
  type: "permission",
  path: ["permission"],
  async read({ path }): Promise<Permission | undefined> {
    const permission = String(path.permission);
    return isPermission(permission) ? permission : undefined;
  },
});

export const ownRoleNameItem = defineItem({
  type: "role_name",
  summary: "Uniqueness of a role's name in its organization, capitals or not.",
  schema: z.object({ name_key: z.string(), role_id: z.string() }),
  key: { pk: "ROLE_NAMES", sk: "{name_key}" },
});

/** When to go on with what the members of a role get that is being deleted. */
export const roleDeletion = defineDue("role_deletion");

/** Keeps a name for a role. @returns a write that refuses with 409 `already_exists` */
export const takeName = ({ writes }: TenantTable, { name_key, id }: Pick<OwnRole, "name_key" | "id">): Write =>
  writes.create(ownRoleNameItem, { name_key, role_id: id }, () =>
    alreadyExists("name", "Another role of the organization has this name."),
  );

export const freeName = ({ writes }: TenantTable, { name_key, id }: Pick<OwnRole, "name_key" | "id">): Write =>
  writes.remove(ownRoleNameItem, { name_key }, { equals: { role_id: id } }, lostRace);

/** All roles of the organization's own, in the order in which they were made; at most 50. */
export async function ownRoles(tenant: TenantTable): Promise<OwnRole[]> {
  const roles: OwnRole[] = [];
  for await (const role of tenant.all(ownRoleItem, { of: {} })) roles.push(role);
  return roles;
}

/** What counts of a role where rights are decided. */
const ruleOf = ({ id, name, grants, revision }: OwnRole): RuleRole => ({ id, name, grants, revision });

/** The rules with a role as it is now, or with one more. */
export const withRole = ({ version: _, ...rules }: AccessRules, role: OwnRole): Omit<AccessRules, "version"> => ({
  ...rules,
  roles: rules.roles.some(({ id }) => id === role.id)
    ? rules.roles.map((one) => (one.id === role.id ? ruleOf(role) : one))
    : [...rules.roles, ruleOf(role)],
});

export const withoutRole = ({ version: _, ...rules }: AccessRules, id: string): Omit<AccessRules, "version"> => ({
  ...rules,
  roles: rules.roles.filter((role) => role.id !== id),
});
