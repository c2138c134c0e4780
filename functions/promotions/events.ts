import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";
import { environmentSchema } from "../../shared/http/schemas.ts";
import type { PromotionRule } from "./model.ts";

const rule = z.object({
  promotion_rule_id: z.string(),
  source_environment: environmentSchema,
  target_environment: environmentSchema,
  version: z.int(),
});

export const promotionEvents = defineEvents({
  "promotion_rule.created": { summary: "A rule for promotions was made.", resource: "promotion_rule", data: rule },
  "promotion_rule.updated": {
    summary: "A rule for promotions was changed.",
    resource: "promotion_rule",
    data: rule.extend({ changed_fields: z.array(z.string()) }),
  },
  "promotion_rule.deleted": { summary: "A rule for promotions was deleted.", resource: "promotion_rule", data: rule },
});

/** What every event of a rule says of it. */
export const about = ({ id, source_environment, target_environment, version }: PromotionRule) => ({
  promotion_rule_id: id,
  source_environment,
  target_environment,
  version,
});
export const ref = ({ id, source_environment, target_environment }: PromotionRule) => ({
  id,
  name: `${source_environment} to ${target_environment}`,
});
