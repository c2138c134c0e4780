import { isBuiltInRole } from "../../../shared/access/roles.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Membership } from "../../../shared/identity/items.ts";
import type { DirectoryCall } from "../protocol/call.ts";

/**
 * Refuses to suspend, restore or remove somebody whose role grants more than the token's maker held: an administrator does
 * no more by a token than without one.
 * @throws Problem `forbidden` (403)
 */
export function requireWithinReach(
  { caller }: Pick<DirectoryCall, "caller">,
  { role }: Pick<Membership, "role">,
): void {
  if (!isBuiltInRole(role) || caller.reach.includes(role)) return;
  throw new Problem(
    "forbidden",
    `The token suspends, restores and removes nobody with the role \`${role}\`, which grants more than its maker held. Let an owner make the token.`,
  );
}
