import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { Condition } from "../../../shared/dynamo/condition.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import type { Problem } from "../../../shared/errors.ts";
import { sha256 } from "../../../shared/hash.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { OperationShape } from "../../../shared/http/operation.ts";
import { PLATFORM, type Session, sessionItem, type User, userItem } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import type { AuthDeps } from "../deps.ts";
import { authEvents } from "../events.ts";
import { formatRefreshToken, SESSION_SECONDS, SESSIONS_PER_USER, type Tokens } from "../model.ts";
import { beingChanged } from "../passwords/hold.ts";
import type { ProviderTokens } from "./cognito.ts";
import { revocation } from "./cut-off.ts";
import { endSession, liveSessions } from "./store.ts";

/** What binds the provider's refresh token to its session. */
export const providerTokenContext = ({ sub, origin_jti }: Pick<Session, "sub" | "origin_jti">) =>
  ({
    purpose: "pool_sessions",
    tenant: PLATFORM,
    field: `session.${sub}.${origin_jti}`,
  }) as const;

/** The request by which somebody signs in. */
export type Arrival = Pick<Call<OperationShape>, "request" | "trace" | "place" | "at">;

/** A session for fresh tokens of the provider, and the tokens the caller gets: ours rotate, the provider's stay inside. */
export async function newSession(
  deps: Pick<AuthDeps, "randomSecret" | "secrets">,
  user: Pick<User, "id" | "default_organization_id" | "mfa_enabled_at">,
  provider: ProviderTokens,
  via: Pick<Session, "method" | "connection_id" | "connection_organization_id">,
  { request, place, at }: Arrival,
): Promise<{ session: Session; tokens: Tokens }> {
  if (provider.refresh_token === undefined) throw new Error("the provider gave no refresh token");
  const secret = deps.randomSecret();
  const now = timestamp(at);
  const session: Session = {
    sub: provider.sub,
    origin_jti: provider.origin_jti,
    client_id: provider.client_id,
    id: newId("session", at),
    user_id: user.id,
    default_organization_id: user.default_organization_id,
    status: "active",
    refresh_hash: sha256(secret),
    provider_token: await deps.secrets.encrypt(provider.refresh_token, providerTokenContext(provider)),
    ...via,
    second_factor: user.mfa_enabled_at !== undefined,
    proved_at: now,
    last_seen_at: now,
    longest_idle_seconds: 0,
    ip: request.ip,
    ...(place === null ? {} : { place }),
    user_agent: request.user_agent,
    created_at: now,
    refreshed_at: now,
    expires_at: timestamp(addSeconds(at, SESSION_SECONDS)),
  };
  return { session, tokens: tokensOf(provider, secret) };
}

export const tokensOf = (provider: ProviderTokens, secret: string): Tokens => ({
  token_type: "Bearer",
  access_token: provider.access_token,
  expires_in: provider.expires_in,
  refresh_token: formatRefreshToken(provider, secret),
});

export const signedIn = ({ id, user_id, method }: Session): EventDraft =>
  draft(
    authEvents,
    "session.signed_in",
    { id },
    { user_id, session_id: id, method },
    { changes: [{ field: "method", old: null, new: method }] },
  );

/** A mail goes to the person, who knows whether it was them. */
export const newDevice = ({ id, user_id }: Session): EventDraft =>
  draft(authEvents, "session.new_device", { id }, { user_id, session_id: id });

/** What the transaction that opens a session holds. */
export interface Opening {
  readonly user: User;
  readonly writes: readonly Write[];
  readonly events: readonly [EventDraft, ...EventDraft[]];
}

/** An account at the pool that becomes the user's with the session that is opened by it. */
export interface NewSub {
  readonly sub: string;
}

/**
 * Opens a session for a user who has proved the password, by the transaction that `commit` makes of it. It succeeds only
 * while the user is what they were before the proof: active, under the same epoch, and no password being changed.
 * When the user has as many sessions as there may be, the oldest end in the same transaction.
 * @param user as read before the password was proved
 * @param stale the refusal when the proof no longer counts
 * @param account another account at the pool that becomes the user's
 */
export async function openSession<T>(
  deps: Pick<AuthDeps, "table">,
  user: User,
  session: Session,
  at: Date,
  stale: () => Problem,
  commit: (opening: Opening) => Promise<T>,
  account?: NewSub,
): Promise<T> {
  const platform = deps.table.of(PLATFORM);
  const last_login_at = timestamp(at);
  let seen = user;
  let full = false;
  // Only what is lost here is tried again: who commits has read things of their own, which would be as stale as before.
  const lost = new Set<Problem>();
  const again = (): Problem => {
    const problem = lostRace();
    lost.add(problem);
    return problem;
  };
  const attempt = async () => {
    const live = full ? await liveSessions(deps.table, seen, at) : [];
    const over = live.length - SESSIONS_PER_USER + 1;
    const ended = over > 0 ? live.slice(0, over) : [];
    const { default_organization_id, sessions_opened } = seen;
    const place: Condition = full ? { equals: { sessions_opened } } : { below: { sessions_live: SESSIONS_PER_USER } };
    const more = account === undefined ? {} : { subs: [...user.subs, account.sub] };
    const opened = platform.writes.update(
      userItem,
      { id: user.id },
      full
        ? {
            set: { ...more, last_login_at, sessions_live: live.length - ended.length + 1 },
            add: { sessions_opened: 1 },
          }
        : { set: { ...more, last_login_at }, add: { sessions_opened: 1, sessions_live: 1 } },
      {
        equals: { status: "active", epoch: user.epoch, default_organization_id, subs: user.subs },
        any: [{ absent: ["password_hold_until"] }, { below: { password_hold_until: timestamp(at) } }],
        all: [place],
      },
      (old) => {
        if (old?.status !== "active" || old.epoch !== user.epoch || old.subs.length !== user.subs.length)
          return stale();
        const held = beingChanged(old, at);
        if (held !== undefined) return held;
        seen = old;
        full = old.sessions_live >= SESSIONS_PER_USER;
        return again();
      },
    );
    return commit({
      user: { ...seen, last_login_at },
      writes: [
        opened,
        platform.writes.create(sessionItem, { ...session, default_organization_id }),
        ...ended.map((one) => endSession(deps.table, one, "revoked", again)),
      ],
      events: [signedIn(session), ...revocation(user.id, ended, "limit")],
    });
  };
  return updateWithRetry(undefined, attempt, (problem) => lost.has(problem));
}
