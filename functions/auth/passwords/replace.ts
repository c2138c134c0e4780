import type { ChangeContext } from "../../../shared/change/commit.ts";
import type { EventDraft } from "../../../shared/change/events.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import { ACCOUNTS_PER_USER, PLATFORM, poolAccountItem, type User } from "../../../shared/identity/items.ts";
import type { AuthDeps } from "../deps.ts";
import type { RevocationReason } from "../events.ts";
import { cutOff } from "../sessions/cut-off.ts";
import { HOLD_SECONDS, hold, release } from "./hold.ts";

export interface Replacement {
  /** As read before the right to change the password was proved. */
  readonly user: User;
  readonly password: string;
  readonly reason: RevocationReason;
  readonly keep?: string;
  readonly stale: () => Problem;
  readonly writes: readonly Write[];
  readonly event: EventDraft;
}

/**
 * Tells the pool the password. Who has come through a provider, or by a directory, has no account there that takes one:
 * it is made now, and is theirs with the last step; until then nobody signs in by it.
 * @returns the new account's name at the pool
 */
async function teach({ identities }: AuthDeps, user: User, password: string): Promise<string | undefined> {
  if (!user.has_password) return identities.createUser(user.id, user.email, password);
  await identities.setPassword(user.id, password);
  return undefined;
}

/** What makes an account at the pool the user's, with its password: while the accounts are those that there was room beside. */
const first = (table: AuthDeps["table"], { id, subs }: User, sub: string | undefined) =>
  sub === undefined
    ? { holds: {}, writes: [] }
    : {
        set: { has_password: true },
        account: sub,
        holds: { subs },
        writes: [table.of(PLATFORM).writes.create(poolAccountItem, { sub, user_id: id })],
      };

/** Before anything is held or ended. */
function requireRoom({ has_password, subs }: User): void {
  if (!has_password && subs.length >= ACCOUNTS_PER_USER)
    throw new Problem("conflict", "The account has too many ways to sign in already. Unlink a provider first.");
}

/**
 * Gives an account a new password, or its first one, at the pool and in the table. Two systems in a row, so that whatever happens between
 * two steps no session opened with the old password outlives the change:
 *
 * 1. hold: the epoch is raised and no session opens; 2. cut-off: the sessions that there are end; 3. the pool learns the
 * password; 4. cut-off again, which ends whatever has opened against all rules, lifts the hold and tells of the change.
 *
 * Dead after 1 or 2: the old password counts, sessions may have ended. Dead after 3: the new password counts, the old
 * sessions have ended and none has opened; the hold passes by itself. The event and what the change spends (the token
 * of a reset) stand in 4 only: a refused password spends nothing, and a request that died can be sent again.
 */
export async function replacePassword(deps: AuthDeps, context: ChangeContext, change: Replacement): Promise<void> {
  const { user, reason, keep, stale } = change;
  requireRoom(user);
  const until = await hold(deps.table, user, context.at, stale);
  const held = { password_hold_until: until };
  const cut = { user_id: user.id, reason, keep, when: { equals: held }, refuse: stale };
  await cutOff(deps.table, context, cut);
  let sub: string | undefined;
  try {
    sub = await teach(deps, user, change.password);
  } catch (error) {
    if (error instanceof Problem && error.status < 500) {
      await release(deps.table, user, until);
      throw error;
    }
    throw new Problem(
      "service_unavailable",
      "The identity provider did not say whether it took the password. Try again.",
      {
        headers: { "retry-after": String(HOLD_SECONDS) },
        cause: error,
      },
    );
  }
  const { holds, ...made } = first(deps.table, user, sub);
  await cutOff(deps.table, context, {
    ...cut,
    ...made,
    when: { equals: { ...held, ...holds } },
    remove: ["password_hold_until"],
    writes: [...made.writes, ...change.writes],
    events: [change.event],
  });
}
