import { addSeconds, timestamp } from "../../../../shared/clock.ts";
import {
  challengeOf,
  type Domain,
  FAILED_CHECK_SECONDS,
  GRACE_SECONDS,
  LOST_CHECK_SECONDS,
  MAIL_PROOF_SECONDS,
  PENDING_CHECK_SECONDS,
  RECHECK_SECONDS,
  RETRY_SECONDS,
  SILENCE_SECONDS,
} from "../../model.ts";

/** What a look at a domain's proof came to. */
export type Seen = NonNullable<Domain["last_check"]>;

/** What follows from a look: the fields that change, what is told, and when to look again. */
export interface Verdict {
  readonly set: Partial<Domain>;
  readonly tell: "verified" | "proof_found" | "proof_lost" | "failed" | "expired" | undefined;
  /** Undefined: never again. */
  readonly next: Date | undefined;
}

/** Whether one of the records is the proof; white space around it is nobody's mistake. */
export const seenIn = (domain: Pick<Domain, "domain" | "challenge">, texts: readonly string[] | undefined): Seen => {
  if (texts === undefined) return "unavailable";
  const { value } = challengeOf(domain);
  return texts.some((text) => text.trim() === value) ? "found" : "missing";
};

/** Days before the end on which owners are told of a lost proof. */
const WARNED: ReadonlySet<number> = new Set([14, 7, 3, 1]);
const DAY_MS = 86_400_000;

/** When a lost proof counts no more, and how many days are left. */
export function graceOf({ lost_since }: Pick<Domain, "lost_since">, now: Date) {
  const ends_at = addSeconds(new Date(lost_since ?? now), GRACE_SECONDS);
  return { ends_at, days_left: Math.max(0, Math.ceil((ends_at.getTime() - now.getTime()) / DAY_MS)) };
}

const since = (time: string | null, now: Date): number =>
  time === null ? Number.POSITIVE_INFINITY : (now.getTime() - Date.parse(time)) / 1000;

/**
 * What a look at the record means for a domain. A record proves whatever else there was. What counts without one: an operator's
 * word for good, a mail for a year. Silence of the name servers changes nothing for a week, then it is a loss.
 */
export function verdict(domain: Domain, seen: Seen, now: Date): Verdict {
  const looked: Partial<Domain> = { last_checked_at: timestamp(now), last_check: seen };
  if (seen === "found") return found(domain, looked, now);
  switch (domain.status) {
    case "pending":
      return pending(domain, looked, now);
    case "verified":
      return missed(domain, seen, looked, now);
    case "failed":
      return { set: looked, tell: undefined, next: addSeconds(now, FAILED_CHECK_SECONDS) };
    case "expired":
      return { set: looked, tell: undefined, next: undefined };
  }
}

/** An ended claim is claimed again first: its record may be years old. */
function found(domain: Domain, looked: Partial<Domain>, now: Date): Verdict {
  if (domain.status === "expired") return { set: looked, tell: undefined, next: undefined };
  if (domain.status === "pending" && isOver(domain, now)) return pending(domain, looked, now);
  const next = addSeconds(now, RECHECK_SECONDS);
  const proved = { ...looked, ...proof("dns", now) };
  if (domain.status !== "verified")
    return { set: { ...proved, status: "verified", verified_at: timestamp(now) }, tell: "verified", next };
  return { set: proved, tell: domain.lost_since === null ? undefined : "proof_found", next };
}

/** What a proof leaves, however it was made. */
export const proof = (method: NonNullable<Domain["method"]>, now: Date) =>
  ({ method, proved_at: timestamp(now), lost_since: null, warned_days_left: null, expires_at: null }) as const;

const isOver = ({ expires_at }: Domain, now: Date): boolean =>
  expires_at !== null && Date.parse(expires_at) <= now.getTime();

function pending(domain: Domain, looked: Partial<Domain>, now: Date): Verdict {
  if (isOver(domain, now)) return { set: { ...looked, status: "expired" }, tell: "expired", next: undefined };
  const end = new Date(domain.expires_at ?? now);
  const next = addSeconds(now, PENDING_CHECK_SECONDS);
  return { set: looked, tell: undefined, next: next < end ? next : end };
}

function missed(domain: Domain, seen: Seen, looked: Partial<Domain>, now: Date): Verdict {
  const { method, proved_at, lost_since } = domain;
  const age = since(proved_at, now);
  if (method === "operator" || (method === "email" && age < MAIL_PROOF_SECONDS))
    return { set: looked, tell: undefined, next: addSeconds(now, RECHECK_SECONDS) };
  const silent = seen === "unavailable" && method === "dns" && lost_since === null;
  if (silent && age < RECHECK_SECONDS + SILENCE_SECONDS)
    return { set: looked, tell: undefined, next: addSeconds(now, RETRY_SECONDS) };
  if (since(lost_since ?? timestamp(now), now) >= GRACE_SECONDS)
    return {
      set: { ...looked, status: "failed" },
      tell: "failed",
      next: addSeconds(now, FAILED_CHECK_SECONDS),
    };
  const { days_left, ends_at } = graceOf({ lost_since }, now);
  const warn = WARNED.has(days_left) && domain.warned_days_left !== days_left;
  const tomorrow = addSeconds(now, LOST_CHECK_SECONDS);
  return {
    set: { ...looked, lost_since: lost_since ?? timestamp(now), ...(warn ? { warned_days_left: days_left } : {}) },
    tell: warn ? "proof_lost" : undefined,
    next: tomorrow < ends_at ? tomorrow : ends_at,
  };
}
