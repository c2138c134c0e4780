import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { merged, retentionIssues } from "../../../functions/organizations/settings/rules/merge.ts";
import { runDays } from "../../../shared/blobs/purposes.ts";
import { UNSET } from "../../../shared/identity/settings.ts";
import { plans } from "../../../shared/limits/plans.ts";
import { AUDIT_DAYS, retentionOf, SECURITY_AUDIT_DAYS } from "../../../shared/limits/retention.ts";

type Plan = keyof typeof plans;
const all = Object.keys(plans) as Plan[];
const keys = ["run_days", "thread_days", "delivery_days", "audit_days", "archived_days"] as const;
const days = fc.constantFrom(
  -1,
  0,
  1,
  6,
  7,
  8,
  29,
  30,
  31,
  89,
  90,
  91,
  365,
  399,
  400,
  401,
  800,
  801,
  2_555,
  2_556,
  1e9,
);
const change = fc.record(Object.fromEntries(keys.map((key) => [key, fc.option(days)])), { requiredKeys: [] });

describe("for how long things are kept", () => {
  it("is the plan's where nothing was set: runs as long as it may be, the rest as usual", () => {
    const unset = all.map((plan) => retentionOf({ plan, settings: UNSET }));
    const rest = { delivery_days: 30, audit_days: 400, archived_days: 30 };
    expect(unset).toEqual([30, 90, 400].map((run_days) => ({ run_days, thread_days: run_days, ...rest })));
  });

  it("is what was set, when the plan allows it: else nothing of the change is taken, and each key is named", () => {
    fc.assert(
      fc.property(fc.constantFrom(...all), change, (plan, wanted) => {
        const issues = retentionIssues(plan, wanted).map(({ path }) => path);
        const bad = keys.filter((key) => {
          const value = wanted[key] ?? undefined;
          if (value === undefined) return false;
          const least = key === "audit_days" ? AUDIT_DAYS : 7;
          const odd = (key === "run_days" || key === "thread_days") && !runDays.some((one) => one === value);
          return odd || value < least || value > plans[plan][key];
        });
        expect(issues).toEqual(bad.map((key) => `retention.${key}`));
        if (bad.length > 0) return;
        const retention = merged({} as Parameters<typeof retentionOf>[0]["settings"]["retention"], wanted);
        const kept = retentionOf({ plan, settings: { ...UNSET, retention } });
        for (const key of keys) if (wanted[key] != null) expect([key, kept[key]]).toEqual([key, wanted[key]]);
      }),
    );
  });

  it("is never more than the plan allows, also when it was set under a larger one, and audit never below 400 days", () => {
    const most = {
      run_days: 400,
      thread_days: 400,
      delivery_days: 400,
      audit_days: 2_555,
      archived_days: 365,
    } as const;
    expect(retentionOf({ plan: "enterprise", settings: { ...UNSET, retention: most } })).toEqual(most);
    expect(retentionOf({ plan: "free", settings: { ...UNSET, retention: most } })).toEqual({
      run_days: 30,
      thread_days: 30,
      delivery_days: 30,
      audit_days: 400,
      archived_days: 30,
    });
    for (const plan of all) {
      expect(plans[plan].audit_days).toBeGreaterThanOrEqual(AUDIT_DAYS);
      // What is about access is kept that long without being asked for.
      expect(plans[plan].audit_days).toBeLessThanOrEqual(SECURITY_AUDIT_DAYS);
    }
  });

  it("is changed key by key, and given back by null", () => {
    const part = { run_days: 7, delivery_days: 20 } as const;
    expect(
      merged<{ run_days?: 7; delivery_days?: number; audit_days?: number }>(part, { delivery_days: null }),
    ).toEqual({
      run_days: 7,
    });
    expect(merged<object>(part, { audit_days: 400, run_days: undefined })).toEqual({
      delivery_days: 20,
      audit_days: 400,
    });
  });
});
