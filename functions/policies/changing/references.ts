import type { AccessRules } from "../../../shared/access/bundle.ts";
import { apiKeyItem } from "../../../shared/access/keys/items.ts";
import { isBuiltInRole } from "../../../shared/access/roles.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { badReference } from "../../../shared/errors.ts";
import { membershipItem } from "../../../shared/identity/items.ts";
import type { Assignment } from "../../../shared/policies/language.ts";
import { teamItem } from "../../teams/public.ts";

/**
 * Whom a policy is for has to be there when it is said. Who leaves later takes nothing along: the policy is for nobody of that
 * id from then on.
 * @throws Problem `reference_not_found` (422) naming the first that is not there
 */
export async function requireAssignable(
  tenant: TenantTable,
  rules: AccessRules,
  assignments: readonly Assignment[],
): Promise<void> {
  const there = await Promise.all(assignments.map((one) => isThere(tenant, rules, one)));
  const index = there.indexOf(false);
  if (index >= 0) throw badReference(`assignments.${index}.id`);
}

async function isThere(tenant: TenantTable, { roles }: AccessRules, one: Assignment): Promise<boolean> {
  switch (one.type) {
    case "organization":
      return true;
    case "role":
      return isBuiltInRole(one.id) || roles.some(({ id }) => id === one.id);
    case "team":
      return (await tenant.get(teamItem, { id: one.id })) !== undefined;
    case "user":
      return (await tenant.get(membershipItem, { user_id: one.id }))?.status === "active";
    case "api_key":
      return (await tenant.get(apiKeyItem, { id: one.id })) !== undefined;
  }
}
