import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import { pageOf, pageQuery } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { changedRule, newRule, ruleView } from "./model.ts";
import { ruleResource } from "./store.ts";

const path = z.object({ promotion_rule_id: idSchema("promotion_rule") });

export const operations = {
  createRule: operation({
    id: "promotion_rules.create",
    method: "POST",
    path: "/promotion-rules",
    summary: "Say what it takes to bring something to a higher environment",
    description:
      "One rule for each pair of environments. Rules are kept for promotions, which come later: today nothing is held back by one, and a deployment needs none.",
    permission: "promotion_rules:create",
    resource: { type: "promotion_rule", create: true },
    request: { body: newRule },
    response: ruleView,
    success: 201,
    errors: ["conflict"],
  }),
  listRules: operation({
    id: "promotion_rules.list",
    method: "GET",
    path: "/promotion-rules",
    summary: "List the rules for promotions",
    permission: "promotion_rules:read",
    resource: { type: "promotion_rule", list: true },
    request: { query: z.strictObject(pageQuery) },
    response: pageOf(ruleView),
    success: 200,
    errors: [],
  }),
  getRule: operation({
    id: "promotion_rules.get",
    method: "GET",
    path: "/promotion-rules/{promotion_rule_id}",
    summary: "Read a rule for promotions",
    permission: "promotion_rules:read",
    resource: ruleResource,
    request: { path },
    response: ruleView,
    success: 200,
    errors: [],
  }),
  updateRule: operation({
    id: "promotion_rules.update",
    method: "PATCH",
    path: "/promotion-rules/{promotion_rule_id}",
    summary: "Change a rule for promotions",
    description: "Its environments never change. Each change makes its version one more.",
    permission: "promotion_rules:update",
    resource: ruleResource,
    request: { path, body: changedRule },
    response: ruleView,
    success: 200,
    errors: ["conflict", "precondition_failed"],
  }),
  removeRule: operation({
    id: "promotion_rules.delete",
    method: "DELETE",
    path: "/promotion-rules/{promotion_rule_id}",
    summary: "Delete a rule for promotions",
    permission: "promotion_rules:delete",
    resource: ruleResource,
    request: { path },
    response: "none",
    success: 204,
    errors: ["conflict", "precondition_failed"],
  }),
} as const;
