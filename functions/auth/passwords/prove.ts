import type { Principal } from "../../../shared/access/principal.ts";
import { type ChangeContext, commitChange } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import { Problem } from "../../../shared/errors.ts";
import { sha256 } from "../../../shared/hash.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { OperationShape } from "../../../shared/http/operation.ts";
import { PLATFORM, type User } from "../../../shared/identity/items.ts";
import { AUDIT_DAYS } from "../../../shared/limits/retention.ts";
import type { AuthDeps } from "../deps.ts";
import { authEvents } from "../events.ts";
import { NOBODY, userByEmail } from "../store.ts";
import { type Attempt, admitAttempt } from "../throttle/admit.ts";

/** One answer for every reason why a sign-in fails. */
export const invalidCredentials = (): Problem =>
  new Problem("invalid_credentials", "The e-mail or the password is wrong.");

const ANONYMOUS: Principal = { type: "system", id: "anonymous" };

/** Where what happens to an account is remembered: the user's default organization, or the platform when nobody is known. */
export const contextOf = (
  call: Pick<Call<OperationShape>, "at" | "request" | "trace">,
  user: User | undefined,
): ChangeContext => ({
  tenant: user?.default_organization_id ?? PLATFORM,
  actor: user === undefined ? ANONYMOUS : { type: "user", id: user.id },
  at: call.at,
  trace_id: call.trace.trace_id,
  request: call.request,
  // Whatever happens to an account is about access, which is kept longer than an organization can set.
  audit_days: AUDIT_DAYS,
});

/**
 * Counts an attempt, then asks the provider. Unknown users and wrong passwords do the same work.
 * @returns the user as read before the password was proved, the provider's tokens, and what a success is to write
 */
export async function provePassword(
  call: Pick<Call<OperationShape>, "at" | "request" | "trace">,
  deps: AuthDeps,
  { password, ...place }: Omit<Attempt, "ip"> & { readonly password: string },
) {
  const { email } = place;
  const admitted = await admitAttempt(deps, { ...place, ip: call.request.ip }, call.at);
  const user = await userByEmail(deps.table, email);
  const provider = await deps.identities.signIn(user?.id ?? NOBODY, password);
  // An account at the pool that a dead request has left behind is nobody's yet: its sessions would be found by nobody.
  const theirs = provider !== undefined && user?.subs.includes(provider.sub) === true;
  if (theirs && user.status === "active") return { user, provider, admitted };
  const reason = user === undefined ? "unknown_account" : !theirs ? "wrong_password" : `user_${user.status}`;
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
