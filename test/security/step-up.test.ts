import { beforeAll, describe, expect, it } from "vitest";
import { PLATFORM, sessionItem } from "../../shared/identity/items.ts";
import { type Company, call, registerCompany } from "../support/api.ts";
import { claimsOf } from "../support/auth.ts";
import { roomyCompany } from "../support/plans.ts";
import { stackTable } from "../support/stack.ts";
import { age } from "./age.ts";
import { nowhere } from "./fixtures.ts";
import { guarded, permitted, request, rows } from "./operations.ts";

let company: Company;
beforeAll(async () => {
  company = await roomyCompany();
  await age(company.token, { proved_at: 7 * 24 * 60 });
});

describe("without a fresh proof", () => {
  it.each(rows(guarded.filter(({ step_up }) => step_up !== undefined)))("%s is refused", async (_, operation) => {
    const answer = await request(operation, nowhere(operation), { token: company.token });
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({
      code: "step_up_required",
      methods: ["password"],
      max_age_minutes: operation.step_up,
    });
  });

  it.each(rows(permitted.filter(({ step_up }) => step_up === undefined)))("%s asks for none", async (_, operation) => {
    const sends = operation.request.body === undefined ? {} : { body: {} };
    const answer = await request(operation, nowhere(operation), { token: company.token, ...sends });
    expect(answer.body?.code).not.toBe("step_up_required");
  });
});

describe("proving it again", () => {
  it("opens what asked for it, for so many minutes, in this session only", async () => {
    const owner = await registerCompany();
    const login = { email: owner.email, password: owner.password };
    const other = (await call("POST", "/auth/login", { body: login })).body.tokens.access_token;
    await Promise.all([age(owner.token, { proved_at: 31 }), age(other, { proved_at: 31 })]);
    const settings = `/organizations/${owner.organization_id}/settings`;
    const change = (token: string) => call("PATCH", settings, { token, body: { retention: { delivery_days: 7 } } });
    expect((await change(owner.token)).status).toBe(403);

    const wrong = await owner.call("POST", "/auth/step-up", { password: "not the password" });
    expect([wrong.status, wrong.body.code]).toEqual([401, "invalid_credentials"]);
    expect((await change(owner.token)).status).toBe(403);

    const proved = await owner.call("POST", "/auth/step-up", { password: owner.password });
    expect(proved.status).toBe(200);
    expect(Math.abs(Date.parse(proved.body.proved_at) - Date.now())).toBeLessThan(60_000);
    expect((await change(owner.token)).status).toBe(200);
    expect((await change(other)).body.code).toBe("step_up_required");
    await age(owner.token, { proved_at: 31 });
    expect((await change(owner.token)).body.code).toBe("step_up_required");

    const [entry] = (await owner.call("GET", "/audit/logs?action=session.proved&limit=1")).body.items;
    expect(entry).toMatchObject({ outcome: "succeeded", actor: { id: owner.user_id } });
  });

  it("waits longer and longer after wrong passwords, as a sign-in does", async () => {
    const owner = await registerCompany();
    const tries = [];
    for (let i = 0; i < 6; i++)
      tries.push((await owner.call("POST", "/auth/step-up", { password: `wrong ${i}` })).status);
    expect(tries).toEqual([401, 401, 401, 401, 401, 429]);
    expect((await owner.call("POST", "/auth/step-up", { password: owner.password })).status).toBe(429);
  });

  it("is nothing for whoever came through a provider: they sign in again", async () => {
    const owner = await registerCompany();
    const { sub = "", origin_jti = "" } = claimsOf(owner.token);
    const platform = stackTable().of(PLATFORM);
    await platform.transact([platform.writes.update(sessionItem, { sub, origin_jti }, { set: { method: "sso" } })]);
    const refused = await owner.call("POST", "/auth/step-up", { password: owner.password });
    expect([refused.status, refused.body.code]).toEqual([409, "conflict"]);
    await age(owner.token, { proved_at: 31 });
    const settings = await owner.call("PATCH", `/organizations/${owner.organization_id}/settings`, {});
    expect(settings.body).toMatchObject({ code: "step_up_required", methods: [] });
  });
});
