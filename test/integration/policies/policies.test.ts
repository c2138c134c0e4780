import { beforeAll, describe, expect, it } from "vitest";
import * as handlers from "../../../functions/policies/handlers.ts";
import { operations } from "../../../functions/policies/operations.ts";
import { policyItem, policyVersionItem } from "../../../functions/policies/store.ts";
import { accessRulesItem } from "../../../shared/access/bundle.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import type { Company } from "../../support/api.ts";
import { askWhile } from "../../support/permitted.ts";
import { roomyCompany } from "../../support/plans.ts";
import { activePolicy, policyOf } from "../../support/policies.ts";
import { stackTable } from "../../support/stack.ts";

let company: Company;
beforeAll(async () => {
  company = await roomyCompany();
});

const own = () => stackTable().of(company.organization_id);
const rules = () => own().get(accessRulesItem, {});
const move = (id: string, to: string) => company.call("POST", `/policies/${id}/${to}`);
const forNobody = { assignments: [] };

describe("policies that change at the same moment", () => {
  it("are all in the rules, which the organization names by their version", async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push((await policyOf(company, forNobody)).id);
    const moved = await Promise.all(ids.map((id) => move(id, "activate")));
    expect(moved.map(({ status }) => status)).toEqual(ids.map(() => 200));
    const after = await rules();
    expect(after?.policies?.map(({ id }) => id)).toEqual([...ids].sort());
    expect((await own().get(organizationItem, {}))?.rules_version).toBe(after?.version);
    await Promise.all([
      ...ids.slice(1).map((id) => move(id, "deactivate")),
      company.call("DELETE", `/policies/${ids[0]}`),
    ]);
    expect((await rules())?.policies).toEqual([]);
  });

  it("one policy becomes active once, and each of its changes is a version", async () => {
    const { id } = await policyOf(company, forNobody);
    const moved = await Promise.all([1, 2, 3].map(() => move(id, "activate")));
    expect(moved.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    const changed = await Promise.all(
      ["a", "b", "c"].map((name) => company.call("PATCH", `/policies/${id}`, { name })),
    );
    expect(changed.map(({ status }) => status)).toEqual([200, 200, 200]);
    const { version, name } = (await company.call("GET", `/policies/${id}`)).body;
    expect(version).toBe(4);
    expect((await rules())?.policies).toEqual([expect.objectContaining({ id, version, name })]);
    await move(id, "deactivate");
  });
});

describe("a policy with tests", () => {
  it("is judged by what the others are when it comes in force, not by what they were when it was looked at", async () => {
    const expected = { name: "Allowed", resource_type: "agent", action: "update", expected: "allow" };
    const { id } = await policyOf(company, forNobody);
    expect((await company.call("PUT", `/policies/${id}/tests`, { tests: [expected] })).status).toBe(200);
    const other = await policyOf(company);
    const activated = await askWhile(
      { operations, handlers, deps: { table: stackTable() } },
      { method: "POST", path: `/policies/${id}/activate`, token: company.token },
      () => move(other.id, "activate"),
      "judged",
    );
    expect([activated.status, activated.body.code, activated.body.failing[0].policy.id]).toEqual([
      409,
      "policy_tests_failed",
      other.id,
    ]);
    expect((await rules())?.policies?.map((one) => one.id)).toEqual([other.id]);
    await move(other.id, "deactivate");
    expect((await move(id, "activate")).status).toBe(200);
    await move(id, "deactivate");
  });
});

describe("what there is room for", () => {
  it("is said where it ends, and a draft takes none", async () => {
    const value = Array.from({ length: 40 }, (_, index) => `${"x".repeat(700)}${index}`);
    const large = { ...forNobody, conditions: { path: "resource.name", op: "in", value } };
    const made: string[] = [];
    for (let i = 0; i < 5; i++) made.push((await activePolicy(company, large)).id);
    const { id } = await policyOf(company, large);
    const full = await move(id, "activate");
    expect([full.status, full.body.code, full.body.limit]).toEqual([402, "quota_exceeded", 150_000]);
    expect(full.body.used).toBeGreaterThan(150_000);
    const watched = await move(id, "shadow");
    expect([watched.status, watched.body.code]).toEqual([402, "quota_exceeded"]);
    expect((await company.call("GET", `/policies/${id}`)).body.status).toBe("draft");
    await Promise.all(made.map((one) => move(one, "deactivate")));
    expect((await move(id, "activate")).status).toBe(200);
    await move(id, "deactivate");
  });

  it("is for fifty versions of a policy, which go with it", async () => {
    const { id } = await policyOf(company, forNobody);
    for (let i = 2; i <= 53; i++)
      expect((await company.call("PATCH", `/policies/${id}`, { name: `Name ${i}` })).body.version).toBe(i);
    const kept = async () => (await own().page(policyVersionItem, { of: { policy_id: id }, limit: 100 })).items;
    expect((await kept()).map(({ version }) => version)).toEqual(Array.from({ length: 50 }, (_, index) => index + 4));
    expect((await company.call("DELETE", `/policies/${id}`)).status).toBe(204);
    expect(await kept()).toEqual([]);
    expect(await own().get(policyItem, { id })).toBeUndefined();
  });
});
