import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { PLATFORM, type User, userItem } from "../../../shared/identity/items.ts";

/**
 * How long no session opens while the pool is told a new password. Longer than a request lives (29 s), so that when it
 * dies half-way nothing of it is under way any more when the hold has passed.
 */
export const HOLD_SECONDS = 45;

/** The refusal while a password of this user is being changed; undefined when none is. */
export function beingChanged(user: User, now: Date): Problem | undefined {
  const until = user.password_hold_until;
  if (until === undefined || until < timestamp(now)) return undefined;
  const seconds = Math.max(1, Math.ceil((Date.parse(until) - now.getTime()) / 1000));
  return new Problem("service_unavailable", "The account's password is being changed. Try again in a moment.", {
    headers: { "retry-after": String(seconds) },
  });
}

/**
 * Takes the hold: from now on no session opens, neither for a password that was proved before (the epoch is another)
 * nor for one that is proved now.
 * @param user as read before the right to change the password was proved
 * @param stale the refusal when the proof no longer counts
 * @returns until when it is held; who wrote another time has taken it over
 */
export async function hold(table: Table, user: User, now: Date, stale: () => Problem): Promise<string> {
  const password_hold_until = timestamp(addSeconds(now, HOLD_SECONDS));
  const { writes } = table.of(PLATFORM);
  await table.transact([
    writes.update(
      userItem,
      { id: user.id },
      { set: { password_hold_until }, add: { epoch: 1 } },
      {
        equals: { status: "active", epoch: user.epoch },
        any: [{ absent: ["password_hold_until"] }, { below: { password_hold_until: timestamp(now) } }],
      },
      (old) => (old === undefined ? stale() : (beingChanged(old, now) ?? stale())),
    ),
  ]);
  return password_hold_until;
}

/** Gives the hold back when the pool has refused the password: nothing was changed. */
export const release = (table: Table, user: User, until: string): Promise<void> => {
  const { writes } = table.of(PLATFORM);
  return table.transact([
    writes.update(
      userItem,
      { id: user.id },
      { remove: ["password_hold_until"] },
      { equals: { password_hold_until: until } },
      () => new Problem("conflict", "The account's password is being changed by another request."),
    ),
  ]);
};
