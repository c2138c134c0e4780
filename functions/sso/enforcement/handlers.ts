import { userIdOf } from "../../../shared/access/caller.ts";
import { requireStayingIn } from "../../../shared/access/doors.ts";
import { draft } from "../../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { badReference, Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { membershipItem, type Organization, PLATFORM, type User, userItem } from "../../../shared/identity/items.ts";
import { OWNER } from "../../../shared/identity/owners.ts";
import { newEtag } from "../../../shared/ids.ts";
import { GLASSES_PER_USER } from "../../auth/public.ts";
import { replaceOrganization } from "../../organizations/public.ts";
import { ssoEvents } from "../events.ts";
import { naming, noLonger } from "./named.ts";
import type { enforcementOperations } from "./operations.ts";
import { stillActive, usedConnection } from "./used.ts";

type Ops = typeof enforcementOperations;

export interface EnforcementDeps {
  readonly table: Table;
}

const shown = ({ id, break_glass_user_id, etag }: Organization) => ({
  organization_id: id,
  enforced: break_glass_user_id !== undefined,
  break_glass_user_id: break_glass_user_id ?? null,
  etag,
});

export const getEnforcement: Handler<Ops["getEnforcement"], EnforcementDeps> = async (call) => shown(await call.load());

export const enforce: Handler<Ops["enforce"], EnforcementDeps> = async (call, { table }) => {
  const { caller, body, at } = call;
  const { break_glass_user_id } = body;
  return updateWithRetry(call.if_match, async (how) => {
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    if (read.break_glass_user_id === break_glass_user_id) return shown(read);
    const next: Organization = { ...read, break_glass_user_id, updated_at: timestamp(at), etag: newEtag(at) };
    const connection = await usedConnection(table, read.id);
    if (connection === undefined)
      throw new Problem("conflict", "Nobody has signed in through an active connection yet. Try one first.", {
        members: { state: "no_used_connection" },
      });
    const user = await glassBreaker(table, read.id, break_glass_user_id);
    requireStayingIn(call.refusedUnder(next));
    const former = await formerOf(table, read);
    // The caller's own membership is proved by `stillPermitted`, which asks for the role that was read.
    const stays = userIdOf(caller.principal) === user.id ? [] : [stillOwner(table, read.id, user.id)];
    const { id, name } = read;
    const previous_break_glass_user_id = read.break_glass_user_id ?? null;
    return call.commit(
      {
        writes: [
          call.stillPermitted(),
          ...stays,
          ...replaceOrganization(table, read, next, at),
          stillActive(table, connection),
          naming(table, user, id),
          ...(former === undefined ? [] : [noLonger(table, former, id)]),
        ],
        events: [draft(ssoEvents, "sso.enforced", { id, name }, { break_glass_user_id, previous_break_glass_user_id })],
      },
      shown(next),
    );
  });
};

export const endEnforcement: Handler<Ops["endEnforcement"], EnforcementDeps> = async (call, { table }) => {
  const { at } = call;
  return updateWithRetry(call.if_match, async (how) => {
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    const { break_glass_user_id, ...rest } = read;
    if (break_glass_user_id === undefined)
      throw new Problem("conflict", "Sign-in through a provider is not enforced.", {
        members: { state: "not_enforced" },
      });
    const next: Organization = { ...rest, updated_at: timestamp(at), etag: newEtag(at) };
    const former = await formerOf(table, read);
    const { id, name } = read;
    return call.commit(
      {
        writes: [
          call.stillPermitted(),
          ...replaceOrganization(table, read, next, at),
          ...(former === undefined ? [] : [noLonger(table, former, id)]),
        ],
        events: [draft(ssoEvents, "sso.enforcement_ended", { id, name }, { break_glass_user_id })],
      },
      undefined,
    );
  });
};

const formerOf = async (table: Table, { break_glass_user_id: id }: Organization): Promise<User | undefined> =>
  id === undefined ? undefined : table.of(PLATFORM).get(userItem, { id });

/** Who may be named: an active owner who signs in with a password and a second factor. */
async function glassBreaker(table: Table, tenant: string, user_id: string): Promise<User> {
  const [user, membership] = await table.batch([
    table.of(PLATFORM).read(userItem, { id: user_id }),
    table.of(tenant).read(membershipItem, { user_id }),
  ]);
  const refused = (message: string) => badReference("break_glass_user_id", message);
  if (user === undefined || membership?.status !== "active" || membership.role !== OWNER)
    throw refused("is not an active owner of this organization");
  if (!user.has_password) throw refused("signs in through providers only: there is no password");
  if (user.mfa_enabled_at === undefined) throw refused("has not turned a second factor on");
  if ((user.break_glass_in ?? []).length >= GLASSES_PER_USER) throw refused("is named in too many organizations");
  return user;
}

const stillOwner = (table: Table, tenant: string, user_id: string): Write =>
  table.of(tenant).writes.check(membershipItem, { user_id }, { equals: { status: "active", role: OWNER } }, lostRace);
