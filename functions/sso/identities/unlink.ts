import type { ChangeContext } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import { PLATFORM, poolAccountItem, type User } from "../../../shared/identity/items.ts";
import { cutOff } from "../../auth/public.ts";
import { ssoEvents } from "../events.ts";
import {
  type Identity,
  identityItem,
  type PlatformIdentity,
  platformIdentityItem,
  userIdentityItem,
} from "../store.ts";

/**
 * Makes a person at a provider be no user any more: identity, pointer and the pool's account go, and the sessions that
 * were opened by it end, in one transaction. Its event names the account, for those who end them at the pool.
 * @param context of the organization whose connection it is; of the user's own, where the provider is everybody's
 * @param user as read: nothing else was linked or unlinked meanwhile
 * @param writes what else has to hold
 */
export async function unlink(
  table: Table,
  context: ChangeContext,
  identity: Identity | PlatformIdentity,
  user: User,
  writes: readonly Write[] = [],
): Promise<void> {
  const platform = table.of(PLATFORM);
  const { id, user_id, sub } = identity;
  const { connection_id, provider } =
    "provider" in identity ? { ...identity, connection_id: null } : { ...identity, provider: null };
  const gone =
    connection_id === null
      ? [platform.writes.remove(platformIdentityItem, { user_id, id }, { equals: { sub } }, lostRace)]
      : [
          table
            .of(context.tenant)
            .writes.remove(identityItem, { connection_id, id }, { equals: { user_id } }, lostRace),
          platform.writes.remove(userIdentityItem, { user_id, id }, {}),
        ];
  await cutOff(table, context, {
    user_id,
    reason: "identity_unlinked",
    only: sub,
    set: { subs: user.subs.filter((one) => one !== sub) },
    when: { equals: { subs: user.subs } },
    refuse: () => new Problem("conflict", "The account's ways to sign in have just changed. Try again."),
    writes: [...writes, ...gone, platform.writes.remove(poolAccountItem, { sub }, {})],
    events: [
      // By its id alone: an erasure of the person finds no entry by what an identity is called (docs/adr/0090).
      draft(ssoEvents, "sso.identity_unlinked", { id }, { identity_id: id, connection_id, provider, user_id, sub }),
    ],
  });
}
