import { beforeAll, describe, expect, it } from "vitest";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { agentBody, createAgent } from "../../support/agents.ts";
import { type Company, unique } from "../../support/api.ts";
import { addMember, type TestMember } from "../../support/members.ts";
import { roomyCompany } from "../../support/plans.ts";
import { activePolicy, policyOf } from "../../support/policies.ts";
import { ownRole } from "../../support/roles.ts";

let company: Company;
let developer: TestMember;
let secret: string;
let open: string;
beforeAll(async () => {
  company = await roomyCompany();
  developer = await addMember(company, "developer");
  secret = (await createAgent(company, { tags: ["secret"] })).id;
  open = (await createAgent(company)).id;
  for (const id of [secret, secret, open])
    expect((await developer.call("PATCH", `/agents/${id}`, { description: unique() })).status).toBe(200);
});

const replay = (id: string, body: object = {}, by: Pick<Company, "call"> = company) =>
  by.call("POST", `/policies/${id}/replay`, body);
const looks = { path: "resource.tags", op: "contains", value: "secret" };
const forDevelopers = { assignments: [{ type: "role", id: "developer" }] };

describe("a replay of what was asked", () => {
  it("says what a policy would have denied, to whom, how often and when, and changes nothing", async () => {
    const { id, name } = await policyOf(company, { ...forDevelopers, conditions: looks });
    const { status, body } = await replay(id);
    expect([status, body.complete, body.unknown], JSON.stringify(body)).toEqual([
      ...[200, true, { not_recorded: 0, not_there: 0 }],
    ]);
    expect(body.requests).toBeGreaterThanOrEqual(3);
    const updates = await company.call("GET", `/audit/logs?action=agent.updated&limit=50`);
    const [newest] = updates.body.items.filter((entry: { resource: { id: string } }) => entry.resource.id === secret);
    expect(newest.request.operation).toBe("agents.update");
    expect(body.changes).toEqual([
      {
        ...{ operation: "agents.update", resource_type: "agent", action: "update", before: "allow", after: "deny" },
        actor: { type: "user", id: developer.user_id },
        policy: { id, name, version: 1 },
        ...{ requests: 2, last_at: newest.occurred_at, audit_id: newest.id },
      },
    ]);
    expect((await developer.call("PATCH", `/agents/${secret}`, { description: unique() })).status).toBe(200);
    expect((await company.call("GET", `/policies/${id}`)).body.status).toBe("draft");
  });

  it("says what would newly be allowed first, of what policies have refused", async () => {
    const other = await roomyCompany();
    const colleague = await addMember(other, "developer");
    const agent = (await createAgent(other)).id;
    const deny = await activePolicy(other, { ...forDevelopers, action: "update" });
    expect((await colleague.call("PATCH", `/agents/${agent}`, { description: "x" })).body.code).toBe("policy_denied");
    expect((await colleague.call("POST", "/agents", agentBody())).status).toBe(201);
    const conditions = { path: "context.ip", op: "eq", value: "192.0.2.1" };
    const edited = await other.call("PATCH", `/policies/${deny.id}`, { conditions });
    expect([edited.status, edited.body.version]).toEqual([200, 2]);
    const back = await replay(deny.id, { version: 1 }, other);
    expect(back.body.changes, back.text).toMatchObject([
      { operation: "agents.update", before: "allow", after: "deny", policy: { id: deny.id, version: 1 } },
    ]);
    expect((await other.call("POST", `/policies/${deny.id}/rollback`, { version: 1 })).status).toBe(200);
    const { id } = await policyOf(other, { ...forDevelopers, action: "create" });
    // In the place of what denies: said so before, and denies another thing.
    expect((await replay(deny.id, { version: 2 }, other)).body.changes).toMatchObject([
      { operation: "agents.update", before: "deny", after: "allow", policy: { id: deny.id } },
    ]);
    expect((await replay(id, {}, other)).body.changes).toMatchObject([
      { operation: "agents.create", before: "allow", after: "deny", requests: 1 },
    ]);
  });

  it("keeps to a time, and says of what nothing can be said", async () => {
    const { id } = await policyOf(company, { ...forDevelopers, conditions: looks });
    const before = timestamp(addSeconds(new Date(), -3_600));
    const none = await replay(id, { to: before });
    expect([none.body.requests, none.body.changes, none.body.to]).toEqual([0, [], before]);
    const factor = { path: "principal.mfa", op: "eq", value: false };
    const unknown = await policyOf(company, { ...forDevelopers, conditions: factor });
    const { body } = await replay(unknown.id);
    expect(body.changes).toEqual([]);
    expect(body.unknown.not_recorded).toBeGreaterThanOrEqual(3);
    const exported = await company.call("POST", "/exports", { agent_ids: [secret, open] });
    expect(exported.status).toBe(200);
    const all = await policyOf(company, { action: "read_prompts", conditions: looks });
    expect((await replay(all.id)).body.unknown.not_there).toBe(1);
    const backwards = await replay(id, { from: timestamp(new Date()), to: before });
    expect([backwards.status, backwards.body.issues[0].path]).toEqual([422, "from"]);
    expect((await replay(id, { version: 9 })).body.code).toBe("reference_not_found");
  });

  it("says nothing of somebody who is no member any more", async () => {
    const other = await roomyCompany();
    const gone = await addMember(other, "developer");
    const agent = (await createAgent(other)).id;
    expect((await gone.call("PATCH", `/agents/${agent}`, { description: "x" })).status).toBe(200);
    const { id } = await policyOf(other, forDevelopers);
    expect((await replay(id, {}, other)).body.changes).toHaveLength(1);
    expect((await other.call("DELETE", `/users/${gone.user_id}`)).status).toBeLessThan(300);
    const { body } = await replay(id, {}, other);
    expect([body.changes, body.unknown.not_there > 0]).toEqual([[], true]);
  });

  it("is only for who may read what is replayed", async () => {
    const { id } = await policyOf(company, forDevelopers);
    const role = await ownRole(company, ["policies:*", "users:read", "api_keys:read", "agents:*", "pipelines:read"]);
    const member = await addMember(company, role);
    const refused = await replay(id, {}, member);
    expect([refused.status, refused.body.permission]).toEqual([403, "audit:read"]);
  });
});
