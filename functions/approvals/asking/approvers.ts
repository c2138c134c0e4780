import { decide } from "../../../shared/access/decide.ts";
import { grantsOf } from "../../../shared/access/grants.ts";
import { builtInRoleNames } from "../../../shared/access/roles.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { membershipItem } from "../../../shared/identity/items.ts";
import { teamsOf } from "../../teams/public.ts";
import type { Approvers } from "../model.ts";
import { approversOf, isApprover, type Person } from "../rules/approvers.ts";
import type { Approval } from "../store.ts";

/** A member with what approvals ask of them. Teams are read only where an approval names some. */
export async function personOf(
  table: TenantTable,
  { user_id, role }: { readonly user_id: string; readonly role: string },
  approvers: readonly Approvers[],
): Promise<Person> {
  const asked = approvers.some(({ teams }) => teams !== undefined);
  const teams = asked ? await teamsOf(table.table, table.tenant, user_id) : [];
  return { user_id, role, grants: grantsOf(role), team_ids: teams.map(({ team_id }) => team_id) };
}

/** A member as they are now, with what these approvals ask of them; undefined for who is no active member. */
export async function personIn(
  table: TenantTable,
  user_id: string,
  approvals: readonly Pick<Approval, "approvers" | "escalation">[],
): Promise<Person | undefined> {
  const membership = await table.get(membershipItem, { user_id });
  if (membership?.status !== "active") return undefined;
  return personOf(table, membership, approvals.flatMap(approversOf));
}

/** Roles whose members may decide at all. */
const deciding = builtInRoleNames.filter((role) => decide(grantsOf(role), "approvals:decide").allowed);

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
  for (const role of deciding) {
    for await (const { user_id } of table.all(membershipItem, { index: "gsi2", of: { status: "active", role } })) {
      if (user_id === except || !isApprover(approvers, await personOf(table, { user_id, role }, [approvers]))) continue;
      found.push(user_id);
      if (found.length === most) return found;
    }
  }
  return found;
}
