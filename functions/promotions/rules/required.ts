import type { Environment } from "../../../shared/environments.ts";
import type { PromotionRule } from "../model.ts";

const WITHOUT_RULE_SECONDS = 3 * 86_400;

/** What a promotion has to keep to: its rule's version, or what holds without one. */
export function requiredBy(rule: PromotionRule | undefined, target: Environment) {
  if (rule === undefined)
    return {
      pins: {
        rule_id: null,
        rule_version: null,
        required_approvals: target === "production" ? 1 : 0,
        separation_of_duties: true,
      },
      expires_after_seconds: WITHOUT_RULE_SECONDS,
    };
  const { id, version, requires_approval, required_approvals, separation_of_duties, expires_after_seconds } = rule;
  return {
    pins: {
      rule_id: id,
      rule_version: version,
      required_approvals: requires_approval ? required_approvals : 0,
      separation_of_duties,
    },
    expires_after_seconds,
  };
}
