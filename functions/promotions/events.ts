import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";
import { environmentSchema } from "../../shared/http/schemas.ts";
import type { Promotion, PromotionRule } from "./model.ts";

const rule = z.object({
  promotion_rule_id: z.string(),
  source_environment: environmentSchema,
  target_environment: environmentSchema,
  version: z.int(),
});

const promotion = z.object({
  promotion_id: z.string(),
  deployment_id: z.string(),
  agent_id: z.string(),
  version: z.int(),
  digest: z.string().nullable(),
  source_environment: environmentSchema,
  target_environment: environmentSchema,
  target_gateway_id: z.string(),
  status: z.string(),
  rule_version: z.int().nullable(),
  approvals: z.int(),
  required_approvals: z.int(),
});
const of = { resource: "promotion", data: promotion } as const;

export const promotionEvents = defineEvents({
  "promotion.requested": { summary: "Somebody asks for a promotion.", ...of },
  "promotion.approved": { summary: "Somebody approves a promotion; `status` says whether it is enough.", ...of },
  "promotion.rejected": { summary: "Somebody rejects a promotion.", ...of },
  "promotion.cancelled": { summary: "Somebody cancels a promotion.", ...of },
  "promotion.expired": { summary: "Somebody would have approved a promotion when its time was over.", ...of },
  "promotion.rule_changed": { summary: "The rule of a promotion has changed: its approvals are void.", ...of },
  "promotion_rule.created": { summary: "A rule for promotions was made.", resource: "promotion_rule", data: rule },
  "promotion_rule.updated": {
    summary: "A rule for promotions was changed.",
    resource: "promotion_rule",
    data: rule.extend({ changed_fields: z.array(z.string()) }),
  },
  "promotion_rule.deleted": { summary: "A rule for promotions was deleted.", resource: "promotion_rule", data: rule },
});

/** What every event of a promotion says of it. */
export const aboutPromotion = (one: Promotion) => ({
  promotion_id: one.id,
  deployment_id: one.deployment_id,
  agent_id: one.agent_id,
  version: one.version,
  digest: one.digest,
  source_environment: one.source_environment,
  target_environment: one.target_environment,
  target_gateway_id: one.target_gateway_id,
  status: one.status,
  rule_version: one.rule_version,
  approvals: one.approvals.length,
  required_approvals: one.required_approvals,
});
export const refPromotion = ({ id, name }: Promotion) => ({ id, name });

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
