import { updateWithRetry } from "../../../shared/change/update.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { type Membership, membershipItem } from "../../../shared/identity/items.ts";
import { activeMember } from "../../../shared/identity/members.ts";
import { OWNER, ownersOf } from "../../../shared/identity/owners.ts";
import { part } from "../../users/public.ts";
import { baseOf, commit, type DirectoryCall, requireVersion } from "../protocol/call.ts";
import { forgetWrites } from "../store.ts";
import { requireWithinReach } from "./reach.ts";
import { personOf, toResource } from "./read.ts";

/**
 * Removes somebody from the organization: refused from then on, and what they owned goes over to a successor, as when an
 * administrator removes them. Their account is theirs. The last owner is not removed.
 */
export function removeUser(table: Table, call: DirectoryCall, id: string): Promise<void> {
  return updateWithRetry(call.if_match, async () => {
    const person = await personOf(table, call, id);
    requireVersion(call, toResource(person.record, person.membership, baseOf(call)));
    await requireWithinReach(table, call, person.membership);
    const { tenant } = call.context;
    const successor_id = await successorOf(table, call, id);
    const parting = { removed_by: call.caller.principal.id, successor_id, at: call.at };
    const { change } = part(table, person, parting);
    await commit(call, {
      ...change,
      writes: [
        activeMember(table, tenant, successor_id, "successor_id"),
        ...change.writes,
        ...forgetWrites(table.of(tenant), person.record),
      ],
    });
  });
}

/** Who made the token, while they administer the organization; else the owner who has been here longest. */
async function successorOf(table: Table, { caller, context: { tenant } }: DirectoryCall, leaver: string) {
  const own = table.of(tenant);
  const maker = await own.get(membershipItem, { user_id: caller.created_by });
  const administers = maker?.status === "active" && (maker.role === OWNER || maker.role === "org_admin");
  if (administers && maker.user_id !== leaver) return maker.user_id;
  const ids: string[] = [];
  for await (const id of ownersOf(own)) if (id !== leaver) ids.push(id);
  const owners = await table.batch(ids.map((user_id) => own.read(membershipItem, { user_id })));
  const first = owners
    .filter((one): one is Membership => one?.status === "active" && one.role === OWNER)
    .sort((a, b) => (a.joined_at < b.joined_at ? -1 : 1))[0];
  if (first === undefined)
    throw new Problem("conflict", "This is the organization's last active owner. Make another member an owner first.");
  return first.user_id;
}
