import { beforeAll, describe, expect, it } from "vitest";
import { createAgent } from "../../support/agents.ts";
import { type Company, unique } from "../../support/api.ts";
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
const move = (id: string, to: string) => company.call("POST", `/policies/${id}/${to}`);
const rename = (by: Pick<Company, "call">, id: string) => by.call("PATCH", `/agents/${id}`, { description: unique() });

/** A policy that is watched. */
async function shadowed(more: object) {
  const { id } = await policyOf(company, { ...forDevelopers, ...more });
  const answer = await move(id, "shadow");
  expect([answer.status, answer.body.status], answer.text).toEqual([200, "shadow"]);
  return answer.body;
}
const counts = async (id: string) => (await company.call("GET", `/policies/${id}/shadow-denials`)).body.items;
const denied = async (id: string) => (await counts(id)).map((one: { denied: number }) => one.denied);

describe("a policy in shadow", () => {
  it("lets go on what it would deny, counts it, and tells who it was and why; enforced, it denies it", async () => {
    const agent = await createAgent(company, { tags: ["secret"] });
    const open = await createAgent(company, { tags: ["open"] });
    const { id, name, version } = await shadowed({ conditions: secret });
    expect((await rename(developer, agent.id)).status).toBe(200);
    expect((await rename(developer, open.id)).status).toBe(200);
    expect((await rename(company, agent.id)).status).toBe(200);
    expect(await counts(id)).toEqual([{ day: new Date().toISOString().slice(0, 10), version, denied: 1 }]);
    const detail = `The policy "${name}" denies this since the thing's tags include "secret".`;
    const trail = await company.call("GET", "/audit/logs?action=policy.shadow_denied&limit=1");
    expect(trail.body.items[0]).toMatchObject({
      actor: { id: developer.user_id },
      resource: { type: "policy", id, name },
      reason: detail,
      request: { method: "PATCH", path: expect.stringContaining(agent.id) },
    });
    expect((await move(id, "activate")).body.status).toBe("active");
    expect((await rename(developer, agent.id)).body).toMatchObject({ code: "policy_denied", detail });
    expect((await move(id, "shadow")).body.status).toBe("shadow");
    expect((await rename(developer, agent.id)).status).toBe(200);
    expect(await denied(id)).toEqual([2]);
    expect((await move(id, "deactivate")).body.status).toBe("inactive");
    expect((await rename(developer, agent.id)).status).toBe(200);
    expect(await denied(id)).toEqual([2]);
  });

  it("hides nothing of a list, and counts the list once", async () => {
    const agents = [await createAgent(company, { tags: ["hidden"] }), await createAgent(company, { tags: ["hidden"] })];
    const conditions = { path: "resource.tags", op: "contains", value: "hidden" };
    const { id } = await shadowed({ action: "read", conditions });
    const page = await developer.call("GET", "/agents?limit=100");
    const shown = page.body.items.map((one: { id: string }) => one.id);
    expect(shown).toEqual(expect.arrayContaining(agents.map((one) => one.id)));
    expect(await denied(id)).toEqual([1]);
    await move(id, "deactivate");
  });

  it("conceals no prompt, and counts what it would have concealed", async () => {
    const agent = await createAgent(company);
    const { id } = await shadowed({ action: "read_prompts" });
    expect((await developer.call("GET", `/agents/${agent.id}`)).body.system_prompt).toEqual(expect.any(String));
    expect(await denied(id)).toEqual([1]);
    await move(id, "deactivate");
  });

  it("counts every one of many at once, by the version that would have denied it", async () => {
    const agent = await createAgent(company, { tags: ["secret"] });
    const { id } = await shadowed({ action: "read", conditions: secret });
    const read = () => developer.call("GET", `/agents/${agent.id}`);
    const many: Awaited<ReturnType<typeof read>>[] = [];
    for (let wave = 0; wave < 5; wave++) many.push(...(await Promise.all(Array.from({ length: 8 }, read))));
    expect(new Set(many.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await denied(id)).toEqual([40]);
    expect((await company.call("PATCH", `/policies/${id}`, { name: unique("Policy") })).body.version).toBe(2);
    await read();
    expect(
      (await counts(id)).map(({ version, denied: n }: { version: number; denied: number }) => [version, n]),
    ).toEqual([
      [2, 1],
      [1, 40],
    ]);
    await move(id, "deactivate");
  });

  it("is not asked about what is denied anyway", async () => {
    const agent = await createAgent(company);
    const watched = await shadowed({});
    const enforced = await activePolicy(company, forDevelopers);
    expect((await rename(developer, agent.id)).body.policy.id).toBe(enforced.id);
    expect(await counts(watched.id)).toEqual([]);
    for (const { id } of [watched, enforced]) await move(id, "deactivate");
  });

  it("is watched once, and is none that asks for an approval", async () => {
    const { id } = await shadowed({});
    const again = await move(id, "shadow");
    expect([again.status, again.body.code, again.body.state]).toEqual([409, "conflict", "shadow"]);
    await move(id, "deactivate");
    const approval = await policyOf(company, { effect: "require_approval" });
    const refused = await move(approval.id, "shadow");
    expect([refused.status, refused.body.code]).toEqual([409, "conflict"]);
  });
});
