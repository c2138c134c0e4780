import { CognitoJwtVerifier } from "aws-jwt-verify";
import { JwksNotAvailableInCacheError, KidNotFoundInJwksError } from "aws-jwt-verify/error";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";
import { unauthenticated } from "./unauthenticated.ts";

/** What a token proves: who signed in and in which family of tokens. Rights are never read from it. */
export interface TokenClaims {
  /** The pool's own name of the account. */
  readonly sub: string;
  /** The family of tokens: one sign-in. */
  readonly origin_jti: string;
  /** The app client of the pool that it was given to; the session says which that must be. */
  readonly client_id: string;
  /** The user name at the pool: where the user is looked for first; the session says who it is. */
  readonly username: string;
  readonly expires_at_epoch: number;
}

export interface TokenVerifier {
  /** @throws Problem `unauthenticated` (401) without detail */
  verify(token: string, now: Date): Promise<TokenClaims>;
}

/** The keys of a pool, fetched when a token names one that is not here; of what stands for AWS where there is such. */
export const poolKeys = (userPoolId: string, endpoint: string | undefined): SimpleJwksCache =>
  endpoint === undefined
    ? new SimpleJwksCache()
    : new SimpleJwksCache({
        fetcher: {
          fetch: async () => (await fetch(`${endpoint}/${userPoolId}/.well-known/jwks.json`)).arrayBuffer(),
        },
      });

const REMEMBERED_TOKENS = 2_000;

/**
 * Verifies Cognito access tokens (signature, issuer, use, expiry), of whichever client of the pool: each SSO connection
 * has its own. None counts without a session of ours that names the same account, family and client. A token that was verified once by this
 * process is not verified again until it expires: whether it still counts is the session's matter, read on each request.
 */
export function createTokenVerifier(settings: { userPoolId: string; endpoint?: string | undefined }): TokenVerifier {
  const jwksCache = poolKeys(settings.userPoolId, settings.endpoint);
  const verifier = CognitoJwtVerifier.create(
    { userPoolId: settings.userPoolId, clientId: null, tokenUse: "access" },
    { jwksCache },
  );
  /** With the keys that are here; they are fetched only for a token that names one which is not. */
  const verified = (token: string) => {
    try {
      return verifier.verifySync(token);
    } catch (error) {
      if (error instanceof JwksNotAvailableInCacheError || error instanceof KidNotFoundInJwksError)
        return verifier.verify(token);
      throw error;
    }
  };
  return rememberVerified(async (token) => {
    const payload = await verified(token);
    const { sub, origin_jti, client_id, username, exp } = payload;
    // The token of a machine (client credentials) is of this pool too, and names nobody.
    if (typeof origin_jti !== "string" || typeof username !== "string") throw new Error("the token is no person's");
    return { sub, origin_jti, client_id, username, expires_at_epoch: exp };
  });
}

/** Adds the memory of verified tokens to a verification. */
export function rememberVerified(verify: (token: string) => Promise<TokenClaims>): TokenVerifier {
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
        claims = await verify(token);
      } catch (error) {
        throw unauthenticated(error);
      }
      if (verified.size >= REMEMBERED_TOKENS) verified.delete(verified.keys().next().value ?? "");
      verified.set(token, claims);
      return claims;
    },
  };
}
