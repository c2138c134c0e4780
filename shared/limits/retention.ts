import { runDays } from "../blobs/purposes.ts";
import { addSeconds } from "../clock.ts";
import type { Organization } from "../identity/items.ts";
import type { Retention } from "../identity/settings.ts";
import { plans } from "./plans.ts";

/** Entries of the audit trail are kept so long at least. */
export const AUDIT_DAYS = 400;
/** Those about access itself, however long the others are. */
export const SECURITY_AUDIT_DAYS = 7 * 365;
/** Refusals are many and soon stale. */
export const DENIAL_AUDIT_DAYS = 90;

/** The fewest days that an organization may set, and those of one that has set none and whose plan allows more. */
const bounds: Readonly<Record<keyof Retention, { readonly least: number; readonly usual: number }>> = {
  run_days: { least: Math.min(...runDays), usual: Math.max(...runDays) },
  thread_days: { least: Math.min(...runDays), usual: Math.max(...runDays) },
  delivery_days: { least: 7, usual: 30 },
  audit_days: { least: AUDIT_DAYS, usual: AUDIT_DAYS },
  archived_days: { least: 7, usual: 30 },
};

/**
 * How long entries of the audit trail are kept, in days, in classes: an entry is of the first one that is no shorter than it is
 * kept. Copies of the trail are made for each class apart, so that none is kept for longer than its class. A number that was
 * ever used stays here.
 */
export const auditClasses: readonly number[] = [
  ...new Set([DENIAL_AUDIT_DAYS, ...Object.values(plans).map(({ audit_days }) => audit_days), SECURITY_AUDIT_DAYS]),
].sort((a, b) => a - b);

type Kept = Pick<Organization, "plan" | "settings">;

/**
 * For how many days an organization keeps things: as it has set, within what its plan allows. The one place from which
 * whoever writes an `expires_at` takes it. What was written before a change of it keeps its end.
 */
export function retentionOf({ plan, settings }: Kept): Retention {
  const days = (name: keyof Retention) => Math.min(settings.retention[name] ?? bounds[name].usual, plans[plan][name]);
  const oneOf = (name: "run_days" | "thread_days") => runDays.findLast((one) => one <= days(name)) ?? runDays[0];
  return {
    run_days: oneOf("run_days"),
    thread_days: oneOf("thread_days"),
    delivery_days: days("delivery_days"),
    audit_days: days("audit_days"),
    archived_days: days("archived_days"),
  };
}

/** What is wrong with a number of days that an organization wants; undefined when it may be set. */
export function retentionIssue(plan: Organization["plan"], name: keyof Retention, days: number): string | undefined {
  const { least } = bounds[name];
  const most = plans[plan][name];
  if (days >= least && days <= most) return undefined;
  return `must be ${least === most ? least : `${least} to ${most}`} on the plan ${plan}`;
}

const DAY_SECONDS = 86_400;
export const addDays = (at: Date, days: number): Date => addSeconds(at, days * DAY_SECONDS);
