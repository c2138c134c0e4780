import { timestamp } from "../../../shared/clock.ts";
import { notFound } from "../../../shared/errors.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { ownerCountItem } from "../../../shared/identity/owners.ts";
import { ratesOf } from "../../../shared/limits/overrides.ts";
import { plans } from "../../../shared/limits/plans.ts";
import { countedResources, limitOf, quotasOf } from "../../../shared/limits/quota.ts";
import { callsIn, rateItem, WHOLE_ORGANIZATION } from "../../../shared/limits/reserve.ts";
import { readMonthRuns } from "../../runs/public.ts";
import { monthUsage } from "../../usage/public.ts";
import type { OperatorsDeps } from "../deps.ts";
import { limitsOf } from "../limits/model.ts";
import { monthly, type OrganizationFacts } from "../model.ts";

/**
 * An organization with its numbers, each from a counter that is kept anyhow: a batch and two queries of bounded size,
 * whatever it holds. @throws Problem `not_found`
 */
export async function factsOf({ table, limits }: OperatorsDeps, id: string, at: Date): Promise<OrganizationFacts> {
  const tenant = table.of(id);
  const [[organization, count, runs, calls], used, tokens] = await Promise.all([
    table.batch([
      tenant.read(organizationItem, {}),
      tenant.read(ownerCountItem, {}),
      readMonthRuns(tenant, at),
      tenant.read(rateItem, { subject: WHOLE_ORGANIZATION }),
    ]),
    quotasOf(tenant),
    monthUsage(tenant, timestamp(at).slice(0, 7)),
  ]);
  if (organization === undefined) throw notFound();
  const { plan } = organization;
  const planned = { ...plans[plan], ...ratesOf(organization) };
  const month = {
    runs_per_month: runs?.runs ?? 0,
    tokens_per_month: tokens.tokens_in + tokens.tokens_out,
    api_calls_per_month: callsIn(calls, at),
  };
  return {
    ...organization,
    owners: count?.owners ?? 0,
    limits: limitsOf(organization, limits.user),
    usage: [
      ...countedResources.map((resource) => ({ resource, used: used[resource] ?? 0, limit: limitOf(plan, resource) })),
      ...monthly.map((resource) => ({ resource, used: month[resource], limit: planned[resource] })),
    ],
  };
}
