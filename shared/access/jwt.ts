import { createPublicKey, type KeyObject, verify } from "node:crypto";
import type { SimpleJwksCache } from "aws-jwt-verify/jwk";

/** What a token proves: who signed in and in which family of tokens. Rights are never read from it. */
export interface TokenClaims {
  /** The pool's own name of the account. */
  readonly sub: string;
  /** The family of tokens: one sign-in. */
  readonly origin_jti: string;
  /** The user name at the pool: where the user is looked for first; the session says who it is. */
  readonly username: string;
  readonly expires_at_epoch: number;
}

/** A token taken apart; nothing of it is believed yet. */
export interface Jwt {
  /** The header as it was sent. */
  readonly head: string;
  readonly payload: string;
  /** What the signature is of. */
  readonly signed: string;
  readonly signature: string;
}

const FORM = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** Takes a signed token apart (RFC 7515, compact). @throws Error for what has not this form */
export function decompose(token: string): Jwt {
  if (!FORM.test(token)) throw new Error("no token");
  const [first, last] = [token.indexOf("."), token.lastIndexOf(".")];
  return {
    head: token.slice(0, first),
    payload: token.slice(first + 1, last),
    signed: token.slice(0, last),
    signature: token.slice(last + 1),
  };
}

/**
 * The key that a header names. There is one algorithm, that of the pool's keys: a token never chooses.
 * @throws Error for a header that asks for anything else
 */
function keyIdOf(head: string): string {
  const { alg, crit, kid } = objectOf(head);
  if (alg !== "RS256") throw new Error("the token is not signed with RS256");
  if (crit !== undefined) throw new Error("the token asks for what is not known here");
  if (typeof kid !== "string") throw new Error("the token names no key");
  return kid;
}

/** @throws Error when the part is no object in JSON */
function objectOf(part: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("no object");
  return value as Record<string, unknown>;
}

/** Whether the signature is one of this key. */
export const isGenuine = ({ signed, signature }: Jwt, key: KeyObject): boolean =>
  verify("RSA-SHA256", Buffer.from(signed), key, Buffer.from(signature, "base64url"));

/** Headers that are remembered with their keys. All tokens of one key have the same; only a forger writes others. */
const REMEMBERED_HEADERS = 20;

/**
 * The pool's keys: here once they have been fetched, so that most tokens are checked without a pause. How often an
 * unknown one may be asked for is the cache's matter.
 */
export function createKeys(cache: SimpleJwksCache, uri: string) {
  const keys = new Map<string, KeyObject>();
  return {
    /** The key of a token whose header was seen before. */
    here: ({ head }: Jwt): KeyObject | undefined => keys.get(head),
    /** @throws Error when the pool has no such key, or one that is not for signatures with RS256 */
    async fetched({ head }: Jwt): Promise<KeyObject> {
      const jwk = await cache.getJwk(uri, { header: { alg: "RS256", kid: keyIdOf(head) }, payload: {} });
      const { kty, use = "sig", alg = "RS256", n, e } = jwk;
      if (kty !== "RSA" || use !== "sig" || alg !== "RS256" || n === undefined || e === undefined)
        throw new Error("the key is not for signatures with RS256");
      const key = createPublicKey({ key: { kty, n, e }, format: "jwk" });
      if (keys.size >= REMEMBERED_HEADERS) keys.clear();
      keys.set(head, key);
      return key;
    },
  };
}

/**
 * What a genuine token of this pool and client says, if it is an access token whose time is not over.
 * @throws Error when it is not
 */
export function claimsOf(
  { payload }: Jwt,
  expected: { readonly issuer: string; readonly client_id: string },
  now: Date,
): TokenClaims {
  const { iss, client_id, token_use, exp, sub, origin_jti, username } = objectOf(payload);
  if (iss !== expected.issuer) throw new Error("the token is of another issuer");
  if (client_id !== expected.client_id) throw new Error("the token is of another client");
  if (token_use !== "access") throw new Error("the token is no access token");
  if (typeof exp !== "number" || !Number.isFinite(exp) || exp * 1000 <= now.getTime())
    throw new Error("the token's time is over");
  if (typeof sub !== "string" || typeof origin_jti !== "string" || typeof username !== "string")
    throw new Error("the token does not say whose it is");
  return { sub, origin_jti, username, expires_at_epoch: exp };
}
