import type { Table } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { PLATFORM, type Session, sessionItem, type User } from "../../../shared/identity/items.ts";

/**
 * All sessions of a user that are in the table, whichever account they were opened by, ended ones until the pool knows;
 * strongly consistent. An account that becomes the user's after `user` was read has none until one is opened, which
 * the count of sessions ever opened shows.
 */
export async function sessionsOf(table: Table, { subs }: Pick<User, "subs">): Promise<Session[]> {
  const sessions: Session[] = [];
  await Promise.all(
    subs.map(async (sub) => {
      for await (const session of table.of(PLATFORM).all(sessionItem, { of: { sub } })) sessions.push(session);
    }),
  );
  return sessions;
}

/** The live ones, oldest first. */
export async function liveSessions(table: Table, user: Pick<User, "subs">, now: Date): Promise<Session[]> {
  const sessions = await sessionsOf(table, user);
  return sessions
    .filter(({ status, expires_at }) => status === "active" && Date.parse(expires_at) > now.getTime())
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The write that ends a live session; refused as a lost race when it has ended meanwhile. */
export const endSession = (
  table: Table,
  { sub, origin_jti }: Pick<Session, "sub" | "origin_jti">,
  status: "revoked" | "signed_out",
  refuse = lostRace,
): Write =>
  table
    .of(PLATFORM)
    .writes.update(sessionItem, { sub, origin_jti }, { set: { status } }, { equals: { status: "active" } }, refuse);
