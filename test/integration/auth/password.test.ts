import { describe, expect, it } from "vitest";
import { HOLD_SECONDS } from "../../../functions/auth/passwords/hold.ts";
import { liveSessions } from "../../../functions/auth/sessions/store.ts";
import { Problem } from "../../../shared/errors.ts";
import { PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { type Company, call, registerCompany, unique } from "../../support/api.ts";
import { authDeps, authService, claimsOf, memoryPool, signInPastThrottle, stackPool } from "../../support/auth.ts";

const new_password = "a pass phrase nobody knows";
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const pool = () => stackPool();
const unavailable = () => new Problem("service_unavailable", "Later.", { headers: { "retry-after": "5" } });

const signIn = (email: string, password: string, proved?: () => Promise<void>) =>
  signInPastThrottle(pool(), { email, password }, proved);

const survives = async (tokens: { access_token: string; refresh_token: string }) => {
  const me = await call("GET", "/auth/me", { token: tokens.access_token });
  const refreshed = await call("POST", "/auth/refresh", { body: { refresh_token: tokens.refresh_token } });
  return me.status !== 401 || refreshed.status !== 401;
};

const change = (company: Company, service = authService()) =>
  service.send(
    "POST",
    "/auth/me/password",
    { current_password: company.password, new_password },
    { token: company.token, headers: { "idempotency-key": unique("key") } },
  );

describe("a session opened with the old password", () => {
  it("does not survive the change: none of 20 that race with it", async () => {
    const company = await registerCompany();
    const { table } = authDeps();
    const owner = await table.of(PLATFORM).get(userItem, { id: company.user_id });
    const memory = memoryPool({ sub: owner?.subs[0] ?? "", password: company.password });
    const slow: typeof memory = {
      ...memory,
      setPassword: async (user, password) => {
        await pause(400);
        await memory.setPassword(user, password);
        await pause(400);
      },
    };
    const before = await signInPastThrottle(memory, company);
    const changing = change(company, authService({ identities: slow }));
    const racing = await Promise.all(
      // With the two that there are fewer than a user may have: more would push out the one that stays.
      Array.from({ length: 20 }, async (_, i) => {
        await pause(i * 45);
        return signInPastThrottle(memory, company, () => pause((i % 5) * 200));
      }),
    );
    expect((await changing).status).toBe(204);
    const opened = [before, ...racing].filter((session) => session !== undefined);
    expect(opened.length).toBeGreaterThan(0);
    const live = await liveSessions(table, owner ?? { subs: [] }, new Date());
    expect(live.map(({ origin_jti }) => origin_jti)).toEqual([claimsOf(company.token).origin_jti]);
    expect(await signInPastThrottle(memory, { ...company, password: new_password })).toBeDefined();
  });

  it("never opens when it was proved before the change and comes after it", async () => {
    const company = await registerCompany();
    const late = await signIn(company.email, company.password, async () => {
      expect((await change(company)).status).toBe(204);
    });
    expect(late).toBeUndefined();
  });

  it("has ended and opens no more when the change died after the pool had taken the new password", async () => {
    const company = await registerCompany();
    const before = await signIn(company.email, company.password);
    const service = authService({
      identities: {
        ...pool(),
        setPassword: async (user, password) => {
          await pool().setPassword(user, password);
          throw new Error("the function died");
        },
      },
    });
    expect((await change(company, service)).status).toBe(503);
    expect(before !== undefined && (await survives(before.tokens))).toBe(false);
    expect(await signIn(company.email, company.password)).toBeUndefined();
    const login = { email: company.email, password: new_password };
    const held = await authService().send("POST", "/auth/login", login);
    expect([held.status, Number(held.headers["retry-after"]) > 0]).toEqual([503, true]);
    const later = { now: () => new Date(Date.now() + (HOLD_SECONDS + 1) * 1000) };
    expect((await authService({}, later).send("POST", "/auth/login", login)).status).toBe(200);
  });
});

describe("a password change", () => {
  it("that the pool did not learn of is not answered as done, and can be made again when its hold has passed", async () => {
    const company = await registerCompany();
    const failing = authService({ identities: { ...pool(), setPassword: () => Promise.reject(unavailable()) } });
    const failed = await change(company, failing);
    expect([failed.status, failed.headers["retry-after"]]).toEqual([503, String(HOLD_SECONDS)]);
    const later = { now: () => new Date(Date.now() + (HOLD_SECONDS + 1) * 1000) };
    expect((await change(company, authService({}, later))).status).toBe(204);
    expect(await signIn(company.email, company.password)).toBeUndefined();
    expect(await signIn(company.email, new_password)).toBeDefined();
  });

  it("that the pool refuses changes nothing: the old password signs in at once", async () => {
    const company = await registerCompany();
    const refusing = authService({
      identities: { ...pool(), setPassword: () => Promise.reject(new Problem("weak_password", "Too plain.")) },
    });
    expect((await change(company, refusing)).status).toBe(422);
    expect(await signIn(company.email, company.password)).toBeDefined();
  });

  it("made twice at once is made once", async () => {
    const company = await registerCompany();
    const answers = await Promise.all([change(company), change(company), change(company)]);
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
  });
});
