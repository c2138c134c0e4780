import { beforeAll, describe, expect, it } from "vitest";
import { createAgent } from "../../support/agents.ts";
import { type Company, registerCompany, unique } from "../../support/api.ts";
import { addMember, type TestMember } from "../../support/members.ts";
import { roomyCompany } from "../../support/plans.ts";
import { activePolicy, policyOf } from "../../support/policies.ts";
import { ownRole } from "../../support/roles.ts";

let company: Company;
let developer: TestMember;
let agent: string;
beforeAll(async () => {
  company = await roomyCompany();
  developer = await addMember(company, "developer");
  agent = (await createAgent(company, { tags: ["secret"] })).id;
});

type Caller = Pick<Company, "call">;
const simulate = async (body: object, caller: Caller = company) => caller.call("POST", "/policies/simulate", body);
const secret = { path: "resource.tags", op: "contains", value: "secret" };
const forDevelopers = { assignments: [{ type: "role", id: "developer" }], conditions: secret };

describe("a simulated request", () => {
  it("comes out as the request itself would, and says why", async () => {
    const policy = await activePolicy(company, forDevelopers);
    const asked = { operation: "agents.update", user_id: developer.user_id, resource_id: agent };
    const { status, body } = await simulate(asked);
    expect([status, body.outcome]).toEqual([200, "deny"]);
    expect(body.decisions).toEqual([
      {
        resource_type: "agent",
        action: "update",
        outcome: "deny",
        by: "policy",
        policy: { id: policy.id, name: policy.name, version: 1 },
        considered: [
          {
            ...{ id: policy.id, name: policy.name, version: 1, effect: "deny", applies: true, holds: true },
            reasons: [{ path: "conditions", sentence: 'the thing\'s tags include "secret"', held: true }],
          },
        ],
        nearest: [{ policy_id: policy.id, path: "conditions", sentence: 'the thing\'s tags do not include "secret"' }],
      },
    ]);
    const done = await developer.call("PATCH", `/agents/${agent}`, { description: unique() });
    expect(done.body.policy.id).toBe(policy.id);
    // What is described stands over what was looked up.
    expect((await simulate({ ...asked, resource: { tags: [] } })).body.outcome).toBe("allow");
    expect((await simulate({ ...asked, principal: { role: "viewer" } })).body.outcome).toBe("allow");
    expect((await simulate({ ...asked, operation: "agents.get" })).body.outcome).toBe("allow");
    const described = { resource_type: "agent", action: "update", principal: { role: "developer" } };
    expect((await simulate({ ...described, resource: { tags: ["secret"] } })).body.outcome).toBe("deny");
    expect((await simulate(described)).body.outcome).toBe("allow");
    await company.call("POST", `/policies/${policy.id}/deactivate`);
    expect((await simulate(asked)).body.outcome).toBe("allow");
  });

  it("looks up the member's teams, level and address, and takes the context as it is described", async () => {
    const team = (await company.call("POST", "/teams", { name: unique("Team") })).body.id;
    const member = await addMember(company, "viewer");
    expect((await company.call("POST", `/teams/${team}/members`, { user_id: member.user_id })).status).toBe(201);
    const asked = { resource_type: "workspace", action: "update", user_id: member.user_id };
    const outcome = async (conditions: object, more: object = {}) => {
      const { id } = await policyOf(company, { resource_type: "workspace", conditions });
      return (await simulate({ ...asked, ...more, with: { policy_id: id } })).body.outcome;
    };
    expect(await outcome({ path: "principal.teams", op: "contains", value: team })).toBe("deny");
    expect(await outcome({ path: "principal.level", op: "eq", value: 1 })).toBe("deny");
    expect(await outcome({ path: "principal.email_domain", op: "eq", value: "example.com" })).toBe("deny");
    expect(await outcome({ path: "principal.id", op: "eq", value: member.user_id })).toBe("deny");
    const ip = { path: "context.ip", op: "in", value: ["192.0.2.0/24"] };
    expect(await outcome(ip)).toBe("allow");
    expect(await outcome(ip, { context: { ip: "192.0.2.9" } })).toBe("deny");
    const monday = { path: "time.weekday", op: "eq", value: 1 };
    expect(await outcome(monday, { context: { at: "2026-06-01T12:00:00Z" } })).toBe("deny");
    expect(await outcome(monday, { context: { at: "2026-06-02T12:00:00Z" } })).toBe("allow");
    const operation = { path: "context.operation", op: "eq", value: "workspaces.update" };
    expect(await outcome(operation)).toBe("allow");
    const named = { operation: "workspaces.update", resource_type: undefined, action: undefined };
    expect(await outcome(operation, named)).toBe("deny");
  });

  it("can have a draft, or an older version of a policy, in the place of what is active", async () => {
    const one = await activePolicy(company, forDevelopers);
    const open = { path: "resource.tags", op: "contains", value: "open" };
    expect((await company.call("PATCH", `/policies/${one.id}`, { conditions: open })).body.version).toBe(2);
    const asked = { resource_type: "agent", action: "update", principal: { role: "developer" }, resource_id: agent };
    expect((await simulate(asked)).body.outcome).toBe("allow");
    const before = await simulate({ ...asked, with: { policy_id: one.id, version: 1 } });
    expect(before.body.decisions[0]).toMatchObject({ outcome: "deny", policy: { id: one.id, version: 1 } });
    const draft = await policyOf(company, { conditions: secret });
    expect((await simulate({ ...asked, with: { policy_id: draft.id } })).body.outcome).toBe("deny");
    const none = await simulate({ ...asked, with: { policy_id: one.id, version: 9 } });
    expect([none.status, none.body.code, none.body.issues[0].path]).toEqual([
      422,
      "reference_not_found",
      "with.version",
    ]);
    const elsewhere = await policyOf(await registerCompany());
    const foreign = await simulate({ ...asked, with: { policy_id: elsewhere.id } });
    expect([foreign.status, foreign.body.issues[0].path]).toEqual([422, "with.policy_id"]);
    await company.call("POST", `/policies/${one.id}/deactivate`);
  });
});

describe("what a simulation looks up", () => {
  it("is what its caller may read, and nothing of another organization's", async () => {
    const evaluator = await addMember(company, await ownRole(company, ["policies:evaluate"]));
    const asked = { resource_type: "agent", action: "update" };
    expect((await simulate(asked, evaluator)).status).toBe(200);
    const refused = async (body: object) => {
      const answer = await simulate({ ...asked, ...body }, evaluator);
      return [answer.status, answer.body.code, answer.body.permission];
    };
    expect(await refused({ resource_id: agent })).toEqual([403, "forbidden", "agents:read"]);
    expect(await refused({ user_id: developer.user_id })).toEqual([403, "forbidden", "users:read"]);
    const other = await registerCompany();
    const foreign = await simulate({ ...asked, resource_id: (await createAgent(other)).id });
    expect([foreign.status, foreign.body.code, foreign.body.issues[0].path]).toEqual([
      422,
      "reference_not_found",
      "resource_id",
    ]);
    const stranger = await simulate({ ...asked, user_id: other.user_id });
    expect([stranger.status, stranger.body.issues[0].path]).toEqual([422, "user_id"]);
  });

  it("is no thing that a policy keeps its caller from reading, and any other", async () => {
    const admin = await addMember(company, "org_admin");
    const asked = { resource_type: "agent", action: "update" };
    const open = (await createAgent(company, { tags: ["open"] })).id;
    const policy = await activePolicy(company, {
      action: "read",
      conditions: secret,
      assignments: [{ type: "user", id: admin.user_id }],
    });
    const hidden = await simulate({ ...asked, resource_id: agent }, admin);
    expect([hidden.status, hidden.body.code, hidden.body.policy.id]).toEqual([403, "policy_denied", policy.id]);
    expect((await simulate({ ...asked, resource_id: open }, admin)).status).toBe(200);
    await company.call("POST", `/policies/${policy.id}/deactivate`);
  });

  it("is refused where it makes no request", async () => {
    const wrong = async (body: object) => {
      const answer = await simulate(body);
      return [answer.status, answer.body.code, answer.body.issues.map(({ path }: { path: string }) => path)];
    };
    const invalid = (path: string) => [422, "validation_failed", [path]];
    expect(await wrong({})).toEqual(invalid("operation"));
    expect(await wrong({ operation: "agents.explode" })).toEqual(invalid("operation"));
    expect(await wrong({ operation: "agents.update", action: "update" })).toEqual(invalid("operation"));
    expect(await wrong({ resource_type: "agent", action: "replay" })).toEqual(invalid("action"));
    expect(await wrong({ resource_type: "agnet", action: "update" })).toEqual(invalid("resource_type"));
    const environment = { environment: "production" };
    expect(await wrong({ operation: "agents.update", resource: environment })).toEqual(invalid("resource.environment"));
    expect(await wrong({ operation: "agents.update", resource: { age: 1 } })).toEqual(invalid("resource.age"));
  });
});
