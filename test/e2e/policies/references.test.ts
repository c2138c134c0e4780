import { beforeAll, describe, expect, it } from "vitest";
import { createAgent } from "../../support/agents.ts";
import { type Company, registerCompany, unique } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";
import { roomyCompany } from "../../support/plans.ts";
import { policyOf } from "../../support/policies.ts";
import { ownRole } from "../../support/roles.ts";

let company: Company;
beforeAll(async () => {
  company = await roomyCompany();
});

const teamOf = async (caller: Company, name = unique("Team")) =>
  (await caller.call("POST", "/teams", { name })).body as { id: string; name: string };
const inTeams = (ids: readonly string[], names?: readonly string[]) => ({
  path: "principal.teams",
  op: "in",
  value: { $ref: "resource", type: "team", ids, ...(names && { display: { names } }) },
});
const validate = (body: object, caller: Pick<Company, "call"> = company) =>
  caller.call("POST", "/policies/validate-conditions", body);

describe("what a policy names", () => {
  it("stands as it is now: there, gone, archived, or called otherwise", async () => {
    const [kept, gone, renamed] = [await teamOf(company), await teamOf(company), await teamOf(company)];
    const agent = await createAgent(company);
    const conditions = {
      all: [
        inTeams([kept.id, gone.id, renamed.id], [kept.name, gone.name, renamed.name]),
        { path: "resource.id", op: "in", value: [agent.id, (await createAgent(await registerCompany())).id] },
      ],
    };
    const member = await addMember(company, "viewer");
    const assignments = [
      { type: "role", id: "developer" },
      { type: "user", id: member.user_id },
    ];
    const policy = await policyOf(company, { conditions, assignments });
    expect((await company.call("DELETE", `/teams/${gone.id}`)).status).toBe(204);
    expect((await company.call("PATCH", `/teams/${renamed.id}`, { name: unique("Other") })).status).toBe(200);
    expect((await company.call("POST", `/agents/${agent.id}/archive`)).status).toBe(200);
    expect((await company.call("POST", `/users/${member.user_id}/suspend`)).status).toBe(200);
    const { status, body } = await company.call("GET", `/policies/${policy.id}/references`);
    expect([status, body.next_cursor]).toEqual([200, null]);
    const shown = body.items.map((one: Record<string, string>) => [one.path, one.type, one.status, one.detail]);
    const [renaming, missing] = [
      `It was called "${renamed.name}" and is called otherwise now.`,
      "There is no such thing in this organization.",
    ];
    expect(shown).toEqual([
      ["conditions.all.0.value.ids.0", "team", "valid", null],
      ["conditions.all.0.value.ids.1", "team", "orphaned", missing],
      ["conditions.all.0.value.ids.2", "team", "changed", renaming],
      ["conditions.all.1.value.0", "agent", "changed", "It is archived."],
      ["conditions.all.1.value.1", "agent", "orphaned", missing],
      ["assignments.0.id", "role", "valid", null],
      ["assignments.1.id", "user", "changed", "It is suspended."],
    ]);
    expect(body.items[0].name).toBe(kept.name);
  });

  it("is called by its name before whoever may read it, and nobody else", async () => {
    const team = await teamOf(company);
    const reader = await addMember(company, await ownRole(company, ["policies:read"]));
    const asked = { conditions: inTeams([team.id]) };
    expect((await validate(asked)).body.references).toMatchObject([{ id: team.id, name: team.name, status: "valid" }]);
    expect((await validate(asked, reader)).body.references).toMatchObject([
      { id: team.id, name: null, status: "valid" },
    ]);
  });

  it("is told beside what is wrong with conditions, all of that at once", async () => {
    const orphaned = await validate({ conditions: inTeams(["tem_00000000000000000000000001"]) });
    expect(orphaned.body).toMatchObject({ valid: true, issues: [], references: [{ status: "orphaned", name: null }] });
    const wrong = await validate({
      resource_type: "agent",
      action: "replay",
      conditions: {
        all: [
          { path: "resource.age", op: "eq", value: 1 },
          { path: "principal.mfa", op: "gt", value: 1 },
        ],
      },
    });
    expect([wrong.status, wrong.body.valid, wrong.body.references]).toEqual([200, false, []]);
    expect(wrong.body.issues.map(({ path }: { path: string }) => path)).toEqual([
      "action",
      "conditions.all.0.path",
      "conditions.all.1.op",
    ]);
    const value = Array.from({ length: 200 }, (_, index) => `${"x".repeat(200)}${index}`);
    const long = await validate({ conditions: { path: "resource.name", op: "in", value } });
    expect(long.body.issues).toMatchObject([{ path: "conditions" }]);
  });
});
