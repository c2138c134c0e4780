import type { Way } from "../../../shared/identity/items.ts";
import type { Profile } from "../model.ts";
import type { SignInDeps } from "./deps.ts";
import type { HostedTokens } from "./hosted.ts";
import { nonceOf, verifierOf } from "./rules/browser.ts";
import { profileOf } from "./rules/profile.ts";

/** Somebody as the pool tells of them, with its tokens. */
export interface Person {
  readonly profile: Profile;
  readonly tokens: HostedTokens;
  /** All that the pool's id token says. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** The person that the pool's answer to the code tells of; undefined for an answer that proves nothing. */
export async function personOf(
  code: string,
  secret: string,
  { pool_client_id: client_id, callback_url, provider_name, kind }: Way,
  { hosted }: SignInDeps,
): Promise<Person | undefined> {
  const code_verifier = verifierOf(secret);
  const tokens = await hosted.exchange({ code, code_verifier, client_id, redirect_uri: callback_url });
  const claims = tokens && (await hosted.claims(tokens.id_token, client_id));
  if (tokens === undefined || claims?.nonce !== nonceOf(secret)) return undefined;
  const profile = profileOf(claims, provider_name, kind);
  return profile && { profile, tokens, claims };
}
