import type { RequestFacts } from "../../../shared/change/items.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { PLATFORM, type Session } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import type { AuthDeps } from "../deps.ts";
import { formatRefreshToken, SESSION_SECONDS, sha256, type Tokens } from "../model.ts";
import type { ProviderTokens } from "./cognito.ts";

/** What binds the provider's refresh token to its session. */
export const providerTokenContext = (originJti: string) => ({ tenant: PLATFORM, field: `session.${originJti}` });

/** A session for fresh tokens of the provider, and the tokens the caller gets: ours rotate, the provider's stay inside. */
export async function openSession(
  deps: AuthDeps,
  userId: string,
  provider: ProviderTokens,
  request: RequestFacts,
  at: Date,
): Promise<{ session: Session; tokens: Tokens }> {
  if (provider.refresh_token === undefined) throw new Error("the provider gave no refresh token");
  const secret = deps.randomSecret();
  const now = timestamp(at);
  const session: Session = {
    origin_jti: provider.origin_jti,
    id: newId("session", at),
    user_id: userId,
    status: "active",
    refresh_hash: sha256(secret),
    provider_token: await deps.secrets.encrypt(provider.refresh_token, providerTokenContext(provider.origin_jti)),
    ip: request.ip,
    user_agent: request.user_agent,
    created_at: now,
    authenticated_at: now,
    refreshed_at: now,
    expires_at: timestamp(addSeconds(at, SESSION_SECONDS)),
  };
  return { session, tokens: tokensOf(provider, secret) };
}

export const tokensOf = (provider: ProviderTokens, secret: string): Tokens => ({
  token_type: "Bearer",
  access_token: provider.access_token,
  expires_in: provider.expires_in,
  refresh_token: formatRefreshToken(provider.origin_jti, secret),
});
