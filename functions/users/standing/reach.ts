import type { Caller } from "../../../shared/access/caller.ts";
import { decide, expandGrants } from "../../../shared/access/decide.ts";
import { grantsIn, grantsOf, ownRoleItem, roleChanged, roleGivable } from "../../../shared/access/own-roles.ts";
import type { Grant } from "../../../shared/access/permissions.ts";
import { builtInGrants, builtInRoleNames, isBuiltInRole } from "../../../shared/access/roles.ts";
import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { badReference, Problem } from "../../../shared/errors.ts";
import { invalid } from "../../../shared/http/parse.ts";
import { givenRoles } from "../../../shared/identity/group-rules.ts";
import { plans } from "../../../shared/limits/plans.ts";
import { beyond } from "../model.ts";

/**
 * Refuses what grants more than the caller holds; names what is missing.
 * @param name as whoever is refused knows it
 * @throws Problem `forbidden` (403)
 */
export function requireWithin({ grants }: Pick<Caller, "grants">, name: string, role: readonly Grant[]): void {
  const [permission] = beyond(grants, role);
  if (permission === undefined) return;
  throw new Problem("forbidden", `The role \`${name}\` grants \`${permission}\`, which yours does not.`, {
    members: { permission },
  });
}

/**
 * Refuses to take or touch a role that grants what the caller does not hold, as it was when the caller's rights were read.
 * @throws Problem `forbidden` (403)
 */
export async function requireReach(table: Table, caller: Caller, roles: readonly string[]): Promise<void> {
  for (const role of roles) requireWithin(caller, role, await grantsOf(table, caller.organization, role));
}

/**
 * Refuses to give a role that grants what the caller does not hold, that is not there, or that is being deleted.
 * @param path the field that names it
 * @returns what the transaction that gives it proves: that it can be given, and grants what was judged (412: judge anew)
 */
export async function requireGivable(table: Table, caller: Caller, role: string, path = "role"): Promise<Write[]> {
  return (await judged(table, caller, role, path)).writes;
}

/** Items at most that {@link requireGivenByRule} proves: each of the organization's own roles, once. */
export const MOST_GIVEN = Math.max(...Object.values(plans).map(({ roles }) => roles));

/**
 * The same for roles that are given by rule to whoever comes: none that manages people or the organization.
 * @param named the roles, by the fields that name them
 */
export async function requireGivenByRule(
  table: Table,
  caller: Caller,
  named: readonly { readonly path: string; readonly role: string | undefined }[],
): Promise<Write[]> {
  const writes = new Map<string, Write[]>();
  for (const { path, role } of named) {
    if (role === undefined || writes.has(role)) continue;
    const one = await judged(table, caller, role, path);
    if (!one.by_rule)
      throw invalid([{ path, message: "manages people or the organization: such a role is given by people only" }]);
    writes.set(role, one.writes);
  }
  return [...writes.values()].flat();
}

async function judged(
  table: Table,
  caller: Caller,
  role: string,
  path: string,
): Promise<{ readonly by_rule: boolean; readonly writes: Write[] }> {
  if (isBuiltInRole(role)) {
    requireWithin(caller, role, builtInGrants(role));
    return { by_rule: givenRoles.includes(role), writes: [] };
  }
  const tenant = table.of(caller.organization.id);
  const own = await tenant.get(ownRoleItem, { id: role });
  if (own === undefined) throw badReference(path);
  // The one proof of its revision is that of their rights, too.
  if (caller.own_role?.id === role && caller.own_role.revision !== own.revision) throw roleChanged();
  requireWithin(caller, own.name, own.grants);
  if (own.status !== "active")
    throw new Problem("conflict", `The role \`${own.name}\` is being deleted: nobody gets it any more.`, {
      members: { state: own.status },
    });
  return { by_rule: own.by_rule, writes: [roleGivable(tenant, own)] };
}

/** The built-in roles that grant no more than these grants do. */
export const reachOf = (grants: readonly Grant[]): string[] =>
  builtInRoleNames.filter((role) => beyond(grants, builtInGrants(role)).length === 0);

/**
 * Whether somebody of this reach may take a role away: one of the product's that stands in it, one of the organization's own that
 * grants no more than those together, as it is now.
 */
export async function mayTake(tenant: TenantTable, reach: readonly string[], role: string): Promise<boolean> {
  if (isBuiltInRole(role)) return reach.includes(role);
  const held = reach.flatMap(builtInGrants);
  return expandGrants(await grantsIn(tenant, role)).every((permission) => decide(held, permission).allowed);
}
