import { type ChangeContext, eventWrites } from "../../../shared/change/commit.ts";
import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import type { Condition } from "../../../shared/dynamo/condition.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { notFound, type Problem } from "../../../shared/errors.ts";
import { PLATFORM, type Session, type User, userItem } from "../../../shared/identity/items.ts";
import { authEvents, type RevocationReason } from "../events.ts";
import { endSession, liveSessions } from "./store.ts";

export interface CutOff {
  readonly user_id: string;
  readonly reason: RevocationReason;
  /** The one session that stays, by its family of tokens. */
  readonly keep?: string | undefined;
  /** The one account at the pool whose sessions end; those of all of the user's when it is left out. */
  readonly only?: string | undefined;
  /** What else changes of the user, and what must hold of the user for it. */
  readonly set?: Partial<User>;
  readonly remove?: readonly (keyof User & string)[];
  /** A further account at the pool that becomes the user's. */
  readonly account?: string;
  readonly when?: Condition;
  readonly refuse?: (old: User) => Problem;
  /** Further writes and events of the same transaction. */
  readonly writes?: readonly Write[];
  readonly events?: readonly EventDraft[];
}

/**
 * Cuts a user off: changes the user, raises the epoch and ends every live session but one, in one transaction. Whoever
 * proved a password before and has not opened a session by now never opens it; whoever opened one meanwhile makes the
 * transaction begin anew. At most SESSIONS_PER_USER + 1 writes, an event with its audit entry, and what is given.
 * @throws `refuse` when the condition on the user does not hold; `not_found` without such a user
 */
export const cutOff = (table: Table, context: ChangeContext, cut: CutOff): Promise<void> =>
  updateWithRetry(undefined, async () => {
    const platform = table.of(PLATFORM);
    const user = await platform.get(userItem, { id: cut.user_id });
    if (user === undefined) throw notFound();
    const live = await liveSessions(table, user, context.at);
    const ended = live.filter(
      ({ origin_jti, sub }) => origin_jti !== cut.keep && (cut.only === undefined || sub === cut.only),
    );
    const { sessions_opened, subs } = user;
    const read = { sessions_opened, subs };
    const account = cut.account === undefined ? {} : { set: { subs: [...subs, cut.account] } };
    const events = [...revocation(user.id, ended, cut.reason), ...(cut.events ?? [])];
    await table.transact([
      platform.writes.update(
        userItem,
        { id: user.id },
        {
          set: { ...cut.set, ...account.set, sessions_live: live.length - ended.length },
          add: { epoch: 1 },
          ...(cut.remove === undefined ? {} : { remove: cut.remove }),
        },
        { all: [{ equals: read }, ...(cut.when === undefined ? [] : [cut.when])] },
        (old) => {
          if (old === undefined) return notFound();
          const same = old.sessions_opened === user.sessions_opened && old.subs.length === user.subs.length;
          return same ? (cut.refuse?.(old) ?? notFound()) : lostRace();
        },
      ),
      ...ended.map((session) => endSession(table, session, "revoked")),
      ...(cut.writes ?? []),
      ...eventWrites(table, context, events),
    ]);
  });

/** The event that tells of sessions that were ended. */
export function revoked(user_id: string, ended: readonly Session[], reason: RevocationReason): EventDraft {
  const session_ids = ended.map(({ id }) => id);
  return draft(authEvents, "session.revoked", { id: user_id }, { user_id, session_ids, reason }, { reason });
}

/** The same, where there may have been none. */
export const revocation = (user_id: string, ended: readonly Session[], reason: RevocationReason): EventDraft[] =>
  ended.length === 0 ? [] : [revoked(user_id, ended, reason)];
