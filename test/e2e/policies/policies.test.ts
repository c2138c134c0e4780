import { beforeAll, describe, expect, it } from "vitest";
import { createAgent } from "../../support/agents.ts";
import { type Company, registerCompany, unique } from "../../support/api.ts";
import { addMember, type TestMember } from "../../support/members.ts";
import { roomyCompany } from "../../support/plans.ts";
import { activePolicy, policyOf } from "../../support/policies.ts";

let company: Company;
let developer: TestMember;
beforeAll(async () => {
  company = await roomyCompany();
  developer = await addMember(company, "developer");
});

const forDevelopers = { assignments: [{ type: "role", id: "developer" }] };
const secret = { path: "resource.tags", op: "contains", value: "secret" };
const end = (id: string) => company.call("POST", `/policies/${id}/deactivate`);
const rename = (caller: Pick<Company, "call">, id: string, body: object = { description: unique() }) =>
  caller.call("PATCH", `/agents/${id}`, body);

describe("a policy", () => {
  it("decides nothing as a draft, on the next request once active, and no more once it is not", async () => {
    const agent = await createAgent(company, { tags: ["secret"] });
    const policy = await policyOf(company, { ...forDevelopers, name: "No secrets", conditions: secret });
    expect(policy).toMatchObject({
      status: "draft",
      version: 1,
      sentence:
        'Denies `update` on things of type `agent` to whoever has the role "developer", when the thing\'s tags include "secret".',
    });
    expect((await rename(developer, agent.id)).status).toBe(200);
    expect((await company.call("POST", `/policies/${policy.id}/activate`)).body.status).toBe("active");
    const denied = await rename(developer, agent.id);
    expect([denied.status, denied.body]).toMatchObject([
      403,
      {
        code: "policy_denied",
        detail: 'The policy "No secrets" denies this since the thing\'s tags include "secret".',
        policy: { id: policy.id, name: "No secrets" },
        conditions: ['the thing\'s tags include "secret"'],
      },
    ]);
    expect((await rename(company, agent.id)).status).toBe(200);
    const trail = await company.call("GET", `/audit/logs?action=access.denied&limit=1`);
    expect(trail.body.items[0]).toMatchObject({
      actor: { id: developer.user_id },
      outcome: "denied",
      reason: `policy ${policy.id}`,
      resource: { type: "operation", id: "agents.update" },
    });
    expect((await end(policy.id)).body.status).toBe("inactive");
    expect((await rename(developer, agent.id)).status).toBe(200);
  });

  it("judges what a change would make of a thing, and what is made", async () => {
    const open = await createAgent(company, { tags: ["open"] });
    const update = await activePolicy(company, { ...forDevelopers, conditions: secret });
    const create = await activePolicy(company, { ...forDevelopers, action: "create", conditions: secret });
    expect((await rename(developer, open.id)).status).toBe(200);
    expect((await rename(developer, open.id, { tags: ["secret"] })).body.code).toBe("policy_denied");
    expect((await rename(developer, open.id, { tags: ["other"] })).status).toBe(200);
    const body = { name: unique("Agent"), agent_type: "chat", model_id: "amazon-bedrock/claude-sonnet-4-5" };
    expect((await developer.call("POST", "/agents", { ...body, tags: ["secret"] })).body.code).toBe("policy_denied");
    expect((await developer.call("POST", "/agents", body)).status).toBe(201);
    const several = await developer.call("POST", "/imports", {
      document: { kaizen_version: 1, agents: [{ ...body, name: unique("Other") }] },
    });
    expect([several.status, several.body.code]).toEqual([403, "policy_denied"]);
    for (const { id } of [update, create]) await end(id);
    const taken = (by: Pick<Company, "call">) => by.call("POST", "/exports", { agent_ids: [open.id] });
    expect((await taken(developer)).status).toBe(200);
    const read = await activePolicy(company, { ...forDevelopers, action: "read", conditions: secret });
    const hidden = await taken(developer);
    expect([hidden.status, hidden.body.code]).toEqual([403, "policy_denied"]);
    expect((await developer.call("GET", `/agents/${open.id}/export`)).status).toBe(200);
    expect((await taken(company)).status).toBe(200);
    await end(read.id);
  });

  it("bites on whatever asks for its permission, and on its own type whatever else would suffice", async () => {
    // Whose refusals in this minute are few enough that each has an entry.
    const another = await addMember(company, "developer");
    const agent = await createAgent(company, { tags: ["open"] });
    const { id: suite } = (await company.call("POST", `/agents/${agent.id}/suites`, { name: unique("Suite") })).body;
    const renamed = () => another.call("PATCH", `/suites/${suite}`, { name: unique("Suite") });
    const denied = async (policy: object, asked: () => ReturnType<typeof renamed>, operation: string) => {
      const { id, name } = await activePolicy(company, { ...forDevelopers, ...policy });
      const { status, body } = await asked();
      expect([status, body.code, body.policy]).toEqual([403, "policy_denied", { id, name }]);
      const trail = await company.call("GET", "/audit/logs?action=access.denied&limit=1");
      expect(trail.body.items[0]).toMatchObject({ reason: `policy ${id}`, resource: { id: operation } });
      await end(id);
    };
    expect((await renamed()).status).toBe(200);
    await denied({ resource_type: "suite" }, renamed, "suites.update");
    await denied({}, renamed, "suites.update");
    // The suite is of an agent: what is said of pipelines is not about it, and of agents only what is about this one.
    const others = [{ resource_type: "pipeline" }, { conditions: secret }];
    for (const one of others) {
      const { id } = await activePolicy(company, { ...forDevelopers, ...one });
      expect((await renamed()).status).toBe(200);
      await end(id);
    }
    const open = { path: "resource.tags", op: "contains", value: "open" };
    await denied({ conditions: open }, renamed, "suites.update");
    const exported = () => another.call("GET", `/agents/${agent.id}/export`);
    await denied({ action: "read", conditions: open }, exported, "exchange.export_agent");
    const used = () => another.call("POST", "/templates/triage-router/use", {});
    await denied({ action: "create" }, used, "exchange.use_template");
    await denied({ action: "create", resource_type: "template" }, used, "exchange.use_template");
  });

  it("conceals prompts, and bites on what a copy reads and what an earlier version brings back", async () => {
    const agent = await createAgent(company, { tags: ["secret"] });
    expect((await company.call("POST", `/agents/${agent.id}/versions`, {})).status).toBe(201);
    expect((await rename(company, agent.id, { tags: ["open"] })).status).toBe(200);
    const prompts = async () =>
      [
        (await developer.call("GET", `/agents/${agent.id}`)).body,
        (await developer.call("GET", `/agents/${agent.id}/versions/1`)).body.definition,
      ].map(({ system_prompt }) => system_prompt);
    expect(await prompts()).toEqual([expect.any(String), expect.any(String)]);
    const concealing = await activePolicy(company, { ...forDevelopers, action: "read_prompts" });
    expect(await prompts()).toEqual([null, null]);
    await end(concealing.id);
    const copied = () => developer.call("POST", `/agents/${agent.id}/duplicate`, {});
    expect((await copied()).status).toBe(201);
    const reading = await activePolicy(company, {
      ...forDevelopers,
      action: "read",
      conditions: { path: "resource.tags", op: "contains", value: "open" },
    });
    expect((await copied()).body.code).toBe("policy_denied");
    await end(reading.id);
    const back = () => developer.call("POST", `/agents/${agent.id}/versions/1/rollback`);
    const updating = await activePolicy(company, { ...forDevelopers, conditions: secret });
    expect((await back()).body).toMatchObject({ code: "policy_denied", policy: { id: updating.id } });
    await end(updating.id);
    expect((await back()).body.tags).toEqual(["secret"]);
  });

  it("hides from a list what it refuses to read, and the pages stay full", async () => {
    const fresh = await registerCompany();
    const reader = await addMember(fresh, "developer");
    const made = [];
    for (const tags of [["a"], ["secret"], ["b"], ["secret"], ["c"]]) made.push(await createAgent(fresh, { tags }));
    await activePolicy(fresh, { ...forDevelopers, action: "read", conditions: secret });
    const readable = [];
    for (const { id } of made) {
      const { status } = await reader.call("GET", `/agents/${id}`);
      if (status === 200) readable.push(id);
      else expect(status).toBe(403);
    }
    expect(readable).toHaveLength(3);
    const first = (await reader.call("GET", "/agents?limit=2")).body;
    const second = (await reader.call("GET", `/agents?limit=2&cursor=${first.next_cursor}`)).body;
    const ids = (page: { items: { id: string }[] }) => page.items.map(({ id }) => id);
    expect([ids(first).length, ids(second).length]).toEqual([2, 1]);
    expect([...ids(first), ...ids(second)]).toEqual(readable.toReversed());
    expect(ids((await fresh.call("GET", "/agents?limit=10")).body)).toHaveLength(5);
    // A part of what is hidden is hidden, too.
    expect((await reader.call("GET", `/agents/${made[1].id}/contexts`)).status).toBe(403);
    expect((await reader.call("GET", `/agents/${made[0].id}/contexts`)).status).toBe(200);
  });

  it("is for the teams below the one that it names, and for nobody else", async () => {
    const agent = await createAgent(company);
    const above = (await company.call("POST", "/teams", { name: unique("Above") })).body.id;
    const below = (await company.call("POST", "/teams", { name: unique("Below"), parent_id: above })).body.id;
    const policy = await activePolicy(company, { assignments: [{ type: "team", id: above }] });
    expect((await rename(developer, agent.id)).status).toBe(200);
    expect((await company.call("POST", `/teams/${below}/members`, { user_id: developer.user_id })).status).toBe(201);
    expect((await rename(developer, agent.id)).body.policy).toEqual({ id: policy.id, name: policy.name });
    expect((await end(policy.id)).status).toBe(200);
  });

  it("looks at who asks and from where", async () => {
    const agent = await createAgent(company);
    const elsewhere = { not: { path: "context.ip", op: "in", value: ["192.0.2.0/24"] } };
    const stranger = { not: { path: "principal.email_domain", op: "eq", value: "example.com" } };
    const asked = async (conditions: object) => {
      const { id } = await activePolicy(company, { ...forDevelopers, conditions });
      const { status } = await rename(developer, agent.id);
      await end(id);
      return status;
    };
    expect(await asked(elsewhere)).toBe(403);
    expect(await asked(stranger)).toBe(200);
    expect(await asked({ path: "principal.session_age_minutes", op: "lte", value: 60 })).toBe(403);
    const others = { path: "resource.created_by", op: "ne", value: { $ref: "attribute", path: "principal.id" } };
    expect(await asked(others)).toBe(403);
  });
});

describe("what is denied by default", () => {
  it("is allowed by the policies that allow it, and by none else", async () => {
    const fresh = await registerCompany();
    const reader = await addMember(fresh, "developer");
    const agent = await createAgent(fresh, { tags: ["open"] });
    await activePolicy(fresh, { effect: "allow", action: "*", assignments: [{ type: "role", id: "org_owner" }] });
    expect((await fresh.call("PUT", "/policies/defaults", { denied_by_default: ["agent"] })).status).toBe(200);
    expect((await fresh.call("GET", "/policies/defaults")).body).toEqual({ denied_by_default: ["agent"] });
    const denied = await reader.call("GET", `/agents/${agent.id}`);
    expect([denied.status, denied.body.code, denied.body.policy]).toEqual([403, "policy_denied", null]);
    expect((await reader.call("GET", "/agents")).status).toBe(403);
    expect((await fresh.call("GET", `/agents/${agent.id}`)).status).toBe(200);
    expect((await reader.call("GET", "/pipelines")).status).toBe(200);
    const open = { path: "resource.tags", op: "contains", value: "open" };
    await activePolicy(fresh, { effect: "allow", action: "read", conditions: open });
    expect((await reader.call("GET", `/agents/${agent.id}`)).status).toBe(200);
    expect((await reader.call("GET", "/agents")).body.items).toHaveLength(1);
    const unknown = await fresh.call("PUT", "/policies/defaults", { denied_by_default: ["dragon"] });
    expect([unknown.status, unknown.body.issues[0].path]).toEqual([422, "denied_by_default.0"]);
  });
});

describe("an organization that has locked itself out", () => {
  it("is opened again by an owner, and by nobody else", async () => {
    const fresh = await registerCompany();
    const admin = await addMember(fresh, "org_admin");
    const { id } = await activePolicy(fresh, { resource_type: "*", action: "*" });
    expect((await fresh.call("GET", "/agents")).body.code).toBe("policy_denied");
    expect((await admin.call("POST", `/policies/${id}/deactivate`)).body.code).toBe("policy_denied");
    expect((await fresh.call("POST", `/policies/${id}/deactivate`)).status).toBe(200);
    expect((await fresh.call("GET", "/agents")).status).toBe(200);
  });
});

describe("the difference between two versions", () => {
  const tagged = (value: string) => ({ path: "resource.tags", op: "contains", value });

  it("says what they say, field by field, and what becomes allowed and denied by it", async () => {
    const fresh = await registerCompany();
    const { id } = await policyOf(fresh, { conditions: tagged("a") });
    const changed = await fresh.call("PATCH", `/policies/${id}`, { name: "Another", conditions: tagged("b") });
    expect(changed.body.version).toBe(2);
    const diff = async (version: number, query = "") =>
      fresh.call("GET", `/policies/${id}/versions/${version}/diff${query}`);
    const { status, body } = await diff(2);
    expect([status, body.from, body.to, body.complete]).toEqual([200, 1, 2, true]);
    expect(body.fields.slice(1)).toEqual([{ path: "conditions.value", old: "a", new: "b" }]);
    expect(body.fields[0]).toMatchObject({ path: "name", new: "Another" });
    expect([body.sentences.old, body.sentences.new]).toEqual([
      expect.stringContaining('when the thing\'s tags include "a".'),
      expect.stringContaining('when the thing\'s tags include "b".'),
    ]);
    expect(body.allowed).toMatchObject([
      { resource_type: "agent", action: "update", when: [{ attribute: "resource.tags" }] },
    ]);
    expect(body.denied).toHaveLength(1);
    // The example, tried: by the one version it is denied, by the other it is not.
    const outcome = async (version: number) => {
      const { resource_type, action, example } = body.allowed[0];
      const tried = { resource_type, action, ...example, with: { policy_id: id, version } };
      return (await fresh.call("POST", "/policies/simulate", tried)).body.outcome;
    };
    expect([await outcome(1), await outcome(2)]).toEqual(["deny", "allow"]);
    const first = (await diff(1)).body;
    expect([first.from, first.sentences.old, first.allowed.length, first.denied.length]).toEqual([
      "nothing",
      null,
      0,
      1,
    ]);
    const back = (await diff(1, "?against=2")).body;
    expect([back.allowed, back.denied]).toEqual([body.denied, body.allowed]);
    expect((await diff(2, "?against=nothing")).body.from).toBe("nothing");
    expect((await diff(9)).status).toBe(404);
    expect((await diff(2, "?against=9")).status).toBe(404);
    expect((await company.call("GET", `/policies/${id}/versions/2/diff`)).status).toBe(404);
  });
});

describe("versions", () => {
  it("are made by each change, bite at once where the policy is active, and can be gone back to", async () => {
    const agent = await createAgent(company, { tags: ["v"] });
    const tagged = (value: string) => ({ path: "resource.tags", op: "contains", value });
    const policy = await activePolicy(company, { ...forDevelopers, conditions: tagged("v") });
    expect((await rename(developer, agent.id)).status).toBe(403);
    const changed = await company.call("PATCH", `/policies/${policy.id}`, { conditions: tagged("w") });
    expect([changed.status, changed.body.version]).toEqual([200, 2]);
    expect((await rename(developer, agent.id)).status).toBe(200);
    const same = await company.call("PATCH", `/policies/${policy.id}`, { conditions: tagged("w") });
    expect(same.body.version).toBe(2);
    const back = await company.call("POST", `/policies/${policy.id}/rollback`, { version: 1 });
    expect([back.status, back.body.version, back.body.conditions]).toEqual([200, 3, tagged("v")]);
    expect((await rename(developer, agent.id)).status).toBe(403);
    const { items } = (await company.call("GET", `/policies/${policy.id}/versions`)).body;
    expect(items.map(({ version }: { version: number }) => version)).toEqual([3, 2, 1]);
    const never = await company.call("POST", `/policies/${policy.id}/rollback`, { version: 9 });
    expect([never.status, never.body.code]).toEqual([422, "reference_not_found"]);
    const stale = await company.call("PATCH", `/policies/${policy.id}`, { name: "X" }, { "if-match": '"old"' });
    expect([stale.status, stale.body.code]).toEqual([412, "precondition_failed"]);
    expect((await company.call("DELETE", `/policies/${policy.id}`)).status).toBe(204);
    expect((await company.call("GET", `/policies/${policy.id}`)).status).toBe(404);
    expect((await rename(developer, agent.id)).status).toBe(200);
  });
});

describe("what cannot be", () => {
  it("is refused with its place and what to do", async () => {
    const sent = async (more: object) => {
      const { body } = await company.call("POST", "/policies", {
        name: "X",
        effect: "deny",
        resource_type: "agent",
        action: "update",
        ...more,
      });
      return [body.code, body.issues?.[0]?.path];
    };
    expect(await sent({ action: "fly" })).toEqual(["validation_failed", "action"]);
    expect(await sent({ resource_type: "dragon" })).toEqual(["validation_failed", "resource_type"]);
    expect(await sent({ conditions: { all: [{ path: "principal.rol", op: "eq", value: "x" }] } })).toEqual([
      "validation_failed",
      "conditions.all.0.path",
    ]);
    const nobody = [{ type: "organization" }, { type: "team", id: "tem_01JDQ4X0Z5V8W3N7K2M9R6T1BC" }];
    expect(await sent({ assignments: nobody })).toEqual(["reference_not_found", "assignments.1.id"]);
  });

  it("an effect that cannot be enforced yet is kept and not activated", async () => {
    const { id } = await policyOf(company, { effect: "require_approval" });
    const answer = await company.call("POST", `/policies/${id}/activate`);
    expect([answer.status, answer.body.code]).toEqual([409, "conflict"]);
    const active = await activePolicy(company, forDevelopers);
    const changed = await company.call("PATCH", `/policies/${active.id}`, { effect: "require_approval" });
    expect([changed.status, changed.body.code]).toEqual([409, "conflict"]);
    const again = await company.call("POST", `/policies/${active.id}/activate`);
    expect([again.status, again.body.state]).toEqual([409, "active"]);
    expect((await end(active.id)).status).toBe(200);
    expect((await end(active.id)).status).toBe(409);
  });

  it("is told of conditions that are not saved", async () => {
    const check = async (conditions: object) =>
      (await company.call("POST", "/policies/validate-conditions", { resource_type: "agent", conditions })).body;
    expect(await check({ path: "principal.role", op: "eq", value: "viewer" })).toEqual({
      valid: true,
      issues: [],
      references: [
        { path: "conditions.value", type: "role", id: "viewer", name: "viewer", status: "valid", detail: null },
      ],
      sentence: 'the caller\'s role is "viewer"',
    });
    expect(await check({ path: "time.hour", op: "lt", value: 9, zone: "Berlin" })).toMatchObject({
      valid: false,
      issues: [{ path: "conditions.zone" }],
      sentence: null,
    });
  });
});

describe("who writes policies", () => {
  it("begins with templates, each of which can be saved, and finds what conditions can look at", async () => {
    const { items } = (await company.call("GET", "/policies/templates")).body;
    expect(items.length).toBeGreaterThan(10);
    const { effect, resource_type, action, conditions, name } = items[0];
    expect((await policyOf(company, { effect, resource_type, action, conditions, name })).status).toBe("draft");
    const attributes = (await company.call("GET", "/policies/attributes")).body.items;
    expect(attributes.find(({ path }: { path: string }) => path === "resource.tags")).toMatchObject({
      type: "texts",
      resource_types: ["agent", "pipeline"],
    });
  });

  it("takes the active ones along as Cedar", async () => {
    const fresh = await registerCompany();
    const { id } = await activePolicy(fresh, {
      conditions: { path: "time.hour", op: "lt", value: 9, zone: "Asia/Tokyo" },
    });
    await policyOf(fresh);
    const odd = await activePolicy(fresh, { conditions: { path: "principal.email", op: "matches", value: "^a" } });
    const { body } = await fresh.call("GET", "/policies/cedar");
    expect(body.zones).toEqual(["Asia/Tokyo"]);
    expect(body.omitted).toEqual([{ policy_id: odd.id, name: odd.name, why: "Cedar has nothing like `matches`" }]);
    expect(body.text).toContain(`@id("${id}")`);
  });

  it("finds them by status, page by page", async () => {
    const fresh = await registerCompany();
    for (let i = 0; i < 3; i++) await policyOf(fresh);
    const one = await activePolicy(fresh);
    const page = (await fresh.call("GET", "/policies?limit=3")).body;
    expect(page.items).toHaveLength(3);
    expect((await fresh.call("GET", `/policies?limit=3&cursor=${page.next_cursor}`)).body.items).toHaveLength(1);
    const active = (await fresh.call("GET", "/policies?status=active")).body.items;
    expect(active.map(({ id }: { id: string }) => id)).toEqual([one.id]);
  });
});
