import type { Caller } from "../../../shared/access/caller.ts";
import type { Grant } from "../../../shared/access/permissions.ts";
import { builtInRoleNames, isBuiltInRole } from "../../../shared/access/roles.ts";
import { Problem } from "../../../shared/errors.ts";
import { beyond } from "../model.ts";

/**
 * Refuses to give, take or touch a role that grants what the caller does not hold; names what is missing.
 * @throws Problem `forbidden` (403)
 */
export function requireReach(caller: Caller, roles: readonly string[]): void {
  for (const role of roles) {
    const [permission] = beyond(caller.grants, role);
    if (permission !== undefined) {
      throw new Problem("forbidden", `The role \`${role}\` grants \`${permission}\`, which yours does not.`, {
        members: { permission },
      });
    }
  }
}

/** The roles that grant no more than these grants do: what somebody may give, take and touch. */
export const reachOf = (grants: readonly Grant[]): string[] =>
  builtInRoleNames.filter((role) => beyond(grants, role).length === 0);

/** Whether rules that somebody of this reach has written may take a role away. */
export const mayTake = (reach: readonly string[], role: string): boolean =>
  !isBuiltInRole(role) || reach.includes(role);
