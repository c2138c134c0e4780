import { addSeconds } from "../../../../shared/clock.ts";
import type { SamlProvider, Warned } from "../model.ts";

const DAY_SECONDS = 86_400;

/** Warned of so many days before no certificate is left, and when none is. */
const WARNED_DAYS = [30, 7, 0] as const;

/** @returns the days of the warning that is due: the last one whose time has come, unless it was given */
export function dueWarning(
  { certificates_expire_at: expires_at }: Pick<SamlProvider, "certificates_expire_at">,
  warned: Warned | null,
  at: Date,
): number | undefined {
  const reached = WARNED_DAYS.findLast((days) => at >= before(expires_at, days));
  if (reached === undefined) return undefined;
  return warned?.expires_at === expires_at && warned.days <= reached ? undefined : reached;
}

/** Days until then, begun ones counted. */
export const daysUntil = (time: string, at: Date): number =>
  Math.max(0, Math.ceil((Date.parse(time) - at.getTime()) / (DAY_SECONDS * 1_000)));

const before = (time: string, days: number): Date => addSeconds(new Date(time), -days * DAY_SECONDS);

/**
 * When to look at a provider again: metadata that has an address each day, and whatever it has when a warning is due, or
 * a certificate begins or ends to be valid.
 * @returns undefined where nothing will happen by itself any more
 */
export function nextLook(
  provider: Pick<SamlProvider, "certificates_expire_at" | "certificates" | "metadata_url">,
  warned: Warned | null,
  at: Date,
): Date | undefined {
  if (dueWarning(provider, warned, at) !== undefined) return at;
  const times = [
    ...(provider.metadata_url === null ? [] : [addSeconds(at, DAY_SECONDS)]),
    ...WARNED_DAYS.map((days) => before(provider.certificates_expire_at, days)),
    ...provider.certificates.flatMap(({ not_before, not_after }) => [new Date(not_before), new Date(not_after)]),
  ];
  const coming = times.map((time) => time.getTime()).filter((time) => time > at.getTime());
  return coming.length === 0 ? undefined : new Date(Math.min(...coming));
}
