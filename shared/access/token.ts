import { CognitoJwtVerifier } from "aws-jwt-verify";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";
import { Problem } from "../errors.ts";
import { claimsOf, createKeys, decompose, isGenuine, type TokenClaims } from "./jwt.ts";

export type { TokenClaims } from "./jwt.ts";

export interface TokenVerifier {
  /** @throws Problem `unauthenticated` (401) without detail */
  verify(token: string, now: Date): Promise<TokenClaims>;
}

/** A caller learns nothing from the reason why a credential was refused. */
export const unauthenticated = (cause?: unknown): Problem =>
  new Problem("unauthenticated", "The request has no valid credential.", {
    headers: { "www-authenticate": "Bearer" },
    ...(cause === undefined ? {} : { cause }),
  });

const REMEMBERED_TOKENS = 2_000;

/**
 * Verifies Cognito access tokens (signature, issuer, client, use, expiry). A token that was verified once by this
 * process is not verified again until it expires: whether it still counts is the session's matter, read on each request.
 */
export function createTokenVerifier(settings: {
  userPoolId: string;
  clientId: string;
  endpoint?: string | undefined;
}): TokenVerifier {
  const { endpoint } = settings;
  const jwksCache =
    endpoint === undefined
      ? new SimpleJwksCache()
      : new SimpleJwksCache({
          fetcher: {
            fetch: async () => (await fetch(`${endpoint}/${settings.userPoolId}/.well-known/jwks.json`)).arrayBuffer(),
          },
        });
  const { issuer, jwksUri } = CognitoJwtVerifier.parseUserPoolId(settings.userPoolId);
  const keys = createKeys(jwksCache, jwksUri);
  return rememberVerified(async (token, now) => {
    const jwt = decompose(token);
    const key = keys.here(jwt) ?? (await keys.fetched(jwt));
    if (!isGenuine(jwt, key)) throw new Error("the signature is wrong");
    return claimsOf(jwt, { issuer, client_id: settings.clientId }, now);
  });
}

/** Adds the memory of verified tokens to a verification. */
export function rememberVerified(verify: (token: string, now: Date) => Promise<TokenClaims>): TokenVerifier {
  const verified = new Map<string, TokenClaims>();
  return {
    async verify(token, now) {
      const known = verified.get(token);
      if (known !== undefined) {
        if (known.expires_at_epoch * 1000 > now.getTime()) return known;
        verified.delete(token);
        throw unauthenticated();
      }
      let claims: TokenClaims;
      try {
        claims = await verify(token, now);
      } catch (error) {
        throw unauthenticated(error);
      }
      if (verified.size >= REMEMBERED_TOKENS) verified.delete(verified.keys().next().value ?? "");
      verified.set(token, claims);
      return claims;
    },
  };
}
