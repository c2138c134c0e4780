import { expect } from "vitest";
import type { Company } from "./api.ts";

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
