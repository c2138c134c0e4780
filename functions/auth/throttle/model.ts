import { createHash } from "node:crypto";
import { sha256 } from "../../../shared/hash.ts";

/**
 * Where a request comes from, as far as one person can choose it: an IPv4 address, or the /64 of an IPv6 address, of
 * which everybody has as many addresses as they like. `block` is what one customer of a provider may hold: /24 and /48.
 */
export interface Origin {
  readonly source: string;
  readonly block: string;
}

/** The origin of an address; what is no address is its own origin. */
export function originOf(ip: string): Origin {
  const mapped = /^(?:::ffff:)?(\d{1,3}\.\d{1,3}\.\d{1,3})\.(\d{1,3})$/i.exec(ip);
  if (mapped !== null) return { source: `${mapped[1]}.${mapped[2]}`, block: `${mapped[1]}.0/24` };
  const groups = expand(ip);
  if (groups === undefined) return { source: ip, block: ip };
  return { source: `${groups.slice(0, 4).join(":")}::/64`, block: `${groups.slice(0, 3).join(":")}::/48` };
}

/** The eight groups of an IPv6 address, without leading zeros. */
function expand(ip: string): string[] | undefined {
  if (!/^[0-9a-f:.]+$/i.test(ip) || !ip.includes(":")) return undefined;
  const [head = "", tail] = ip.toLowerCase().split("::");
  const parts = (text: string) => (text === "" ? [] : text.split(":"));
  const [before, after] = [parts(head), parts(tail ?? "")];
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array(Math.max(0, missing)).fill("0"), ...after];
  return groups.map((group) => group.replace(/^0+(?=.)/, ""));
}

/** A limit on something: so many in a window. Windows are fixed: across the edge of two, at most twice as many. */
export interface Allowance {
  readonly limit: number;
  readonly window_seconds: number;
  /** Counted by where it comes from: a laptop, where everybody comes from one address, multiplies the limit. */
  readonly by_origin: boolean;
}

const MINUTE = 60;
const HOUR = 3_600;
const byOrigin = (limit: number, window_seconds: number): Allowance => ({ limit, window_seconds, by_origin: true });
const byAccount = (limit: number, window_seconds: number): Allowance => ({ limit, window_seconds, by_origin: false });

/**
 * What is allowed before anything is proved: the one table. A password is also tried under the back-off of its account
 * from its place (FREE_ATTEMPTS, then 30 s doubled up to 15 minutes).
 */
export const allowances = {
  /** Sign-ins of whomever from one source. */
  sign_in_source: byOrigin(10, MINUTE),
  /** The same of one block, of which one customer of a provider may have all. */
  sign_in_block: byOrigin(100, MINUTE),
  /** Sign-ins of one account from places that it does not know, all together; known places have their own. */
  sign_in_strangers: byAccount(20, HOUR),
  /** Exchanges of refresh tokens from one source. */
  refresh_source: byOrigin(60, MINUTE),
  /** Registrations, and mails sent again, from one source and from one block; for one address. */
  register_source: byOrigin(10, HOUR),
  register_block: byOrigin(50, HOUR),
  register_email: byAccount(3, HOUR),
  /** Requests to reset a password: from one source, for one account from one source, for one account. */
  forgot_source: byOrigin(10, HOUR),
  forgot_pair: byAccount(3, HOUR),
  forgot_account: byAccount(6, HOUR),
  /** Wishes of one user for another address. */
  email_change: byAccount(5, HOUR),
  /** Tokens from mails that are tried from one source. */
  token_source: byOrigin(10, MINUTE),
} as const satisfies Record<string, Allowance>;
export type AllowanceName = keyof typeof allowances;

/** Failed sign-ins of one account from one place that wait for nothing. */
export const FREE_ATTEMPTS = 4;
const BACK_OFF_SECONDS = 30;
const LONGEST_BACK_OFF_SECONDS = 900;

/** Seconds until the next attempt after this many attempts since the last success: 30 s, then doubled, at most 15 minutes. */
export const backOffSeconds = (attempts: number): number =>
  attempts < FREE_ATTEMPTS
    ? 0
    : Math.min(LONGEST_BACK_OFF_SECONDS, BACK_OFF_SECONDS * 2 ** Math.min(10, attempts - FREE_ATTEMPTS));

/** How long a place is known to an account after its last sign-in from there. */
export const PLACE_KNOWN_SECONDS = 90 * 86_400;

/** An account in keys that need not exist: the hash of its e-mail. */
export const accountOf = (email: string): string => sha256(email);

/** What a place is called in keys; neither addresses nor tokens stand there as they are. */
export const placeOf = (kind: "device" | "source" | "session" | "code", account: string, name: string): string =>
  `${kind}:${createHash("sha256").update(`${account}\n${name}`).digest("base64url")}`;
