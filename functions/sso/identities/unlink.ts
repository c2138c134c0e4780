import type { ChangeContext } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { PLATFORM, poolAccountItem, userItem } from "../../../shared/identity/items.ts";
import { cutOff } from "../../auth/public.ts";
import { ssoEvents } from "../events.ts";
import { type Identity, identityItem, userIdentityItem } from "../store.ts";

/**
 * Makes a person at a provider be no user any more: identity, pointer and the pool's account go, and the sessions that
 * were opened by it end, in one transaction.
 */
export async function unlink(
  table: Table,
  context: ChangeContext,
  { identity, organization_id }: { readonly identity: Identity; readonly organization_id: string },
): Promise<void> {
  const { id, connection_id, subject_hash, user_id, sub } = identity;
  const platform = table.of(PLATFORM);
  const user = await platform.get(userItem, { id: user_id });
  if (user === undefined) throw new Error(`the identity ${id} is of nobody`);
  await cutOff(table, context, {
    user_id,
    reason: "identity_unlinked",
    only: sub,
    set: { subs: user.subs.filter((one) => one !== sub) },
    when: { equals: { subs: user.subs } },
    refuse: lostRace,
    writes: [
      table
        .of(organization_id)
        .writes.remove(identityItem, { connection_id, subject_hash }, { equals: { user_id } }, lostRace),
      platform.writes.remove(userIdentityItem, { user_id, id }, {}),
      platform.writes.remove(poolAccountItem, { sub }, {}),
    ],
    events: [
      draft(ssoEvents, "sso.identity_unlinked", { id, name: user.name }, { identity_id: id, connection_id, user_id }),
    ],
  });
}
