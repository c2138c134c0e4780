import type { Caller } from "../../../shared/access/caller.ts";
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
