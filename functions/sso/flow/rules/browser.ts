import { sha256 } from "../../../../shared/hash.ts";

/**
 * The secret of one sign-in that only the browser has, in a cookie. What the pool has to give back and what it has to be
 * shown are made of it, so that whoever reads the table can finish nobody's sign-in.
 */
export const nonceOf = (secret: string): string => sha256(`nonce ${secret}`);
export const verifierOf = (secret: string): string => sha256(`verifier ${secret}`);

/** A cookie for each sign-in: those of two tabs do not replace each other. */
const cookieName = (id: string): string => `__Host-sso-${id}`;

/** Sent back by the one page to which the pool leads; `Lax`, because that comes from another site. */
export const cookieFor = (id: string, secret: string, seconds: number): string =>
  `${cookieName(id)}=${secret}; Path=/; Max-Age=${seconds}; Secure; HttpOnly; SameSite=Lax`;

/** Takes the cookie away. */
export const noCookie = (id: string): string => cookieFor(id, "", 0);

/** The secret in a `Cookie` header; undefined where there is none. */
export function secretIn(cookies: string, id: string): string | undefined {
  const name = `${cookieName(id)}=`;
  const found = cookies
    .split(";")
    .map((part) => part.trim())
    .find((part) => part.startsWith(name));
  const secret = found?.slice(name.length);
  return secret !== undefined && /^[\w-]{43}$/.test(secret) ? secret : undefined;
}
