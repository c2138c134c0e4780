import { commitChange } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { PLATFORM, sessionItem, userItem } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import { countRequest } from "../../../shared/limits/rate.ts";
import type { AuthDeps } from "../deps.ts";
import { authEvents } from "../events.ts";
import { sha256 } from "../model.ts";
import type { operations } from "../operations.ts";
import { contextOf, provePassword } from "../sessions/handlers.ts";
import { attemptsItem, passwordResetItem, pendingReset, resetExpiry, userByEmail } from "../store.ts";

type Ops = typeof operations;

/** What binds the token of a reset to its record. */
export const resetTokenContext = (id: string) => ({ tenant: PLATFORM, field: `password_reset.${id}` });

const invalidToken = (): Problem =>
  new Problem("invalid_credentials", "The token is not valid or no longer valid. Ask for a new one.");

/**
 * The other sessions end in the transaction, before the provider learns the new password: should the second step
 * fail, the user is signed out elsewhere and keeps the old password, never the other way round. The answer to an
 * idempotency key is kept only when both are done, so that a repeated request finishes what was begun.
 */
export const changePassword: Handler<Ops["changePassword"], AuthDeps> = async (call, deps) => {
  const { user, session } = call.caller;
  await provePassword(call, deps, user.email, call.body.current_password);
  const { writes } = deps.table.of(PLATFORM);
  const now = timestamp(call.at);
  await commitChange(deps.table, contextOf(call, user), {
    writes: [
      writes.update(userItem, { id: user.id }, { set: { sessions_valid_from: now } }),
      writes.update(sessionItem, { origin_jti: session.origin_jti }, { set: { authenticated_at: now } }),
      writes.remove(attemptsItem, { account: sha256(user.email) }, {}),
    ],
    events: [draft(authEvents, "user.password_changed", { id: user.id, name: user.name }, { user_id: user.id })],
  });
  await deps.identities.setPassword(user.id, call.body.new_password);
  return undefined;
};

/** Known and unknown addresses leave the same record; only the mail function learns whether there is anybody to write to. */
export const forgotPassword: Handler<Ops["forgotPassword"], AuthDeps> = async (call, deps) => {
  const { at, request } = call;
  const { email } = call.body;
  await countRequest(deps.table.of(PLATFORM), `forgot:${request.ip}`, deps.attempts_per_address, at);
  await countRequest(deps.table.of(PLATFORM), `forgot:${sha256(email)}`, 3, at);
  const user = await userByEmail(deps.table, email);
  const id = newId("password_reset", at);
  const secret = deps.randomSecret();
  const known = user?.status === "active" ? user : undefined;
  const reset = {
    id,
    user_id: known?.id ?? null,
    status: "pending",
    secret_hash: sha256(secret),
    sealed_token: await deps.secrets.encrypt(`${id}.${secret}`, resetTokenContext(id)),
    email,
    created_at: timestamp(at),
    expires_at: resetExpiry(at),
  } as const;
  return call.commit(
    {
      writes: [deps.table.of(PLATFORM).writes.create(passwordResetItem, reset)],
      events: [draft(authEvents, "user.password_reset_requested", { id }, { password_reset_id: id })],
    },
    { message: "If the address has an account, a mail with further steps is on its way." },
    { tenant: known?.default_organization_id ?? PLATFORM, actor: { type: "system", id: "anonymous" } },
  );
};

export const resetPassword: Handler<Ops["resetPassword"], AuthDeps> = async (call, deps) => {
  const { at, body } = call;
  await countRequest(deps.table.of(PLATFORM), `reset:${call.request.ip}`, deps.attempts_per_address, at);
  const [id = "", secret = ""] = body.token.split(".");
  const reset = /^pwr_\w{26}$/.test(id) ? await pendingReset(deps.table, id, at) : undefined;
  if (reset === undefined || reset.user_id === null || reset.secret_hash !== sha256(secret)) throw invalidToken();
  const platform = deps.table.of(PLATFORM);
  const user = await platform.get(userItem, { id: reset.user_id });
  if (user?.status !== "active") throw invalidToken();
  await commitChange(deps.table, contextOf(call, user), {
    writes: [
      platform.writes.transition(
        passwordResetItem,
        { id },
        { from: ["pending"], set: { status: "used" } },
        invalidToken,
      ),
      platform.writes.update(
        userItem,
        { id: user.id },
        { set: { sessions_valid_from: timestamp(at) } },
        { equals: { status: "active" } },
        invalidToken,
      ),
      platform.writes.remove(attemptsItem, { account: sha256(user.email) }, {}),
    ],
    events: [draft(authEvents, "user.password_reset", { id: user.id, name: user.name }, { user_id: user.id })],
  });
  await deps.identities.setPassword(user.id, body.new_password);
  return undefined;
};
