import { draft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { stepUpMethods } from "../../../shared/http/step-up.ts";
import { PLATFORM, sessionItem } from "../../../shared/identity/items.ts";
import type { AuthDeps } from "../deps.ts";
import { authEvents } from "../events.ts";
import type { operations } from "../operations.ts";
import { provePassword } from "../passwords/prove.ts";

type Ops = typeof operations;

/** Proves a factor again, under the throttle of sign-ins; the session says from then on when that was. */
export const stepUp: Handler<Ops["stepUp"], AuthDeps> = async (call, deps) => {
  const { session, user, principal } = call.caller;
  const { password } = call.body;
  if (!stepUpMethods(session).includes("password"))
    throw new Problem("conflict", "You came through a sign-in provider and have nothing to prove here. Sign in again.");
  const { admitted } = await provePassword(call, deps, { email: user.email, password, session_id: session.id });
  const proved_at = timestamp(call.at);
  const { sub, origin_jti } = session;
  const proved = deps.table
    .of(PLATFORM)
    .writes.update(
      sessionItem,
      { sub, origin_jti },
      { set: { proved_at } },
      { equals: { status: "active" } },
      () => new Problem("conflict", "The session has ended meanwhile. Sign in again."),
    );
  const data = { user_id: user.id, session_id: session.id, method: "password" } as const;
  return call.commit(
    {
      writes: [proved, ...admitted.succeeded()],
      events: [draft(authEvents, "session.proved", { id: session.id }, data)],
    },
    { proved_at },
    { tenant: user.default_organization_id, actor: principal },
  );
};
