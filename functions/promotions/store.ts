import * as z from "zod";
import { defineItem } from "../../shared/dynamo/item.ts";
import { defineResource } from "../../shared/http/resource.ts";
import { environmentSchema } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { ruleSchema } from "./model.ts";

export const ruleItem = defineItem({
  type: "promotion_rule",
  summary: "What it takes to bring something from one environment to a higher one.",
  schema: ruleSchema,
  key: { pk: "PROMOTION_RULE#{id}", sk: "PROMOTION_RULE" },
  indexes: { gsi1: { pk: "PROMOTION_RULES", sk: "{id}" } },
});

/** There is one per pair of environments, so that of two that make a rule for it at once one is refused. */
export const wayItem = defineItem({
  type: "promotion_rule_way",
  summary: "Which rule holds from one environment to another.",
  schema: z.object({
    source_environment: environmentSchema,
    target_environment: environmentSchema,
    rule_id: idSchema("promotion_rule"),
  }),
  key: { pk: "PROMOTION_WAY#{source_environment}", sk: "{target_environment}" },
});

export const ruleResource = defineResource({
  type: "promotion_rule",
  path: ["promotion_rule_id"],
  item: ruleItem,
  key: ({ promotion_rule_id }) => ({ id: promotion_rule_id }),
});
