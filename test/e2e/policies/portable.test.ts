import { beforeAll, describe, expect, it } from "vitest";
import { type Company, unique } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";
import { roomyCompany } from "../../support/plans.ts";
import { policyOf } from "../../support/policies.ts";
import { ownRole } from "../../support/roles.ts";

let here: Company;
let there: Company;
beforeAll(async () => {
  [here, there] = await Promise.all([roomyCompany(), roomyCompany()]);
});

const exported = async (caller: Company, query = "") => (await caller.call("GET", `/policies/export${query}`)).body;
const imported = (caller: Pick<Company, "call">, document: object, dry_run = false) =>
  caller.call("POST", "/policies/import", { document, dry_run });
const states = (body: { policies: { state: string }[] }) => body.policies.map(({ state }) => state);

/** A team and a role by the same names in an organization, with their ids. */
async function named(company: Company, team: string, role: string) {
  const teamId: string = (await company.call("POST", "/teams", { name: team })).body.id;
  const made = await company.call("POST", "/roles", { name: role, grants: ["agents:read"] });
  expect(made.status).toBe(201);
  return { team: teamId, role: made.body.id as string };
}

describe("policies as a document", () => {
  it("come out of another organization as they went in, as drafts, with its own ids", async () => {
    const [team, role] = [unique("Sales"), unique("Reader")];
    const [ours, theirs] = [await named(here, team, role), await named(there, team, role)];
    const conditions = {
      all: [
        { path: "principal.teams", op: "in", value: { $ref: "resource", type: "team", ids: [ours.team] } },
        { not: { path: "principal.role", op: "in", value: ["org_owner", ours.role] } },
      ],
    };
    const assignments = [
      { type: "team", id: ours.team },
      { type: "role", id: ours.role },
      { type: "role", id: "developer" },
    ];
    const one = await policyOf(here, { name: "One", conditions, assignments });
    const test = { name: "Sales", principal: { role: "developer", teams: [ours.team] }, expected: "deny" };
    expect((await here.call("PUT", `/policies/${one.id}/tests`, { tests: [test] })).status).toBe(200);
    expect((await here.call("POST", `/policies/${one.id}/activate`)).status).toBe(200);
    await policyOf(here, { name: "Two", effect: "allow" });
    const document = await exported(here);
    expect(document.items).toHaveLength(2);
    expect(document.items[0]).toMatchObject({
      name: "One",
      assignments: [
        { type: "team", name: team },
        { type: "role", name: role },
        { type: "role", id: "developer" },
      ],
      conditions: { all: [{ value: { ids: [{ name: team }] } }, { not: { value: ["org_owner", { name: role }] } }] },
      tests: [{ principal: { role: "developer", teams: [{ name: team }] } }],
    });
    expect(JSON.stringify(document)).not.toContain(ours.team);
    const planned = await imported(there, document, true);
    expect([planned.status, states(planned.body), planned.body.unresolved]).toEqual([200, ["new", "new"], []]);
    expect((await there.call("GET", "/policies")).body.items).toEqual([]);
    const made = await imported(there, document);
    expect([made.status, states(made.body), made.body.dry_run]).toEqual([200, ["new", "new"], false]);
    const { body } = await there.call("GET", `/policies/${made.body.policies[0].policy_id}`);
    expect(body).toMatchObject({
      status: "draft",
      version: 1,
      test_count: 1,
      assignments: [{ type: "team", id: theirs.team }, { type: "role", id: theirs.role }, assignments[2]],
    });
    expect(body.conditions.all[0].value.ids).toEqual([theirs.team]);
    expect((await there.call("POST", `/policies/${body.id}/test`, {})).body.passed).toBe(true);
    expect(await exported(there)).toEqual(document);
    const trail = (await there.call("GET", "/audit/logs?action=policy.created&limit=5")).body.items;
    expect(trail).toHaveLength(2);
  });

  it("make nothing twice, and nothing out of what there is: what says something else is a draft beside it", async () => {
    const document = await exported(there);
    const again = await imported(there, document);
    expect(states(again.body)).toEqual(["unchanged", "unchanged"]);
    const [one, two] = document.items;
    const changed = { items: [one, { ...two, action: "delete" }] };
    const planned = await imported(there, changed, true);
    expect(planned.body.policies[1]).toMatchObject({
      state: "beside",
      policy_id: null,
      differences: [{ path: "action", old: "update", new: "delete" }],
    });
    const made = (await imported(there, changed)).body.policies;
    expect(made[0].policy_id).toBe(again.body.policies[0].policy_id);
    expect(made[1].policy_id).not.toBe(again.body.policies[1].policy_id);
    const before = (await there.call("GET", `/policies/${again.body.policies[1].policy_id}`)).body;
    expect([before.action, before.version]).toEqual(["update", 1]);
  });

  it("are made all or none: what is not here is listed with its place", async () => {
    const missing = unique("Missing");
    const said = { kaizen_policy: 1, effect: "deny", resource_type: "agent", action: "update" };
    const document = {
      items: [
        { ...said, name: "Fine", assignments: [{ type: "organization" }] },
        {
          ...said,
          name: "Not fine",
          conditions: { path: "principal.teams", op: "contains", value: { name: missing } },
          assignments: [{ type: "role", name: missing }],
        },
        { ...said, name: "Nor this", assignments: [{ type: "user", id: here.user_id }] },
      ],
    };
    const planned = await imported(there, document, true);
    expect([planned.status, planned.body.unresolved]).toEqual([
      200,
      [
        { path: "items.1.conditions.value", type: "team", named: missing },
        { path: "items.1.assignments.0.name", type: "role", named: missing },
        { path: "items.2.assignments.0.id", type: "user", named: here.user_id },
      ],
    ]);
    const refused = await imported(there, document);
    expect([refused.status, refused.body.code]).toEqual([422, "reference_not_found"]);
    expect(refused.body.issues.map(({ path }: { path: string }) => path)).toEqual([
      "document.items.1.conditions.value",
      "document.items.1.assignments.0.name",
      "document.items.2.assignments.0.id",
    ]);
    const names = (await there.call("GET", "/policies")).body.items.map(({ name }: { name: string }) => name);
    expect(names).not.toContain("Fine");
  });

  it("are refused where they say what no policy can, with all of that at once", async () => {
    const said = { kaizen_policy: 1, effect: "deny", resource_type: "agent", action: "update" };
    const wrong = await imported(there, {
      items: [
        { ...said, name: "A", action: "replay", conditions: { path: "resource.age", op: "eq", value: 1 } },
        { ...said, name: "B", assignments: [{ type: "team" }] },
        {
          ...said,
          name: "C",
          tests: [{ name: "T", resource_type: "agent", action: "update", principal: { level: 9 }, expected: "deny" }],
        },
      ],
    });
    expect([wrong.status, wrong.body.code]).toEqual([422, "validation_failed"]);
    expect(wrong.body.issues.map(({ path }: { path: string }) => path)).toEqual([
      "document.items.0.action",
      "document.items.0.conditions.path",
      "document.items.1.assignments.0.id",
      "document.items.2.tests.0.principal.level",
    ]);
  });

  it("tell no names to whoever may not see them, and come in pages", async () => {
    const maker = await addMember(here, await ownRole(here, ["policies:read", "policies:create"]));
    const [whole, concealed] = [await exported(here), (await maker.call("GET", "/policies/export")).body];
    const [team, role] = whole.items[0].assignments;
    expect([typeof team.name, typeof role.name]).toEqual(["string", "string"]);
    const ids = { type: expect.any(String), id: expect.stringMatching(/^(tem|rol)_/) };
    expect(concealed.items[0].assignments.slice(0, 2)).toEqual([ids, ids]);
    expect((await imported(maker, concealed, true)).body.unresolved).toEqual([]);
    const unseen = (await imported(maker, { items: [whole.items[0]] }, true)).body.unresolved;
    expect(unseen).toContainEqual({ path: "items.0.assignments.0.name", type: "team", named: team.name });
    const first = await exported(here, "?limit=1");
    expect([first.items.length, typeof first.next_cursor]).toEqual([1, "string"]);
    const second = await exported(here, `?limit=1&cursor=${first.next_cursor}`);
    expect([...first.items, ...second.items]).toEqual((await exported(here)).items);
    expect((await exported(here, "?status=active")).items).toEqual([first.items[0]]);
    expect(states((await imported(here, first)).body)).toEqual(["unchanged"]);
  });
});
