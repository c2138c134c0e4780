import type { Table } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { PLATFORM, type Session, sessionItem } from "../../../shared/identity/items.ts";

/** All sessions of an account that are in the table, ended ones until the pool knows; strongly consistent. */
export async function sessionsOf(table: Table, sub: string): Promise<Session[]> {
  const sessions: Session[] = [];
  for await (const session of table.of(PLATFORM).all(sessionItem, { of: { sub } })) sessions.push(session);
  return sessions;
}

/** The live ones, oldest first. */
export async function liveSessions(table: Table, sub: string, now: Date): Promise<Session[]> {
  const sessions = await sessionsOf(table, sub);
  return sessions
    .filter(({ status, expires_at }) => status === "active" && Date.parse(expires_at) > now.getTime())
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The write that ends a live session; refused as a lost race when it has ended meanwhile. */
export const endSession = (
  table: Table,
  { sub, origin_jti }: Pick<Session, "sub" | "origin_jti">,
  status: "revoked" | "signed_out",
): Write =>
  table
    .of(PLATFORM)
    .writes.update(sessionItem, { sub, origin_jti }, { set: { status } }, { equals: { status: "active" } }, lostRace);
