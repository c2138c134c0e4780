import { beforeAll, describe, expect, it } from "vitest";
import { type Company, unique } from "../../support/api.ts";
import { roomyCompany } from "../../support/plans.ts";
import { activePolicy, policyOf } from "../../support/policies.ts";

let company: Company;
beforeAll(async () => {
  company = await roomyCompany();
});

const secret = { path: "resource.tags", op: "contains", value: "secret" };
const open = { path: "resource.tags", op: "contains", value: "open" };
const developers = { assignments: [{ type: "role", id: "developer" }] };
const denied = {
  name: "Developers leave secrets alone",
  principal: { role: "developer" },
  resource: { tags: ["secret"] },
  expected: "deny",
};
const allowed = {
  ...denied,
  name: "Viewers are somebody else's matter",
  principal: { role: "viewer" },
  expected: "allow",
};
const set = (id: string, tests: readonly object[]) => company.call("PUT", `/policies/${id}/tests`, { tests });
const move = (id: string, to: string) => company.call("POST", `/policies/${id}/${to}`);

describe("the tests of a policy", () => {
  it("have to pass before it is enforced, and each that fails is named", async () => {
    const { id, test_count } = await policyOf(company, { ...developers, conditions: open });
    expect(test_count).toBe(0);
    const kept = await set(id, [denied, allowed]);
    expect([kept.status, kept.body.test_count, kept.body.version]).toEqual([200, 2, 1]);
    const listed = (await company.call("GET", `/policies/${id}/tests`)).body;
    expect(listed).toEqual({
      items: [
        expect.objectContaining({ ...denied, resource_type: "agent", action: "update" }),
        expect.objectContaining({ name: allowed.name, context: { at: "2026-01-05T12:00:00.000Z" } }),
      ],
      next_cursor: null,
    });
    const refused = await move(id, "activate");
    expect([refused.status, refused.body.code, refused.body.failing]).toEqual([
      409,
      "policy_tests_failed",
      [{ name: denied.name, expected: "deny", actual: "allow", policy: null }],
    ]);
    expect((await company.call("GET", `/policies/${id}`)).body.status).toBe("draft");
    const run = await company.call("POST", `/policies/${id}/test`, {});
    expect([run.status, run.body.passed, run.body.results.map((one: { passed: boolean }) => one.passed)]).toEqual([
      200,
      false,
      [false, true],
    ]);
    expect((await company.call("PATCH", `/policies/${id}`, { conditions: secret })).body.version).toBe(2);
    expect((await company.call("POST", `/policies/${id}/test`, {})).body.passed).toBe(true);
    expect((await company.call("POST", `/policies/${id}/test`, { version: 1 })).body.passed).toBe(false);
    const never = await company.call("POST", `/policies/${id}/test`, { version: 9 });
    expect([never.status, never.body.code]).toEqual([422, "reference_not_found"]);
    expect((await move(id, "activate")).body.status).toBe("active");
    const trail = (await company.call("GET", `/audit/logs?action=policy.updated&limit=2`)).body.items;
    expect(trail.map(({ changes }: { changes: object[] }) => changes)).toEqual([
      [{ field: "conditions" }],
      [{ field: "tests" }],
    ]);
    await move(id, "deactivate");
  });

  it("keep what is in force from being changed so that one fails; what is not in force says what it likes", async () => {
    const { id } = await policyOf(company, { ...developers, conditions: open });
    expect((await company.call("PATCH", `/policies/${id}`, { conditions: secret })).status).toBe(200);
    await set(id, [denied]);
    expect((await move(id, "activate")).status).toBe(200);
    const changes = [
      () => company.call("PATCH", `/policies/${id}`, { conditions: open }),
      () => company.call("POST", `/policies/${id}/rollback`, { version: 1 }),
      () => company.call("PUT", `/policies/${id}/assignments`, { assignments: [] }),
      () => set(id, [denied, { ...denied, name: "Other", expected: "allow" }]),
    ];
    for (const change of changes) {
      const { status, body } = await change();
      expect([status, body.code, body.failing.length]).toEqual([409, "policy_tests_failed", 1]);
    }
    expect((await company.call("PATCH", `/policies/${id}`, { name: unique("Name") })).status).toBe(200);
    expect((await move(id, "deactivate")).status).toBe(200);
    for (const change of changes) expect((await change()).status).toBe(200);
  });

  it("ask all policies together: what another denies is not allowed", async () => {
    const other = await activePolicy(company, { ...developers, conditions: secret });
    const { id } = await policyOf(company, { effect: "allow" });
    await set(id, [{ ...denied, expected: "allow" }]);
    const refused = await move(id, "activate");
    expect([refused.status, refused.body.failing[0].policy.id]).toEqual([409, other.id]);
    await move(other.id, "deactivate");
    expect((await move(id, "activate")).status).toBe(200);
    await move(id, "deactivate");
  });

  it("are refused where they ask what nobody asks, and all that is wrong is said", async () => {
    const { id } = await policyOf(company, developers);
    const wrong = await set(id, [
      { ...denied, action: "replay" },
      denied,
      { ...denied, resource: { environment: "production" } },
    ]);
    expect([wrong.status, wrong.body.code]).toEqual([422, "validation_failed"]);
    expect(wrong.body.issues.map(({ path }: { path: string }) => path)).toEqual([
      "tests.0.action",
      "tests.2.resource.environment",
      "tests.1.name",
      "tests.2.name",
    ]);
    const names = Array.from({ length: 51 }, (_, index) => ({ ...denied, name: `Test ${index}` }));
    expect((await set(id, names)).body.code).toBe("validation_failed");
    expect((await set(id, names.slice(1))).body.test_count).toBe(50);
    expect((await move(id, "activate")).status).toBe(200);
    await move(id, "deactivate");
  });
});
