import { timestamp } from "../clock.ts";
import type { TenantTable } from "../dynamo/table.ts";
import { lostRace } from "../dynamo/write.ts";
import { type Membership, membershipItem, type Session, sessionItem } from "../identity/items.ts";

/** A session is seen to so many seconds: one write in that time, whatever comes with it. */
export const SEEN_SECONDS = 300;

type Seen = Pick<Session, "last_seen_at" | "longest_idle_seconds">;

/**
 * The longest time without a request since somebody proved who they are, up to now. A pause stays what it was: whoever
 * comes back with a session that was left for too long does not make it fresh by using it elsewhere first.
 */
export const idleSeconds = ({ last_seen_at, longest_idle_seconds }: Seen, at: Date): number =>
  Math.max(longest_idle_seconds, Math.floor((at.getTime() - Date.parse(last_seen_at)) / 1000));

/** What a request changes of when the session was seen; undefined while that is exact enough. */
export function seenNow(session: Seen, at: Date): Seen | undefined {
  if (at.getTime() - Date.parse(session.last_seen_at) < SEEN_SECONDS * 1000) return undefined;
  return { last_seen_at: timestamp(at), longest_idle_seconds: idleSeconds(session, at) };
}

/**
 * Writes down, once a day, that a member has come: what an organization sorts its members by. Unless another request has
 * done so first, or the membership is not there any more.
 */
export async function seeMember(own: TenantTable, membership: Membership, at: Date): Promise<void> {
  const { user_id, last_seen_on } = membership;
  const today = timestamp(at).slice(0, 10);
  if (last_seen_on >= today) return;
  await own.touch(
    own.writes.update(
      membershipItem,
      { user_id },
      { set: { last_seen_on: today } },
      { equals: { last_seen_on } },
      lostRace,
    ),
  );
}

/** Writes it down, unless another request has done so first. Every function may set these attributes, and no other. */
export async function see(platform: TenantTable, session: Session, at: Date): Promise<void> {
  const set = seenNow(session, at);
  if (set === undefined) return;
  const { sub, origin_jti, last_seen_at } = session;
  await platform.touch(
    platform.writes.update(sessionItem, { sub, origin_jti }, { set }, { equals: { last_seen_at } }, lostRace),
  );
}
