import { describe, expect, it } from "vitest";
import { openItem } from "../../../functions/promotions/store.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { registerCompany } from "../../support/api.ts";
import { promotable, storedPromotion } from "../../support/promotions.ts";
import { stackTable } from "../../support/stack.ts";

const statuses = (answers: readonly { readonly status: number }[]) => answers.map(({ status }) => status).sort();
const tries = [1, 2, 3];

describe("a promotion", () => {
  it("pins what it was asked for with, and is one per agent and gateway, also when two ask at once", async () => {
    const company = await registerCompany();
    const body = await promotable(company);
    const answers = await Promise.all(tries.map(() => company.call("POST", "/promotions", body)));
    expect(statuses(answers)).toEqual([201, 409, 409]);
    const [made] = (await company.call("GET", "/promotions?status=approved")).body.items;
    expect(made).toMatchObject({ ...body, status: "approved", version: 1, rule_id: null, required_approvals: 0 });
    expect((await company.call("POST", `/promotions/${made.id}/cancel`, {})).body.status).toBe("cancelled");
    expect((await company.call("POST", "/promotions", body)).status).toBe(201);
  });

  it("is not approved by whoever asks for it", async () => {
    const company = await registerCompany();
    const rule = { source_environment: "development", target_environment: "staging" };
    await company.call("POST", "/promotion-rules", rule);
    const { id } = (await company.call("POST", "/promotions", await promotable(company))).body;
    const answer = await company.call("POST", `/promotions/${id}/approve`, {});
    expect([answer.status, answer.body.code]).toEqual([403, "forbidden"]);
    expect((await company.call("GET", `/promotions/${id}`)).body).toMatchObject({ status: "pending_approval" });
  });

  it("never goes down, sideways, or over an environment that no rule leaves out", async () => {
    const company = await registerCompany();
    const { deployment_id } = await promotable(company);
    for (const environment of ["development", "production"]) {
      const gateway = { name: `To ${environment}`, api_url: "http://127.0.0.1:9", api_key: "key", environment };
      const { id: target_gateway_id } = (await company.call("POST", "/gateways", gateway)).body;
      const answer = await company.call("POST", "/promotions", { deployment_id, target_gateway_id });
      expect([answer.status, answer.body.code]).toEqual([422, "reference_not_found"]);
    }
  });

  it("counts nobody twice, however often they approve at once", async () => {
    const company = await registerCompany();
    const rule = { source_environment: "staging", target_environment: "production", required_approvals: 2 };
    const { id: rule_id, version: rule_version } = (await company.call("POST", "/promotion-rules", rule)).body;
    const { id } = await storedPromotion(company, { rule_id, rule_version, required_approvals: 2 });
    const answers = await Promise.all(tries.map(() => company.call("POST", `/promotions/${id}/approve`, {})));
    expect(statuses(answers)).toEqual([200, 409, 409]);
    const { body } = await company.call("GET", `/promotions/${id}`);
    expect([body.status, body.approvals.length]).toEqual(["pending_approval", 1]);
  });

  it("is approved by the last approval once", async () => {
    const company = await registerCompany();
    const { id } = await storedPromotion(company);
    const answers = await Promise.all(tries.map(() => company.call("POST", `/promotions/${id}/approve`, {})));
    expect(statuses(answers)).toEqual([200, 409, 409]);
    expect((await company.call("GET", `/promotions/${id}`)).body).toMatchObject({ status: "approved" });
  });

  it("is approved or rejected, never both", async () => {
    const company = await registerCompany();
    const { id } = await storedPromotion(company);
    const ways = ["approve", "reject"];
    const answers = await Promise.all(ways.map((way) => company.call("POST", `/promotions/${id}/${way}`, {})));
    expect(statuses(answers)).toEqual([200, 409]);
    const won = answers[0]?.status === 200 ? "approved" : "rejected";
    expect((await company.call("GET", `/promotions/${id}`)).body.status).toBe(won);
  });

  it("ends cancelled when it is cancelled while somebody approves it", async () => {
    const company = await registerCompany();
    const { id, target_gateway_id, agent_id } = await storedPromotion(company);
    const [, cancelled] = await Promise.all(
      ["approve", "cancel"].map((way) => company.call("POST", `/promotions/${id}/${way}`, {})),
    );
    expect([cancelled?.status, cancelled?.body.status]).toEqual([200, "cancelled"]);
    expect((await company.call("GET", `/promotions/${id}`)).body.status).toBe("cancelled");
    const open = await stackTable().of(company.organization_id).get(openItem, { target_gateway_id, agent_id });
    expect(open).toBeUndefined();
  });

  it("has no approval left when its rule has changed, and is approved anew", async () => {
    const company = await registerCompany();
    const rule = { source_environment: "staging", target_environment: "production" };
    const made = (await company.call("POST", "/promotion-rules", rule)).body;
    const approvals = [{ user_id: "usr_2", at: made.created_at, comment: "" }];
    const { id } = await storedPromotion(company, {
      rule_id: made.id,
      rule_version: 1,
      required_approvals: 2,
      approvals,
    });
    await company.call("PATCH", `/promotion-rules/${made.id}`, { min_seconds_in_environment: 60 });
    const answer = await company.call("POST", `/promotions/${id}/approve`, {});
    expect([answer.status, answer.body.state]).toEqual([409, "rule_changed"]);
    expect((await company.call("GET", `/promotions/${id}`)).body).toMatchObject({
      ...{ status: "pending_approval", approvals: [], rule_version: 2, required_approvals: 1 },
    });
    expect((await company.call("POST", `/promotions/${id}/approve`, {})).body.status).toBe("approved");
  });

  it("is never approved by a version of the rule that has gone while somebody approves", async () => {
    const company = await registerCompany();
    const rule = { source_environment: "staging", target_environment: "production" };
    const made = (await company.call("POST", "/promotion-rules", rule)).body;
    const { id } = await storedPromotion(company, { rule_id: made.id, rule_version: 1 });
    const [approved] = await Promise.all([
      company.call("POST", `/promotions/${id}/approve`, {}),
      company.call("PATCH", `/promotion-rules/${made.id}`, { required_approvals: 2 }),
    ]);
    const { body } = await company.call("GET", `/promotions/${id}`);
    const found = [approved?.status, body.status, body.rule_version, body.approvals.length];
    expect(found).toEqual(approved?.status === 200 ? [200, "approved", 1, 1] : [409, "pending_approval", 2, 0]);
  });

  it("expires for whoever would approve it when its time is over, also when several would at once", async () => {
    const company = await registerCompany();
    const past = timestamp(addSeconds(new Date(), -1));
    const { id, target_gateway_id, agent_id } = await storedPromotion(company, { expires_at: past });
    const answers = await Promise.all(tries.map(() => company.call("POST", `/promotions/${id}/approve`, {})));
    expect(answers.map(({ status, body }) => [status, body.state])).toEqual(tries.map(() => [409, "expired"]));
    expect((await company.call("GET", `/promotions/${id}`)).body).toMatchObject({ status: "expired", approvals: [] });
    const open = await stackTable().of(company.organization_id).get(openItem, { target_gateway_id, agent_id });
    expect(open).toBeUndefined();
  });
});
