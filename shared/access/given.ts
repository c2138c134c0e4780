import type { TenantTable } from "../dynamo/table.ts";
import { givenRoles } from "../identity/group-rules.ts";
import { idPrefixes } from "../ids.ts";
import { expandGrants } from "./decide.ts";
import { ownRoleItem } from "./own-roles.ts";
import type { Grant, Resource } from "./permissions.ts";

/**
 * Roles that people get and lose by rules: by a domain, by groups of a directory, by a provider. Owners, administrators and
 * whoever has a role of the organization's own that manages people, rights or the organization are made by people only.
 */

/** Whoever changes something of these decides about others. */
const MANAGING: ReadonlySet<string> = new Set<Resource>([
  "organizations",
  "domains",
  "sso",
  "scim",
  "users",
  "roles",
  "invitations",
  "policies",
  "trust",
  "settings",
]);

/** Whether grants cover a change of people, rights or the organization. */
export const manages = (grants: readonly Grant[]): boolean =>
  expandGrants(grants).some((permission) => {
    const [resource = "", action] = permission.split(":");
    return MANAGING.has(resource) && action !== "read";
  });

/** Of these roles those that people get and lose by rules, as they are now. Only the organization's own are read. */
export async function rolesByRule(tenant: TenantTable, roles: readonly string[]): Promise<ReadonlySet<string>> {
  const ids = [...new Set(roles)].filter((role) => role.startsWith(`${idPrefixes.role}_`));
  const own = await tenant.table.batch(ids.map((id) => tenant.read(ownRoleItem, { id })));
  const byRule = own.flatMap((role) => (role?.status === "active" && role.by_rule ? [role.id] : []));
  return new Set([...givenRoles, ...byRule]);
}
