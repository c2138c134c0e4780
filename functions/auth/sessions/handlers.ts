import { personBehind } from "../../../shared/access/caller.ts";
import { commitChange } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import { sha256 } from "../../../shared/hash.ts";
import type { Call, Handler } from "../../../shared/http/call.ts";
import { PLATFORM, type Session, sessionItem, type User, userItem } from "../../../shared/identity/items.ts";
import { requireReach } from "../../users/public.ts";
import type { AuthDeps } from "../deps.ts";
import { authEvents } from "../events.ts";
import { challengeOf } from "../mfa/challenge.ts";
import { parseRefreshToken } from "../model.ts";
import type { operations } from "../operations.ts";
import { contextOf, invalidCredentials, provePassword } from "../passwords/prove.ts";
import { admitOrigin } from "../throttle/admit.ts";
import { cutOff, revoked } from "./cut-off.ts";
import { deviceOf } from "./device.ts";
import { providerTokenContext, tokensOf } from "./open.ts";
import { openSignIn } from "./sign-in.ts";
import { endSession as ended, liveSessions } from "./store.ts";

type Ops = typeof operations;

const invalidRefresh = (): Problem =>
  new Problem("invalid_refresh_token", "The refresh token is not valid. Sign in again.");

export const login: Handler<Ops["login"], AuthDeps> = async (call, deps) => {
  const { user, provider, admitted } = await provePassword(call, deps, call.body);
  const as = { tenant: user.default_organization_id, actor: { type: "user", id: user.id } } as const;
  if (user.mfa_enabled_at !== undefined) {
    const { write, event, answer } = await challengeOf(deps, user, provider, call.at);
    return call.commit({ writes: [write], events: [event] }, answer, as);
  }
  const { device_token } = call.body;
  const proved = { user, provider, admitted, device_token, stale: invalidCredentials };
  return openSignIn(call, deps, proved, (opening, answer) => call.commit(opening, answer, as));
};

/**
 * A session that a cut-off has ended is refreshed no more: both write the session under the condition that it is
 * active, and the user must be so too.
 */
export const refresh: Handler<Ops["refresh"], AuthDeps> = async (call, deps) => {
  const presented = parseRefreshToken(call.body.refresh_token);
  await admitOrigin(deps, { source: "refresh_source" }, call.request.ip, call.at);
  if (presented === undefined) throw invalidRefresh();
  const { sub, origin_jti } = presented;
  const platform = deps.table.of(PLATFORM);
  const session = await platform.get(sessionItem, { sub, origin_jti });
  if (session?.status !== "active" || Date.parse(session.expires_at) <= call.at.getTime()) throw invalidRefresh();
  const user = await platform.get(userItem, { id: session.user_id });
  if (user?.status !== "active") throw invalidRefresh();
  if (session.refresh_hash !== sha256(presented.secret)) return endFamily(call, deps, session, user);
  const provider = await deps.identities.refresh(
    await deps.secrets.decrypt(session.provider_token, providerTokenContext(session)),
    session.client_id,
  );
  if (provider === undefined) throw invalidRefresh();
  const secret = deps.randomSecret();
  let reused = false;
  const swap = platform.writes.update(
    sessionItem,
    { sub, origin_jti },
    { set: { refresh_hash: sha256(secret), refreshed_at: timestamp(call.at) } },
    { equals: { status: "active", refresh_hash: sha256(presented.secret) } },
    (old) => {
      reused = old?.status === "active";
      return invalidRefresh();
    },
  );
  const active = platform.writes.check(userItem, { id: user.id }, { equals: { status: "active" } }, invalidRefresh);
  try {
    return await call.answer([swap, active], tokensOf({ ...provider, sub, origin_jti }, secret));
  } catch (error) {
    if (reused) return endFamily(call, deps, session, user);
    throw error;
  }
};

/** A refresh token came a second time: somebody else has it. The session ends for both. */
async function endFamily(call: Call<Ops["refresh"]>, deps: AuthDeps, session: Session, user: User): Promise<never> {
  await commitChange(deps.table, contextOf(call, user), {
    writes: ending(deps.table, session, "revoked", invalidRefresh),
    events: [
      draft(
        authEvents,
        "session.refresh_reuse_detected",
        { id: session.id },
        { user_id: user.id, session_id: session.id },
      ),
    ],
  });
  throw invalidRefresh();
}

export const logout: Handler<Ops["logout"], AuthDeps> = async (call, { table }) => {
  const { session, user, principal } = call.caller;
  return call.commit(
    {
      writes: ending(table, session, "signed_out", () => new Problem("conflict", "The session has already ended.")),
      events: [
        draft(authEvents, "session.signed_out", { id: session.id }, { user_id: user.id, session_id: session.id }),
      ],
    },
    undefined,
    { tenant: user.default_organization_id, actor: principal },
  );
};

export const signOutOthers: Handler<Ops["signOutOthers"], AuthDeps> = async (call, { table }) => {
  const { user, session } = call.caller;
  const keep = session.origin_jti;
  await cutOff(table, contextOf(call, user), { user_id: user.id, reason: "signed_out_elsewhere", keep });
  return undefined;
};

export const listSessions: Handler<Ops["listSessions"], AuthDeps> = async ({ caller, at }, { table }) => {
  const live = await liveSessions(table, caller.user, at);
  const items = live.reverse().map(async (session) => ({
    ...session,
    current: session.id === caller.session.id,
    place: session.place ?? null,
    device: await deviceOf(session.user_agent),
  }));
  return { items: await Promise.all(items) };
};

export const endSession: Handler<Ops["endSession"], AuthDeps> = async (call, { table }) => {
  const { caller, path, at } = call;
  const { user, principal } = caller;
  const session = (await liveSessions(table, user, at)).find(({ id }) => id === path.session_id);
  if (session === undefined) throw notFound();
  return call.commit(
    {
      writes: ending(table, session, "revoked", () => notFound()),
      events: [revoked(user.id, [session], "signed_out_elsewhere")],
    },
    undefined,
    { tenant: user.default_organization_id, actor: principal },
  );
};

export const signOutMember: Handler<Ops["signOutMember"], AuthDeps> = async (call, { table }) => {
  const { caller } = call;
  const { user, membership } = await call.load();
  if (user.id === personBehind(caller.principal))
    throw new Problem(
      "conflict",
      "End your own sessions with `POST /auth/me/sign-out-others` and `POST /auth/logout`.",
    );
  await requireReach(table, caller, [membership.role]);
  await cutOff(table, call.context, {
    user_id: user.id,
    reason: "signed_out_by_administrator",
    writes: call.proofs(),
  });
  return undefined;
};

/** The writes that end one live session and give its place back. */
const ending = (table: Table, session: Session, status: "revoked" | "signed_out", refuse: () => Problem): Write[] => [
  { ...ended(table, session, status), refuse },
  table.of(PLATFORM).writes.update(userItem, { id: session.user_id }, { add: { sessions_live: -1 } }),
];
