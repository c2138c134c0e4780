import { draft } from "../../../shared/change/events.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { Problem } from "../../../shared/errors.ts";
import { sha256 } from "../../../shared/hash.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { emailItem, PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import type { AuthDeps } from "../deps.ts";
import { authEvents } from "../events.ts";
import { EMAIL_CHANGE_SECONDS } from "../model.ts";
import type { operations } from "../operations.ts";
import { emailTaken } from "../registration/account.ts";
import { admit, admitOrigin, knownFromNow } from "../throttle/admit.ts";
import { type EmailChange, emailChangeContext, emailChangeItem, pendingEmailChange } from "./store.ts";

type Ops = typeof operations;

/** Nothing here looks at whether the address has an account: the mail, which only its owner reads, says so. */
export const changeEmail: Handler<Ops["changeEmail"], AuthDeps> = async (call, deps) => {
  const { caller, body, at } = call;
  const { user, principal } = caller;
  if (body.email === user.email) throw new Problem("conflict", "This is the address of the account already.");
  await admit(deps, "email_change", user.id, at);
  const id = newId("email_change", at);
  const secret = deps.randomSecret();
  const change: EmailChange = {
    id,
    user_id: user.id,
    status: "pending",
    old_email: user.email,
    email: body.email,
    secret_hash: sha256(secret),
    sealed_token: await deps.secrets.encrypt(`${id}.${secret}`, emailChangeContext(id)),
    created_at: timestamp(at),
    expires_at: timestamp(addSeconds(at, EMAIL_CHANGE_SECONDS)),
  };
  const data = { user_id: user.id, email_change_id: id };
  return call.commit(
    {
      writes: [deps.table.of(PLATFORM).writes.create(emailChangeItem, change)],
      events: [draft(authEvents, "user.email_change_requested", { id: user.id, name: user.name }, data)],
    },
    { message: "A mail with further steps is on its way to the new address." },
    { tenant: user.default_organization_id, actor: principal },
  );
};

const invalidToken = (): Problem =>
  new Problem("invalid_credentials", "The token is not valid or no longer valid. Ask for the change again.");

/**
 * Exchanges the address: both markers, the user and the wish in one transaction. Only the user who asked takes it: a
 * stranger who got the mail by a slip of the pen gets no account. The epoch rises, so that a password reset or a sign-in
 * under way by the old address ends, too.
 */
export const confirmEmail: Handler<Ops["confirmEmail"], AuthDeps> = async (call, deps) => {
  const { caller, body, at, request } = call;
  await admitOrigin(deps, { source: "token_source" }, request.ip, at);
  const { user, principal } = caller;
  const [id = "", secret = ""] = body.token.split(".");
  const change = /^emc_\w{26}$/.test(id) ? await pendingEmailChange(deps.table, id, at) : undefined;
  if (
    change === undefined ||
    change.secret_hash !== sha256(secret) ||
    change.user_id !== user.id ||
    change.old_email !== user.email
  )
    throw invalidToken();
  const { email, old_email } = change;
  const { writes } = deps.table.of(PLATFORM);
  const set = { email, updated_at: timestamp(at), etag: newEtag(at) };
  const changes = [{ field: "email", old: old_email, new: email }];
  return call.commit(
    {
      writes: [
        writes.transition(emailChangeItem, { id }, { from: ["pending"], set: { status: "used" } }, invalidToken),
        writes.create(emailItem, { email, user_id: user.id }, emailTaken),
        writes.remove(emailItem, { email: old_email }, { equals: { user_id: user.id } }, invalidToken),
        writes.update(
          userItem,
          { id: user.id },
          { set, add: { epoch: 1 } },
          { equals: { email: old_email, status: "active" } },
          invalidToken,
        ),
        ...knownFromNow(deps.table.of(PLATFORM), { email, ip: request.ip }, at),
      ],
      events: [
        draft(
          authEvents,
          "user.email_changed",
          { id: user.id, name: user.name },
          { user_id: user.id, email_change_id: id },
          { changes },
        ),
      ],
    },
    { ...user, ...set },
    { tenant: user.default_organization_id, actor: principal },
  );
};
