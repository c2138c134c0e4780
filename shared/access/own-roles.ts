import * as z from "zod";
import { defineItem, type ItemOf } from "../dynamo/item.ts";
import type { Table, TenantTable } from "../dynamo/table.ts";
import { lostRace, type Write } from "../dynamo/write.ts";
import { Problem } from "../errors.ts";
import { type Organization, organizationItem } from "../identity/items.ts";
import { idPrefixes, idSchema } from "../ids.ts";
import { keptGrantSchema, type RuleRole, rulesOf } from "./bundle.ts";
import type { Grant } from "./permissions.ts";
import { builtInGrants, builtInRoleNames, isBuiltInRole, roleAlias } from "./roles.ts";

/** Roles of an organization's own, beside the built-in ones; a membership names either. */

export const ownRoleStatuses = ["active", "deleting"] as const;

export const ownRoleItem = defineItem({
  type: "role",
  summary:
    "A role of the organization's own; what gives it to somebody proves in its transaction that it still stands.",
  schema: z.object({
    id: idSchema("role"),
    organization_id: idSchema("organization"),
    name: z.string(),
    /** What names are compared and sorted by. */
    name_key: z.string(),
    description: z.string(),
    grants: z.array(keptGrantSchema),
    /** Rises with each change of the grants. */
    revision: z.int(),
    status: z.enum(ownRoleStatuses),
    /** Whether people get and lose it by rules (`given.ts`); follows from its grants. */
    by_rule: z.boolean(),
    /** Of one that is being deleted: what its members get. */
    replacement: z.string().nullable(),
    /** Of one that is being deleted: up to which member its members have it. */
    moved_to: z.string().optional(),
    created_by: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
    etag: z.string(),
  }),
  key: { pk: "ROLES", sk: "{id}" },
});
export type OwnRole = ItemOf<typeof ownRoleItem>;

/** A role in a request: a built-in one, the predecessor's name of the owner role, or the id of one of the organization's own. */
const NAMES = [...builtInRoleNames, "tenant_admin"];
export const roleSchema = z
  .string()
  .regex(
    new RegExp(`^(${NAMES.join("|")}|${idPrefixes.role}_[0-9A-HJKMNP-TV-Z]{26})$`),
    `must be ${NAMES.join(", ")}, or the id of a role of the organization's own, like ${idPrefixes.role}_01J…`,
  )
  .overwrite(roleAlias)
  .meta({
    id: "RoleName",
    description: "A built-in role, or the id of one of the organization's own.",
    example: "developer",
  });

type Versioned = Pick<Organization, "id" | "rules_version">;

/** What a role grants in this organization now; one that is not there grants nothing. Read only where it is not built in and not held. */
export async function grantsOf(table: Table, organization: Versioned, role: string): Promise<readonly Grant[]> {
  return (await ownRoleOf(table, organization, role))?.grants ?? builtInGrants(role);
}

/** A role of the organization's own, as far as rights come from it; undefined for a built-in one, and for what is not there. */
export const ownRoleOf = async (table: Table, organization: Versioned, role: string): Promise<RuleRole | undefined> =>
  isBuiltInRole(role) ? undefined : (await rulesOf(table, organization)).roles.get(role);

/** The same for whoever has not read the organization: it is, where the role is not built in. */
export async function grantsIn(tenant: TenantTable, role: string): Promise<readonly Grant[]> {
  if (isBuiltInRole(role)) return builtInGrants(role);
  const organization = await tenant.get(organizationItem, {});
  return organization === undefined ? [] : grantsOf(tenant.table, organization, role);
}

/** Every role of the organization with what it grants, the built-in ones first. */
export async function rolesOf(
  table: Table,
  organization: Versioned,
): Promise<readonly { readonly role: string; readonly grants: readonly Grant[] }[]> {
  const { roles } = await rulesOf(table, organization);
  return [
    ...builtInRoleNames.map((role) => ({ role, grants: builtInGrants(role) })),
    ...[...roles.values()].map(({ id, grants }) => ({ role: id, grants })),
  ];
}

export const roleChanged = (): Problem => new Problem("forbidden", "Your role has just changed. Try again.");

/** Proves within a transaction that a role grants what it granted when it was read. */
export const roleStands = ({ writes }: TenantTable, { id, revision }: Pick<RuleRole, "id" | "revision">): Write =>
  writes.check(ownRoleItem, { id }, { equals: { revision } }, roleChanged);

/** Proves within a transaction that a role can be given, and grants what it granted when it was judged. */
export const roleGivable = ({ writes }: TenantTable, { id, revision }: Pick<OwnRole, "id" | "revision">): Write =>
  writes.check(ownRoleItem, { id }, { equals: { revision, status: "active" } }, lostRace);

/**
 * Proves within a transaction that a role is there to be given, whatever it grants by now.
 * @param by_rule whether a rule gives it, and nobody
 * @param refuse what is said of one that is not, or is being deleted
 */
export function roleThere({ writes }: TenantTable, role: string, by_rule: boolean, refuse: () => Problem): Write[] {
  if (isBuiltInRole(role)) return [];
  const there = { status: "active", ...(by_rule ? { by_rule } : {}) };
  return [writes.check(ownRoleItem, { id: role }, { equals: there }, refuse)];
}
