import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { plans, UNLIMITED } from "../../../shared/limits/plans.ts";
import { monthUsage } from "../store.ts";

/**
 * Refuses new work once the month's tokens have reached the plan's limit. What a call will cost is known only after
 * it: the calls in flight when the limit is reached are still finished and recorded.
 * @throws Problem `quota_exceeded` (402) with the limit and the usage
 */
export async function admitTokens(table: TenantTable, plan: Organization["plan"], at: Date): Promise<void> {
  const limit = plans[plan].tokens_per_month;
  if (limit === UNLIMITED) return;
  const { tokens_in, tokens_out } = await monthUsage(table, timestamp(at).slice(0, 7));
  const usage = tokens_in + tokens_out;
  if (usage < limit) return;
  throw new Problem("quota_exceeded", `The plan ${plan} has ${limit} tokens a month; ${usage} are used.`, {
    members: { resource: "tokens_per_month", limit, usage },
  });
}
