import { expect } from "vitest";
import type { Promotion } from "../../functions/promotions/model.ts";
import { openItem, promotionItem } from "../../functions/promotions/store.ts";
import { addSeconds, timestamp } from "../../shared/clock.ts";
import { newEtag, newId } from "../../shared/ids.ts";
import { type Company, unique } from "./api.ts";
import { storedDeployment } from "./deployments.ts";
import { stackTable } from "./stack.ts";
import { did } from "./suites.ts";

export const aRule = { source_environment: "development", target_environment: "staging" };

/** The id of a company's rule for these environments, which is made where there is none. */
export async function ruleOf(company: Company): Promise<string> {
  const { status, body, text } = await company.call("POST", "/promotion-rules", aRule);
  const id = status === 409 ? body.promotion_rule_id : body.id;
  expect(id, text).toMatch(/^prr_/);
  return id;
}

/** Takes all rules of a company away. */
export async function withoutRules(company: Company): Promise<void> {
  for (const { id } of (await company.call("GET", "/promotion-rules")).body.items)
    expect((await company.call("DELETE", `/promotion-rules/${id}`)).status).toBe(204);
}

/** What a promotion is asked for with: something active in development, and a gateway of staging. */
export async function promotable(company: Company) {
  const { id: deployment_id } = await storedDeployment(company, { status: "active" });
  const body = { name: unique("Gateway"), api_url: "http://127.0.0.1:9", api_key: "key", environment: "staging" };
  return { deployment_id, target_gateway_id: (await did(company, "POST", "/gateways", body)).id as string };
}

/** A promotion from staging to production that waits for one approval, without a rule, as somebody else has asked for it. */
export async function storedPromotion(company: Company, more: Partial<Promotion> = {}): Promise<Promotion> {
  const at = new Date();
  const now = timestamp(at);
  const one: Promotion = {
    id: newId("promotion", at),
    organization_id: company.organization_id,
    deployment_id: newId("deployment", at),
    name: "Support",
    agent_id: newId("agent", at),
    version: 1,
    digest: null,
    source_environment: "staging",
    target_environment: "production",
    target_gateway_id: newId("gateway", at),
    comment: "",
    status: "pending_approval",
    rule_id: null,
    rule_version: null,
    required_approvals: 1,
    separation_of_duties: true,
    approvals: [],
    requester_id: "usr_1",
    deployer_id: "usr_1",
    round: 1,
    decided_by: null,
    reason: null,
    created_by: "usr_1",
    created_at: now,
    expires_at: timestamp(addSeconds(at, 3_600)),
    updated_at: now,
    etag: newEtag(at),
    audit_days: 30,
    ...more,
  };
  const table = stackTable().of(company.organization_id);
  const { id: promotion_id, agent_id, target_gateway_id } = one;
  await table.transact([
    table.writes.create(promotionItem, one),
    table.writes.create(openItem, { promotion_id, agent_id, target_gateway_id }),
  ]);
  return one;
}
