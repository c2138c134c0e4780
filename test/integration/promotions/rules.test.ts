import { describe, expect, it } from "vitest";
import { wayItem } from "../../../functions/promotions/store.ts";
import { registerCompany } from "../../support/api.ts";
import { aRule } from "../../support/promotions.ts";
import { stackTable } from "../../support/stack.ts";

describe("the rule for two environments", () => {
  it("is one, also when two make it at once, and who comes later is told which", async () => {
    const company = await registerCompany();
    const answers = await Promise.all([1, 2, 3].map(() => company.call("POST", "/promotion-rules", aRule)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    const { items } = (await company.call("GET", "/promotion-rules")).body;
    expect(items).toMatchObject([{ ...aRule, version: 1, required_approvals: 1, expires_after_seconds: 259_200 }]);
    for (const { body } of answers.filter(({ status }) => status === 409))
      expect(body).toMatchObject({ code: "conflict", state: "exists", promotion_rule_id: items[0].id });
  });

  it("has one version more with each change, also of two at once, and none with what changes nothing", async () => {
    const company = await registerCompany();
    const { id } = (await company.call("POST", "/promotion-rules", aRule)).body;
    const path = `/promotion-rules/${id}`;
    const changes = [{ required_approvals: 3 }, { min_seconds_in_environment: 60 }];
    const changed = await Promise.all(changes.map((body) => company.call("PATCH", path, body)));
    expect(changed.map(({ body }) => body.version).sort()).toEqual([2, 3]);
    expect((await company.call("PATCH", path, { required_approvals: 3 })).body).toMatchObject({
      version: 3,
      required_approvals: 3,
      min_seconds_in_environment: 60,
    });
  });

  it("keeps to what production asks for, when it is made and when it is changed", async () => {
    const company = await registerCompany();
    const up = { source_environment: "staging", target_environment: "production" };
    const unapproved = await company.call("POST", "/promotion-rules", { ...up, requires_approval: false });
    expect([unapproved.status, unapproved.body.issues.map(({ path }: { path: string }) => path)]).toEqual([
      422,
      ["requires_approval"],
    ]);
    const { id } = (await company.call("POST", "/promotion-rules", up)).body;
    const alone = await company.call("PATCH", `/promotion-rules/${id}`, { separation_of_duties: false });
    expect([alone.status, alone.body.code]).toEqual([422, "validation_failed"]);
    const moved = await company.call("PATCH", `/promotion-rules/${id}`, { target_environment: "staging" });
    expect(moved.status).toBe(422);
  });

  it("leaves room for another one when it is deleted", async () => {
    const company = await registerCompany();
    const { id } = (await company.call("POST", "/promotion-rules", aRule)).body;
    expect((await company.call("DELETE", `/promotion-rules/${id}`)).status).toBe(204);
    const way = { source_environment: "development", target_environment: "staging" } as const;
    expect(await stackTable().of(company.organization_id).get(wayItem, way)).toBeUndefined();
    expect((await company.call("POST", "/promotion-rules", aRule)).status).toBe(201);
  });
});
