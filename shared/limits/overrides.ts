import type { Organization } from "../identity/items.ts";
import type { RateClassName } from "./classes.ts";
import { type PlanLimits, plans } from "./plans.ts";

/**
 * What an operator may set for an organization in place of its plan's number and of the rates by class, which are those of each
 * person and key in it. Who tries to sign in is in no organization yet. What is set travels in the organization's own
 * record, which each request reads anyway.
 */
export const overridable = [
  "requests_per_minute",
  "api_calls_per_month",
  "read",
  "write",
  "execute",
  "stream",
  "export",
] as const satisfies readonly (keyof PlanLimits | RateClassName)[];
export type Overridable = (typeof overridable)[number];

/** What an organization has in all, a minute and a month: of its plan, or what an operator has set instead. */
export function ratesOf({ plan, limits }: Pick<Organization, "plan" | "limits">) {
  const { requests_per_minute, api_calls_per_month } = plans[plan];
  return { requests_per_minute, api_calls_per_month, ...limits };
}
