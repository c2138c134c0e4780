import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Call, Handler } from "../../../shared/http/call.ts";
import { type StepUpMethod, stepUpMethods } from "../../../shared/http/step-up.ts";
import { PLATFORM, sessionItem } from "../../../shared/identity/items.ts";
import type { AuthDeps } from "../deps.ts";
import { authEvents } from "../events.ts";
import { proveCode } from "../mfa/prove.ts";
import type { operations } from "../operations.ts";
import { provePassword } from "../passwords/prove.ts";

type Ops = typeof operations;

/**
 * Proves a factor again, under the throttle of sign-ins; the session says from then on when that was. What has a second
 * factor is proved by that one: a password alone may have been read over a shoulder.
 */
export const stepUp: Handler<Ops["stepUp"], AuthDeps> = async (call, deps) => {
  const { session, user } = call.caller;
  const { password, code } = call.body;
  const methods = stepUpMethods(session);
  if (!methods.includes(code === undefined ? "password" : "totp"))
    throw new Problem(
      "conflict",
      methods.length === 0
        ? "You came through a sign-in provider and have nothing to prove here. Sign in again."
        : `Prove one of ${methods.join(", ")}.`,
      { members: { methods } },
    );
  if (code !== undefined)
    return proveCode(call, deps, user, { code, session_id: session.id }, ({ method, admitted, writes, events }) =>
      proved(call, deps, method, [...writes, ...admitted.succeeded()], events),
    );
  const attempt = { email: user.email, password: password ?? "", session_id: session.id };
  const { admitted } = await provePassword(call, deps, attempt);
  return proved(call, deps, "password", admitted.succeeded());
};

function proved(
  call: Call<Ops["stepUp"]>,
  deps: AuthDeps,
  method: StepUpMethod,
  writes: readonly Write[],
  events: readonly EventDraft[] = [],
) {
  const { session, user, principal } = call.caller;
  const { sub, origin_jti } = session;
  const proved_at = timestamp(call.at);
  const fresh = deps.table
    .of(PLATFORM)
    .writes.update(
      sessionItem,
      { sub, origin_jti },
      { set: { proved_at, last_seen_at: proved_at, longest_idle_seconds: 0 } },
      { equals: { status: "active" } },
      () => new Problem("conflict", "The session has ended meanwhile. Sign in again."),
    );
  const data = { user_id: user.id, session_id: session.id, method };
  return call.commit(
    {
      writes: [fresh, ...writes],
      events: [draft(authEvents, "session.proved", { id: session.id }, data), ...events],
    },
    { proved_at },
    { tenant: user.default_organization_id, actor: principal },
  );
}
