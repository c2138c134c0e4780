import { draft } from "../../../shared/change/events.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import { sha256 } from "../../../shared/hash.ts";
import { PLATFORM, type User, userItem } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import type { AuthDeps } from "../deps.ts";
import { authEvents } from "../events.ts";
import type { ProviderTokens } from "../sessions/cognito.ts";
import { challengeContext, type MfaChallenge, mfaChallengeItem } from "./store.ts";

/** How long a code may be waited for. */
const CHALLENGE_SECONDS = 600;

export const staleChallenge = (): Problem =>
  new Problem("invalid_credentials", "The sign-in is over or was finished already. Begin it anew.");

/**
 * Writes down that a password was right. The provider has given its tokens by then; they stay inside, encrypted, and no
 * session of ours names them, so that they open nothing. The epoch was read before the password was proved.
 */
export async function challengeOf(deps: AuthDeps, user: User, provider: ProviderTokens, at: Date) {
  if (provider.refresh_token === undefined) throw new Error("the provider gave no refresh token");
  const id = newId("mfa_challenge", at);
  const secret = deps.randomSecret();
  const { sub, origin_jti, client_id } = provider;
  const challenge: MfaChallenge = {
    id,
    user_id: user.id,
    status: "pending",
    secret_hash: sha256(secret),
    epoch: user.epoch,
    sub,
    origin_jti,
    client_id,
    sealed_token: await deps.secrets.encrypt(provider.refresh_token, challengeContext(id)),
    created_at: timestamp(at),
    expires_at: timestamp(addSeconds(at, CHALLENGE_SECONDS)),
  };
  return {
    write: deps.table.of(PLATFORM).writes.create(mfaChallengeItem, challenge),
    event: draft(authEvents, "session.challenged", { id: user.id, name: user.name }, { user_id: user.id }),
    answer: {
      status: "mfa_required" as const,
      challenge: `${id}.${secret}`,
      methods: ["totp" as const, "recovery_code" as const],
      expires_at: challenge.expires_at,
    },
  };
}

/** A challenge that still counts, with its user as they were when the password was proved. */
export async function openChallenge(deps: AuthDeps, token: string, at: Date) {
  const [id = "", secret = ""] = token.split(".");
  const platform = deps.table.of(PLATFORM);
  const challenge = /^mfc_\w{26}$/.test(id) ? await platform.get(mfaChallengeItem, { id }) : undefined;
  if (
    challenge?.status !== "pending" ||
    challenge.secret_hash !== sha256(secret) ||
    Date.parse(challenge.expires_at) <= at.getTime()
  )
    throw staleChallenge();
  const user = await platform.get(userItem, { id: challenge.user_id });
  if (user?.status !== "active" || user.epoch !== challenge.epoch) throw staleChallenge();
  return { challenge, user };
}

/** Fresh tokens of the provider for the sign-in that waited. */
export async function tokensFor(deps: AuthDeps, challenge: MfaChallenge): Promise<ProviderTokens> {
  const { id, sub, origin_jti, client_id } = challenge;
  const refresh_token = await deps.secrets.decrypt(challenge.sealed_token, challengeContext(id));
  const fresh = await deps.identities.refresh(refresh_token, client_id);
  if (fresh === undefined) throw staleChallenge();
  return { ...fresh, sub, origin_jti, client_id, refresh_token };
}

/** The write that uses a challenge up. */
export const spendChallenge = (deps: AuthDeps, { id }: MfaChallenge): Write =>
  deps.table
    .of(PLATFORM)
    .writes.transition(mfaChallengeItem, { id }, { from: ["pending"], set: { status: "used" } }, staleChallenge);
