import type { Principal } from "../../../shared/access/principal.ts";
import { type ChangeContext, commitChange } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Call, Handler } from "../../../shared/http/call.ts";
import type { OperationShape } from "../../../shared/http/operation.ts";
import { PLATFORM, type Session, sessionItem, type User, userItem } from "../../../shared/identity/items.ts";
import { countRequest } from "../../../shared/limits/rate.ts";
import type { AuthDeps } from "../deps.ts";
import { authEvents } from "../events.ts";
import { parseRefreshToken, sha256 } from "../model.ts";
import type { operations } from "../operations.ts";
import { admitAttempt, attemptsItem, NOBODY, userByEmail } from "../store.ts";
import { openSession, providerTokenContext, tokensOf } from "./open.ts";

type Ops = typeof operations;

/** One answer for every reason why a sign-in fails. */
export const invalidCredentials = (): Problem =>
  new Problem("invalid_credentials", "The e-mail or the password is wrong.");
const invalidRefresh = (): Problem =>
  new Problem("invalid_refresh_token", "The refresh token is not valid. Sign in again.");

const ANONYMOUS: Principal = { type: "system", id: "anonymous" };

/**
 * Counts an attempt by address and by account, then asks the provider. Unknown users and wrong passwords do the same
 * work. @returns the user and the provider's tokens
 */
export async function provePassword(
  call: Pick<Call<OperationShape>, "at" | "request">,
  deps: AuthDeps,
  email: string,
  password: string,
) {
  await countRequest(deps.table.of(PLATFORM), `sign_in:${call.request.ip}`, deps.attempts_per_address, call.at);
  await admitAttempt(deps.table, email, call.at);
  const user = await userByEmail(deps.table, email);
  const provider = await deps.identities.signIn(user?.id ?? NOBODY, password);
  if (provider !== undefined && user?.status === "active") return { user, provider };
  const reason =
    user === undefined ? "unknown_account" : provider === undefined ? "wrong_password" : `user_${user.status}`;
  await commitChange(deps.table, contextOf(call, user), {
    writes: [],
    events: [
      draft(
        authEvents,
        "session.sign_in_failed",
        { id: user?.id ?? sha256(email) },
        { user_id: user?.id ?? null, reason },
        { reason },
      ),
    ],
  });
  throw invalidCredentials();
}

/** Where what happens to an account is remembered: the user's default organization, or the platform when nobody is known. */
export const contextOf = (
  call: Pick<Call<OperationShape>, "at" | "request">,
  user: User | undefined,
): ChangeContext => ({
  tenant: user?.default_organization_id ?? PLATFORM,
  actor: user === undefined ? ANONYMOUS : { type: "user", id: user.id },
  at: call.at,
  trace_id: call.request.id,
  request: call.request,
});

export const login: Handler<Ops["login"], AuthDeps> = async (call, deps) => {
  const { user, provider } = await provePassword(call, deps, call.body.email, call.body.password);
  const { session, tokens } = await openSession(deps, user.id, provider, call.request, call.at);
  const { writes } = deps.table.of(PLATFORM);
  const last_login_at = timestamp(call.at);
  return call.commit(
    {
      writes: [
        writes.create(sessionItem, session),
        writes.update(
          userItem,
          { id: user.id },
          { set: { last_login_at } },
          { equals: { status: "active" } },
          invalidCredentials,
        ),
        writes.remove(attemptsItem, { account: sha256(user.email) }, {}),
      ],
      events: [
        draft(authEvents, "session.signed_in", { id: session.id }, { user_id: user.id, session_id: session.id }),
      ],
    },
    { user: { ...user, last_login_at }, tokens },
    { tenant: user.default_organization_id, actor: { type: "user", id: user.id } },
  );
};

export const refresh: Handler<Ops["refresh"], AuthDeps> = async (call, deps) => {
  const presented = parseRefreshToken(call.body.refresh_token);
  if (presented === undefined) throw invalidRefresh();
  const platform = deps.table.of(PLATFORM);
  const session = await platform.get(sessionItem, { origin_jti: presented.origin_jti });
  if (session === undefined || session.status !== "active" || Date.parse(session.expires_at) <= call.at.getTime())
    throw invalidRefresh();
  const user = await platform.get(userItem, { id: session.user_id });
  if (user === undefined || user.status !== "active" || session.authenticated_at < user.sessions_valid_from)
    throw invalidRefresh();
  if (session.refresh_hash !== sha256(presented.secret)) return endFamily(call, deps, session, user);
  const provider = await deps.identities.refresh(
    await deps.secrets.decrypt(session.provider_token, providerTokenContext(session.origin_jti)),
  );
  if (provider === undefined) throw invalidRefresh();
  const secret = deps.randomSecret();
  let reused = false;
  const swap = platform.writes.update(
    sessionItem,
    { origin_jti: session.origin_jti },
    { set: { refresh_hash: sha256(secret), refreshed_at: timestamp(call.at) } },
    { equals: { status: "active", refresh_hash: sha256(presented.secret) } },
    (old) => {
      reused = old?.status === "active";
      return invalidRefresh();
    },
  );
  try {
    return await call.answer([swap], tokensOf({ ...provider, origin_jti: session.origin_jti }, secret));
  } catch (error) {
    if (reused) return endFamily(call, deps, session, user);
    throw error;
  }
};

/** A refresh token came a second time: somebody else has it. The session ends for both. */
async function endFamily(call: Call<Ops["refresh"]>, deps: AuthDeps, session: Session, user: User): Promise<never> {
  const { writes } = deps.table.of(PLATFORM);
  await commitChange(deps.table, contextOf(call, user), {
    writes: [
      writes.transition(
        sessionItem,
        { origin_jti: session.origin_jti },
        { from: ["active"], set: { status: "revoked" } },
        invalidRefresh,
      ),
    ],
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
  const { writes } = table.of(PLATFORM);
  const ended = () => new Problem("conflict", "The session has already ended.");
  return call.commit(
    {
      writes: [
        writes.transition(
          sessionItem,
          { origin_jti: session.origin_jti },
          { from: ["active"], set: { status: "signed_out" } },
          ended,
        ),
      ],
      events: [
        draft(authEvents, "session.signed_out", { id: session.id }, { user_id: user.id, session_id: session.id }),
      ],
    },
    undefined,
    { tenant: user.default_organization_id, actor: principal },
  );
};
