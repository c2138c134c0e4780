import * as z from "zod";
import type { Organization } from "../../../shared/identity/items.ts";
import { rateOf } from "../../../shared/limits/classes.ts";
import { type Overridable, overridable, ratesOf } from "../../../shared/limits/overrides.ts";

/** The largest number that an operator may set; the smallest is 1: who shall send nothing at all is suspended. */
export const largestOverride: Readonly<Record<Overridable, number>> = {
  requests_per_minute: 100_000,
  api_calls_per_month: 1_000_000_000,
  read: 10_000,
  write: 10_000,
  execute: 10_000,
  stream: 10_000,
  export: 10_000,
};

const each = <T>(of: (name: Overridable) => T): Record<Overridable, T> =>
  Object.fromEntries(overridable.map((name) => [name, of(name)])) as Record<Overridable, T>;

const count = (name: Overridable) => z.int().min(1).max(largestOverride[name]);

export const limitsChange = z
  .strictObject(each((name) => count(name).nullable()))
  .partial()
  .refine((body) => Object.keys(body).length > 0, "names nothing to change")
  .meta({ example: { requests_per_minute: 2_000, execute: null } });
export type LimitsChange = z.output<typeof limitsChange>;

/** What counts for an organization, and what of it an operator has set. */
export const organizationLimits = z
  .object({
    in_force: z.object(each(() => z.int())).meta({
      id: "LimitsInForce",
      description:
        "Requests a minute of everybody in it, calls a month, and requests a minute of each person by class; -1: no limit.",
    }),
    overrides: z.object(each(() => z.int().nullable())).meta({
      id: "LimitOverrides",
      description: "What an operator has set; null: what the plan and the class have.",
    }),
  })
  .meta({ id: "OrganizationLimits", description: "Rates that count for an organization." });

/** @param requests a minute by which one person reads anywhere */
export function limitsOf(organization: Organization, requests: number): z.output<typeof organizationLimits> {
  const { limits = {} } = organization;
  const usual = ratesOf(organization);
  return {
    in_force: each((name) =>
      name === "requests_per_minute" || name === "api_calls_per_month"
        ? usual[name]
        : (limits[name] ?? rateOf(name, requests)),
    ),
    overrides: each((name) => limits[name] ?? null),
  };
}
