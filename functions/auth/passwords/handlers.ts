import { draft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import { Problem } from "../../../shared/errors.ts";
import { sha256 } from "../../../shared/hash.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import type { AuthDeps } from "../deps.ts";
import { authEvents } from "../events.ts";
import type { operations } from "../operations.ts";
import { passwordResetItem, pendingReset, resetExpiry, resetTokenContext, userByEmail } from "../store.ts";
import { admit, admitOrigin, knownFromNow } from "../throttle/admit.ts";
import { accountOf, originOf } from "../throttle/model.ts";
import { contextOf, invalidCredentials, provePassword } from "./prove.ts";
import { replacePassword } from "./replace.ts";

type Ops = typeof operations;

const invalidToken = (): Problem =>
  new Problem("invalid_credentials", "The token is not valid or no longer valid. Ask for a new one.");

export const changePassword: Handler<Ops["changePassword"], AuthDeps> = async (call, deps) => {
  const { session } = call.caller;
  const { current_password: password } = call.body;
  const { email } = call.caller.user;
  const { user, admitted } = await provePassword(call, deps, { email, password, session_id: session.id });
  await replacePassword(deps, contextOf(call, user), {
    user,
    password: call.body.new_password,
    reason: "password_changed",
    keep: session.origin_jti,
    stale: invalidCredentials,
    writes: admitted.succeeded(),
    event: draft(authEvents, "user.password_changed", { id: user.id, name: user.name }, { user_id: user.id }),
  });
  return undefined;
};

/** Known and unknown addresses leave the same record; only the mail function learns whether there is anybody to write to. */
export const forgotPassword: Handler<Ops["forgotPassword"], AuthDeps> = async (call, deps) => {
  const { at, request } = call;
  const { email } = call.body;
  const account = accountOf(email);
  await admitOrigin(deps, { source: "forgot_source" }, request.ip, at);
  await admit(deps, "forgot_pair", `${account}:${originOf(request.ip).source}`, at);
  await admit(deps, "forgot_account", account, at);
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

/** The token is spent in the last step: a password that the pool refuses leaves it as it was. */
export const resetPassword: Handler<Ops["resetPassword"], AuthDeps> = async (call, deps) => {
  const { at, body } = call;
  await admitOrigin(deps, { source: "token_source" }, call.request.ip, at);
  const [id = "", secret = ""] = body.token.split(".");
  const platform = deps.table.of(PLATFORM);
  const named = /^pwr_\w{26}$/.test(id) ? await pendingReset(deps.table, id, at) : undefined;
  if (named?.user_id == null || named.secret_hash !== sha256(secret)) throw invalidToken();
  const user = await platform.get(userItem, { id: named.user_id });
  // Read again after the user: a reset that came between has raised the epoch, or spent the token before.
  const reset = await pendingReset(deps.table, id, at);
  // What was mailed to an address that is the user's no more proves nothing.
  if (user?.status !== "active" || reset?.email !== user.email) throw invalidToken();
  const used = platform.writes.transition(
    passwordResetItem,
    { id },
    { from: ["pending"], set: { status: "used" } },
    invalidToken,
  );
  await replacePassword(deps, contextOf(call, user), {
    user,
    password: body.new_password,
    reason: "password_reset",
    stale: invalidToken,
    writes: [used, ...knownFromNow(platform, { email: user.email, ip: call.request.ip }, at)],
    event: draft(authEvents, "user.password_reset", { id: user.id, name: user.name }, { user_id: user.id }),
  });
  return undefined;
};
