import * as z from "zod";
import { defineItem } from "../../shared/dynamo/item.ts";
import { defineResource } from "../../shared/http/resource.ts";
import { environmentSchema } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { promotionSchema, ruleSchema } from "./model.ts";

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

export const promotionItem = defineItem({
  type: "promotion",
  summary: "The way of something deployed to a gateway of a higher environment.",
  schema: promotionSchema,
  key: { pk: "PROMOTION#{id}", sk: "PROMOTION" },
  indexes: { gsi1: { pk: "PROMOTIONS", sk: "{id}" }, gsi2: { pk: "PROMOTIONS_THAT_ARE#{status}", sk: "{id}" } },
  expires: "forgotten_at",
});

/** There is one per person and round, so that nobody counts twice. */
export const approvalItem = defineItem({
  type: "promotion_approval",
  summary: "That somebody has approved a promotion.",
  schema: z.object({
    promotion_id: idSchema("promotion"),
    round: z.int().min(1),
    user_id: z.string(),
    /** That of the promotion, after which nobody approves it. */
    expires_at: z.string(),
  }),
  key: { pk: "PROMOTION#{promotion_id}", sk: "APPROVAL#{round}#{user_id}" },
  expires: "expires_at",
});

/** There is one per agent and gateway, so that two promotions never wait for the same place. */
export const openItem = defineItem({
  type: "promotion_open",
  summary: "Which promotion of an agent to a gateway is open.",
  schema: z.object({
    target_gateway_id: idSchema("gateway"),
    agent_id: z.string(),
    promotion_id: idSchema("promotion"),
  }),
  key: { pk: "PROMOTION_OPEN#{target_gateway_id}", sk: "{agent_id}" },
});

export const promotionResource = defineResource({
  type: "promotion",
  path: ["promotion_id"],
  item: promotionItem,
  key: ({ promotion_id }) => ({ id: promotion_id }),
});

export const ruleResource = defineResource({
  type: "promotion_rule",
  path: ["promotion_rule_id"],
  item: ruleItem,
  key: ({ promotion_rule_id }) => ({ id: promotion_rule_id }),
});
