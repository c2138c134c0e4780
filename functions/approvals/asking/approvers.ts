import { decide } from "../../../shared/access/decide.ts";
import { grantsIn, rolesOf } from "../../../shared/access/own-roles.ts";
import type { Grant } from "../../../shared/access/permissions.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { membershipItem, organizationItem } from "../../../shared/identity/items.ts";
import { teamsOf } from "../../teams/public.ts";
import type { Approvers } from "../model.ts";
import { approversOf, isApprover, type Person } from "../rules/approvers.ts";
import type { Approval } from "../store.ts";

/**
 * A member with what approvals ask of them. Teams are read only where an approval names some.
 * @param grants what the role grants now
 */
export async function personOf(
  table: TenantTable,
  { user_id, role }: { readonly user_id: string; readonly role: string },
  grants: readonly Grant[],
  approvers: readonly Approvers[],
): Promise<Person> {
  const asked = approvers.some(({ teams }) => teams !== undefined);
  const teams = asked ? await teamsOf(table.table, table.tenant, user_id) : [];
  return { user_id, role, grants, team_ids: teams.map(({ team_id }) => team_id) };
}

/** A member as they are now, with what these approvals ask of them; undefined for who is no active member. */
export async function personIn(
  table: TenantTable,
  user_id: string,
  approvals: readonly Pick<Approval, "approvers" | "escalation">[],
): Promise<Person | undefined> {
  const membership = await table.get(membershipItem, { user_id });
  if (membership?.status !== "active") return undefined;
  return personOf(table, membership, await grantsIn(table, membership.role), approvals.flatMap(approversOf));
}

/**
 * Members who may decide now, in the order of the roles: at most so many, for whoever asks them.
 * @param except who may not, whatever names them
 */
export async function approversNow(
  table: TenantTable,
  approvers: Approvers,
  { except, most }: { readonly except: string | undefined; readonly most: number },
): Promise<string[]> {
  const found: string[] = [];
  const organization = await table.get(organizationItem, {});
  if (organization === undefined) return found;
  for (const { role, grants } of await rolesOf(table.table, organization)) {
    if (!decide(grants, "approvals:decide").allowed) continue;
    for await (const { user_id } of table.all(membershipItem, { index: "gsi2", of: { status: "active", role } })) {
      if (user_id === except) continue;
      if (!isApprover(approvers, await personOf(table, { user_id, role }, grants, [approvers]))) continue;
      found.push(user_id);
      if (found.length === most) return found;
    }
  }
  return found;
}
