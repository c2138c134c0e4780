import { runDays } from "../../../../shared/blobs/purposes.ts";
import { changedFields, type FieldChange } from "../../../../shared/change/events.ts";
import type { Issue } from "../../../../shared/errors.ts";
import type { Organization } from "../../../../shared/identity/items.ts";
import { type OrganizationSettings, type Retention, retentionSchema } from "../../../../shared/identity/settings.ts";
import { retentionIssue } from "../../../../shared/limits/retention.ts";

/** A part of the settings as a change names it: null takes a key away, what is not named stays. */
type Named<T> = { readonly [K in keyof T]?: T[K] | null | undefined };

export type RetentionChange = Named<Readonly<Record<keyof Retention, number>>>;

const names = Object.keys(retentionSchema.shape) as (keyof Retention)[];

/** What the plan does not allow of a change. Pure. */
export function retentionIssues(plan: Organization["plan"], change: RetentionChange): Issue[] {
  return names.flatMap((name) => {
    const days = change[name] ?? undefined;
    if (days === undefined) return [];
    const message =
      (name === "run_days" || name === "thread_days") && !runDays.some((one) => one === days)
        ? `must be ${runDays.slice(0, -1).join(", ")} or ${runDays.at(-1)}`
        : retentionIssue(plan, name, days);
    return message === undefined ? [] : [{ path: `retention.${name}`, message }];
  });
}

/** One part of the settings after a change of it. */
export function merged<T extends object>(part: T, change: Named<Record<keyof T, unknown>>): T {
  const all = { ...part, ...change } as Record<string, unknown>;
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null && value !== undefined)) as T;
}

const parts = ["retention", "general", "notifications", "security"] as const;

/** The settings after a change of them. */
export const changedSettings = (
  { version, ...settings }: OrganizationSettings,
  change: { readonly [P in (typeof parts)[number]]?: Named<Record<string, unknown>> | undefined },
): OrganizationSettings => ({
  version: version + 1,
  retention: merged(settings.retention, change.retention ?? {}),
  general: merged(settings.general, change.general ?? {}),
  notifications: merged(settings.notifications, change.notifications ?? {}),
  security: merged(settings.security, change.security ?? {}),
});

/** Lists as one text, so that the trail says what they were. */
const told = (part: object): object =>
  Object.fromEntries(Object.entries(part).map(([key, value]) => [key, Array.isArray(value) ? value.join(" ") : value]));

/** What differs, each key with its part, for the audit entry. */
export const settingChanges = (old: OrganizationSettings, next: OrganizationSettings): FieldChange[] =>
  parts.flatMap((part) =>
    changedFields(told(old[part]), told(next[part])).map(({ field, ...values }) => ({
      field: `settings.${part}.${field}`,
      ...values,
    })),
  );
