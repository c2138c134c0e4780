import type { Table } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Membership } from "../../../shared/identity/items.ts";
import { mayTake } from "../../users/public.ts";
import type { DirectoryCall } from "../protocol/call.ts";

/**
 * Refuses to suspend, restore or remove somebody whose role grants more than the token's maker held: an administrator does
 * no more by a token than without one.
 * @throws Problem `forbidden` (403)
 */
export async function requireWithinReach(
  table: Table,
  { caller, context }: Pick<DirectoryCall, "caller" | "context">,
  { role }: Pick<Membership, "role">,
): Promise<void> {
  if (await mayTake(table.of(context.tenant), caller.reach, role)) return;
  throw new Problem(
    "forbidden",
    `The token suspends, restores and removes nobody with the role \`${role}\`, which grants more than its maker held. Let an owner make the token.`,
  );
}
