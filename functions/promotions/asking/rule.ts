import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import type { Promotion, PromotionRule } from "../model.ts";
import { ruleItem, wayItem } from "../store.ts";

type Way = Pick<Promotion, "source_environment" | "target_environment">;

/** The rule for two environments. */
export async function ruleFor(tenant: TenantTable, way: Way): Promise<PromotionRule | undefined> {
  const { source_environment, target_environment } = way;
  const found = await tenant.get(wayItem, { source_environment, target_environment });
  return found === undefined ? undefined : tenant.get(ruleItem, { id: found.rule_id });
}

/** Proves that the rule is still this one, in this version; or that there still is none. */
export function ruleStands(tenant: TenantTable, way: Way, rule: PromotionRule | undefined): Write {
  const { source_environment, target_environment } = way;
  if (rule === undefined)
    return tenant.writes.check(wayItem, { source_environment, target_environment }, { exists: false }, lostRace);
  return tenant.writes.check(ruleItem, { id: rule.id }, { equals: { version: rule.version } }, lostRace);
}
