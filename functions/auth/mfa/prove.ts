import { commitChange } from "../../../shared/change/commit.ts";
import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { OperationShape } from "../../../shared/http/operation.ts";
import { PLATFORM, type User } from "../../../shared/identity/items.ts";
import { newEtag } from "../../../shared/ids.ts";
import type { AuthDeps } from "../deps.ts";
import { authEvents } from "../events.ts";
import { contextOf } from "../passwords/prove.ts";
import { type Admitted, type Attempt, admitCode } from "../throttle/admit.ts";
import { hashOf } from "./rules/recovery.ts";
import { type SecondFactor, secondFactorContext, secondFactorItem } from "./store.ts";

/** A code that was right: what using it up writes and tells. */
export interface ProvedCode {
  readonly method: "totp" | "recovery_code";
  readonly admitted: Admitted;
  readonly writes: readonly Write[];
  readonly events: readonly EventDraft[];
}

export const wrongCode = (): Problem =>
  new Problem("invalid_credentials", "The code is wrong, or it was used already.");

/**
 * Counts an attempt, then looks at the code: of the authenticator app, or one of the recovery codes. What uses it up is
 * part of the transaction that the proof is for, so that nothing is proved twice by one code.
 * @param use makes that transaction; it is made anew when another code was used meanwhile
 * @throws Problem `invalid_credentials`, `rate_limited`; `conflict` for an account without a second factor
 */
export async function proveCode<T>(
  call: Pick<Call<OperationShape>, "at" | "request" | "trace">,
  deps: AuthDeps,
  user: User,
  { code, ...place }: Omit<Attempt, "ip" | "email"> & { readonly code: string },
  use: (proved: ProvedCode) => Promise<T>,
): Promise<T> {
  const admitted = await admitCode(deps, { ...place, email: user.email, ip: call.request.ip }, call.at);
  return updateWithRetry(undefined, async () => {
    const factor = await deps.table.of(PLATFORM).get(secondFactorItem, { user_id: user.id });
    if (factor?.status !== "active") throw new Problem("conflict", "The account has no second factor.");
    const secret = await deps.secrets.decrypt(factor.sealed_secret, secondFactorContext(user.id));
    const used = await usedUp(factor, secret, code, call.at);
    if (used === undefined) return refuse(call, deps, user);
    const { writes } = deps.table.of(PLATFORM);
    const set = { ...used.set, etag: newEtag(call.at) };
    const spend = writes.update(
      secondFactorItem,
      { user_id: user.id },
      { set },
      { equals: { etag: factor.etag } },
      () => lostRace(),
    );
    return use({ method: used.method, admitted, writes: [spend], events: used.told(user) });
  });
}

/** What changes of the factor when this code is used; undefined when it is none. */
async function usedUp(factor: SecondFactor, secret: string, code: string, at: Date) {
  if (/^\d{6}$/.test(code)) {
    const { stepOf } = await import("./lazy/totp.ts");
    const step = stepOf(secret, code, at);
    return step === undefined || step <= factor.last_step
      ? undefined
      : { method: "totp" as const, set: { last_step: step }, told: () => [] };
  }
  const hash = hashOf(secret, code);
  if (!factor.recovery_hashes.includes(hash)) return undefined;
  const recovery_hashes = factor.recovery_hashes.filter((one) => one !== hash);
  return {
    method: "recovery_code" as const,
    set: { recovery_hashes },
    told: ({ id, name }: User) => [
      draft(authEvents, "mfa.recovery_code_used", { id, name }, { user_id: id, left: recovery_hashes.length }),
    ],
  };
}

async function refuse(
  call: Pick<Call<OperationShape>, "at" | "request" | "trace">,
  deps: AuthDeps,
  user: User,
): Promise<never> {
  const reason = "wrong_code";
  const data = { user_id: user.id, reason };
  await commitChange(deps.table, contextOf(call, user), {
    writes: [],
    events: [draft(authEvents, "session.sign_in_failed", { id: user.id }, data, { reason })],
  });
  throw wrongCode();
}
