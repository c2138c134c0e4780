import type { ChangeContext } from "../../../shared/change/commit.ts";
import type { EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { PLATFORM, type Session, sessionItem, type User } from "../../../shared/identity/items.ts";
import { newEtag } from "../../../shared/ids.ts";
import type { AuthDeps } from "../deps.ts";
import { cutOff } from "../sessions/cut-off.ts";
import { hashOf, RECOVERY_CODES, recoveryCode } from "./rules/recovery.ts";
import { type SecondFactor, secondFactorItem } from "./store.ts";

/** New recovery codes, and what is kept of them. */
export function newCodes(deps: Pick<AuthDeps, "randomSecret">, secret: string) {
  const codes = Array.from({ length: RECOVERY_CODES }, () =>
    recoveryCode(Buffer.from(deps.randomSecret(), "base64url")),
  );
  return { codes, hashes: codes.map((code) => hashOf(secret, code)) };
}

/** The write that changes a factor as it was read. */
export const changeFactor = (deps: AuthDeps, factor: SecondFactor, set: Partial<SecondFactor>, at: Date): Write =>
  deps.table
    .of(PLATFORM)
    .writes.update(
      secondFactorItem,
      { user_id: factor.user_id },
      { set: { ...set, etag: newEtag(at) }, ...(set.status === "active" ? { remove: ["expires_at" as const] } : {}) },
      { equals: { etag: factor.etag } },
      lostRace,
    );

/**
 * Turns an account's second factor on or off. All other sessions end: those that were opened without it are not to
 * outlive it, and a session says whether its account has one.
 */
export function turn(
  deps: AuthDeps,
  context: ChangeContext,
  user: Pick<User, "id">,
  to: { readonly on: boolean; readonly keep?: Session; readonly writes: readonly Write[]; readonly event: EventDraft },
): Promise<void> {
  const { on, keep } = to;
  const kept = keep && { sub: keep.sub, origin_jti: keep.origin_jti };
  const own =
    kept === undefined
      ? []
      : [
          deps.table
            .of(PLATFORM)
            .writes.update(
              sessionItem,
              kept,
              { set: { second_factor: on, proved_at: timestamp(context.at) } },
              { equals: { status: "active" } },
              lostRace,
            ),
        ];
  return cutOff(deps.table, context, {
    user_id: user.id,
    reason: "mfa_changed",
    keep: keep?.origin_jti,
    ...(on ? { set: { mfa_enabled_at: timestamp(context.at) } } : { remove: ["mfa_enabled_at"] }),
    writes: [...own, ...to.writes],
    events: [to.event],
  });
}
