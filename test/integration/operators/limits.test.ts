import { beforeAll, describe, expect, it } from "vitest";
import { largestOverride } from "../../../functions/operators/limits/model.ts";
import { overridable } from "../../../shared/limits/overrides.ts";
import { plans } from "../../../shared/limits/plans.ts";
import { type Company, registerCompany } from "../../support/api.ts";
import { apiKey } from "../../support/keys.ts";
import { newOperator } from "../../support/operators.ts";

let operator: Company;
let company: Company;
beforeAll(async () => {
  [operator, company] = await Promise.all([newOperator(), registerCompany()]);
});

const about = ({ organization_id }: Company) => `/platform/organizations/${organization_id}`;
const set = (one: Company, limits: unknown) => operator.call("PATCH", `${about(one)}/limits`, limits);
/** Statuses of so many requests, one after the other. */
async function statuses(count: number, send: () => Promise<{ readonly status: number }>): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < count; i++) all.push((await send()).status);
  return all;
}

describe("limits that an operator sets for an organization", () => {
  it("by class bite on the next request of its people, and of nobody else; null takes them back as soon", async () => {
    const [one, other] = await Promise.all([registerCompany(), registerCompany()]);
    const read = (who: Company) => who.call("GET", "/agents");
    expect(await statuses(3, () => read(one))).toEqual([200, 200, 200]);
    expect((await set(one, { read: 2 })).status).toBe(200);
    const answers = [await read(one), await read(one), await read(one)];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(answers[0]?.headers.get("ratelimit-policy")).toBe('"read";q=2;w=60, "organization";q=1000;w=60');
    expect(answers[2]?.headers.get("ratelimit-policy")).toBe('"read";q=2;w=60');
    expect((await read(other)).status).toBe(200);
    // Other classes are what they were, and so is what people do about themselves.
    expect((await one.call("POST", "/teams", { name: "Design" })).status).toBe(201);
    expect((await one.call("GET", "/users/me")).status).toBe(200);
    expect((await set(one, { read: null })).status).toBe(200);
    expect(await statuses(3, () => read(one))).toEqual([200, 200, 200]);
  });

  it("bind its API keys, too, where they are below the key's own", async () => {
    const one = await registerCompany();
    const key = await apiKey(one, { scopes: ["agents:read"], rate_limit: 50 });
    const read = () => key.call("GET", "/agents");
    expect((await read()).status).toBe(200);
    await set(one, { read: 1 });
    expect(await statuses(2, read)).toEqual([200, 429]);
    await set(one, { read: 60 });
    const answer = await read();
    expect([answer.status, answer.headers.get("ratelimit-policy")]).toEqual([
      200,
      '"api_key";q=50;w=60, "organization";q=1000;w=60',
    ]);
  });

  it("of everybody bite though requests are held already, and are more than the plan's where they are larger", async () => {
    const one = await registerCompany();
    const read = () => one.call("GET", "/agents");
    expect(new Set(await statuses(12, read))).toEqual(new Set([200]));
    await set(one, { requests_per_minute: 5 });
    expect((await read()).status).toBe(429);
    await set(one, { requests_per_minute: 2_000 });
    const answer = await read();
    expect([answer.status, answer.headers.get("ratelimit-policy")]).toEqual([
      200,
      '"read";q=6000;w=60, "organization";q=2000;w=60',
    ]);
  });

  it("of calls a month bite as a quota", async () => {
    const one = await registerCompany();
    await set(one, { api_calls_per_month: 1 });
    const codes = [];
    for (let i = 0; i < 3; i++) codes.push((await one.call("GET", "/agents")).body.code ?? "none");
    expect(codes.at(-1)).toBe("quota_exceeded");
  });

  it("stand in what operators read, in the organization's trail, and stay on another plan", async () => {
    const answer = await set(company, { execute: 7, requests_per_minute: 1_500 });
    const none = { ...Object.fromEntries(overridable.map((name) => [name, null])) };
    const overrides = { ...none, execute: 7, requests_per_minute: 1_500 };
    const { api_calls_per_month } = plans.free;
    const in_force = { requests_per_minute: 1_500, api_calls_per_month, read: 6_000, write: 3_000, execute: 7 };
    expect(answer.body).toEqual({ in_force: { ...in_force, stream: 600, export: 300 }, overrides });
    expect((await operator.call("PUT", `${about(company)}/plan`, { plan: "pro" })).status).toBe(200);
    const again = await set(company, { execute: null });
    expect(again.body.overrides).toEqual({ ...overrides, execute: null });
    // The same once more is no change.
    expect((await set(company, { execute: null })).body).toEqual(again.body);
    const read = await operator.call("GET", about(company));
    expect(read.body.limits).toEqual(again.body);
    expect(read.body.limits.in_force).toMatchObject({
      api_calls_per_month: plans.pro.api_calls_per_month,
      execute: 1_000,
    });
    const { items } = (await company.call("GET", `/audit/resources/organization/${company.organization_id}`)).body;
    const told = items.filter(({ action }: { action: string }) => action === "organization.limits_changed");
    expect(told.map(({ actor, changes }: { actor: { id: string }; changes: unknown }) => [actor.id, changes])).toEqual([
      [operator.user_id, [{ field: "limits.execute", old: 7, new: null }]],
      [
        operator.user_id,
        [
          { field: "limits.requests_per_minute", old: null, new: 1_500 },
          { field: "limits.execute", old: null, new: 7 },
        ],
      ],
    ]);
    expect((await company.call("GET", `/organizations/${company.organization_id}`)).body).not.toHaveProperty("limits");
  });

  it.each(overridable)("are from 1 to what is told of %s, and refused beyond with what is allowed", async (name) => {
    for (const value of [0, -1, 1.5, largestOverride[name] + 1, "5"]) {
      const { status, body } = await set(company, { [name]: value });
      expect([value, status, body.code]).toEqual([value, 422, "validation_failed"]);
      expect(body.issues.map(({ path }: { path: string }) => path)).toEqual([name]);
    }
    expect((await set(company, { [name]: largestOverride[name] + 1 })).text).toContain(`${largestOverride[name]}`);
    expect((await set(company, { [name]: largestOverride[name] })).status).toBe(200);
    expect((await set(company, { [name]: null })).status).toBe(200);
  });

  it.each([{}, { sign_in: 5 }, { users: 5 }, null])("are refused where they are none: %j", async (body) => {
    const answer = await set(company, body);
    expect([answer.status, answer.body.code]).toEqual([422, "validation_failed"]);
  });

  it("are set by whoever has read them as they are, where that is asked for", async () => {
    const one = await registerCompany();
    const etag = (await operator.call("GET", about(one))).headers.get("etag") ?? "";
    const patch = (body: object) => operator.call("PATCH", `${about(one)}/limits`, body, { "if-match": etag });
    const first = await patch({ read: 5 });
    expect([first.status, first.headers.get("etag") === etag]).toEqual([200, false]);
    expect((await patch({ read: 6 })).body.code).toBe("precondition_failed");
    expect((await operator.call("GET", about(one))).body.limits.overrides.read).toBe(5);
  });

  it("are of an organization that is there", async () => {
    const path = "/platform/organizations/org_00000000000000000000000001/limits";
    expect((await operator.call("PATCH", path, { read: 5 })).status).toBe(404);
  });
});
