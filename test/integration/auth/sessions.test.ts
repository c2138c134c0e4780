import { describe, expect, it } from "vitest";
import { SESSIONS_PER_USER } from "../../../functions/auth/model.ts";
import { cutOff } from "../../../functions/auth/sessions/cut-off.ts";
import { providerTokenContext } from "../../../functions/auth/sessions/open.ts";
import { admitToPool } from "../../../functions/auth/sessions/pool.ts";
import { liveSessions } from "../../../functions/auth/sessions/store.ts";
import { PLATFORM, sessionItem, userItem } from "../../../shared/identity/items.ts";
import { type Company, call, eventually, registerCompany, unique } from "../../support/api.ts";
import { authDeps, claimsOf, memoryPool, signInPastThrottle, stackPool } from "../../support/auth.ts";

async function signIn({ email, password }: Company) {
  const answer = await call("POST", "/auth/login", { body: { email, password } });
  if (answer.status !== 200) throw new Error(`not signed in: ${answer.status} ${answer.text}`);
  return answer.body.tokens as { access_token: string; refresh_token: string };
}

const alive = async (token: string) => (await call("GET", "/auth/me", { token })).status === 200;

/** The company's owner at a pool of their own, and their live sessions. */
async function accountOf({ user_id, password }: Company) {
  const { table } = authDeps();
  const user = () => table.of(PLATFORM).get(userItem, { id: user_id });
  const subs = (await user())?.subs ?? [];
  const live = async () => (await liveSessions(table, { subs }, new Date())).map(({ id }) => id);
  return { user, live, pool: memoryPool({ sub: subs[0] ?? "", password }) };
}

describe("sessions of a user", () => {
  it("are bounded: opening one more ends the oldest, and only that one", async () => {
    const company = await registerCompany();
    const { pool, live } = await accountOf(company);
    const opened: string[] = [];
    for (let i = 0; i < SESSIONS_PER_USER; i++)
      opened.push((await signInPastThrottle(pool, company))?.session.id ?? "refused");
    expect(await alive(company.token)).toBe(false);
    expect(await live()).toEqual(opened);
  });

  it("stay bounded when many are opened at once", async () => {
    const company = await registerCompany();
    const { pool, live, user } = await accountOf(company);
    for (let i = 1; i < SESSIONS_PER_USER - 2; i++) await signInPastThrottle(pool, company);
    await Promise.all(Array.from({ length: 6 }, () => signInPastThrottle(pool, company)));
    expect(await live()).toHaveLength(SESSIONS_PER_USER);
    expect((await user())?.sessions_live).toBe(SESSIONS_PER_USER);
  });

  it("give their place back when they sign out", async () => {
    const company = await registerCompany();
    for (let i = 0; i < 3; i++) await call("POST", "/auth/logout", { token: (await signIn(company)).access_token });
    const user = await authDeps().table.of(PLATFORM).get(userItem, { id: company.user_id });
    expect(user?.sessions_live).toBe(1);
  });

  it("end when their user ends all others, and the one that asks for it stays", async () => {
    const company = await registerCompany();
    const others = [await signIn(company), await signIn(company)];
    expect((await company.call("POST", "/auth/me/sign-out-others")).status).toBe(204);
    expect(await Promise.all(others.map(({ access_token }) => alive(access_token)))).toEqual([false, false]);
    expect(await alive(company.token)).toBe(true);
    const told = await company.call("GET", "/audit/logs?action=session.revoked&limit=1");
    expect(told.body.items[0]).toMatchObject({ reason: "signed_out_elsewhere", actor: { id: company.user_id } });
  });

  it("all end in the transaction that suspends their user, and no refresh brings one back", async () => {
    const company = await registerCompany();
    const other = await signIn(company);
    const { table } = authDeps();
    const context = {
      tenant: company.organization_id,
      at: new Date(),
      trace_id: "test",
      request: null,
      audit_days: 400,
    } as const;
    await cutOff(
      table,
      { ...context, actor: { type: "system", id: "test" } },
      { user_id: company.user_id, reason: "signed_out_elsewhere", set: { status: "suspended" } },
    );
    expect([await alive(company.token), await alive(other.access_token)]).toEqual([false, false]);
    const refreshed = await call("POST", "/auth/refresh", { body: { refresh_token: other.refresh_token } });
    expect(refreshed.status).toBe(401);
    const audit = await table.of(PLATFORM).get(userItem, { id: company.user_id });
    expect(audit).toMatchObject({ status: "suspended", sessions_live: 0, epoch: 1 });
  });
});

describe("at the same moment", () => {
  it("a refresh token that comes many times works once at most, and then for nobody: the session is over", async () => {
    const company = await registerCompany();
    const refresh = (refresh_token: string) => call("POST", "/auth/refresh", { body: { refresh_token } });
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(company.refresh_token)));
    const [refreshed, ...more] = answers.filter(({ status }) => status === 200);
    expect([refreshed === undefined, more]).toEqual([false, []]);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(7);
    expect(await alive(refreshed?.body.access_token)).toBe(false);
    expect((await refresh(refreshed?.body.refresh_token)).status).toBe(401);
  });

  it("switches to several organizations, and a session that is opened meanwhile, end in one default for all", async () => {
    const company = await registerCompany();
    const { table } = authDeps();
    const { pool, user } = await accountOf(company);
    const founded = [
      await company.call("POST", "/organizations", { name: unique("Second") }),
      await company.call("POST", "/organizations", { name: unique("Third") }),
    ];
    const ids = [company.organization_id, ...founded.map(({ body }) => body.organization.id as string)];
    const [opened, ...answers] = await Promise.all([
      signInPastThrottle(pool, company),
      ...ids.map((organization_id) => company.call("POST", "/auth/me/switch-org", { organization_id })),
    ]);
    expect([opened === undefined, ...answers.map(({ status }) => status)]).toEqual([false, 200, 200, 200]);
    const read = await user();
    expect(ids).toContain(read?.default_organization_id);
    const sessions = await liveSessions(table, { subs: read?.subs ?? [] }, new Date());
    expect(sessions).toHaveLength(2);
    for (const session of sessions) expect(session.default_organization_id).toBe(read?.default_organization_id);
  });
});

describe("sessions of a user with several accounts at the pool", () => {
  /** Another account of the owner's, and a session that is opened by it. */
  async function secondAccount(company: Company) {
    const { table } = authDeps();
    const sub = crypto.randomUUID();
    const { user, live } = await accountOf(company);
    const subs = [...((await user())?.subs ?? []), sub];
    const { writes } = table.of(PLATFORM);
    await table.transact([writes.update(userItem, { id: company.user_id }, { set: { subs } })]);
    const opened = await signInPastThrottle(memoryPool({ sub, password: company.password }), company);
    if (opened === undefined) throw new Error("the session was not opened");
    const all = async () => (await liveSessions(table, { subs }, new Date())).map(({ id }) => id);
    return { session: opened.session, live: all, ofFirst: live };
  }

  it("end together, whichever account they were opened by", async () => {
    const company = await registerCompany();
    const { session, live, ofFirst } = await secondAccount(company);
    expect(await live()).toContain(session.id);
    expect((await company.call("POST", "/auth/me/sign-out-others")).status).toBe(204);
    expect(await live()).toEqual(await ofFirst());
    expect(await live()).toHaveLength(1);
  });

  it("share one bound", async () => {
    const company = await registerCompany();
    const { live } = await secondAccount(company);
    const { pool } = await accountOf(company);
    for (let i = 0; i < SESSIONS_PER_USER; i++) await signInPastThrottle(pool, company);
    expect(await live()).toHaveLength(SESSIONS_PER_USER);
  });

  it("all learn of another default organization", async () => {
    const company = await registerCompany();
    const { session } = await secondAccount(company);
    const founded = await company.call("POST", "/organizations", { name: unique("Second") });
    const body = { organization_id: founded.body.organization.id };
    expect((await company.call("POST", "/auth/me/switch-org", body)).status).toBe(200);
    const { sub, origin_jti } = session;
    const read = await authDeps().table.of(PLATFORM).get(sessionItem, { sub, origin_jti });
    expect(read?.default_organization_id).toBe(body.organization_id);
  });
});

describe("the pool", () => {
  it("revokes the tokens of a session that has ended here", async () => {
    const company = await registerCompany();
    const { sub = "", origin_jti = "" } = claimsOf(company.token);
    const { table, secrets } = authDeps();
    const session = await table.of(PLATFORM).get(sessionItem, { sub, origin_jti });
    if (session === undefined) throw new Error("there is no session");
    const refreshToken = await secrets.decrypt(session.provider_token, providerTokenContext(session));
    expect(await stackPool().refresh(refreshToken, session.client_id)).toBeDefined();
    expect((await company.call("POST", "/auth/logout")).status).toBe(204);
    const gone = async () =>
      (await stackPool().refresh(refreshToken, session.client_id)) === undefined ? true : undefined;
    await eventually(gone, "the revocation at the pool");
  });

  it("gives no access token that opens its own doors", async () => {
    const company = await registerCompany();
    const refreshed = await call("POST", "/auth/refresh", { body: { refresh_token: company.refresh_token } });
    for (const token of [company.token, refreshed.body.access_token]) {
      expect(claimsOf(token)).toMatchObject({ token_use: "access" });
      expect(claimsOf(token).scope ?? "").not.toContain("aws.cognito.signin.user.admin");
    }
  });

  it("gives no token to a suspended user, however it spells the user's name", async () => {
    const company = await registerCompany();
    const { table } = authDeps();
    const { sub = "" } = claimsOf(company.token);
    const event = (userName: string) => ({
      triggerSource: "TokenGeneration_HostedAuth" as const,
      userName,
      version: "2",
      region: "",
      userPoolId: "",
      callerContext: { awsSdkVersion: "", clientId: "" },
      request: { userAttributes: { sub }, groupConfiguration: {} },
      response: { claimsAndScopeOverrideDetails: {} },
    });
    const admitted = await admitToPool(event(company.user_id.toLowerCase()), table);
    expect(admitted.response.claimsAndScopeOverrideDetails).toEqual({
      accessTokenGeneration: { scopesToSuppress: ["aws.cognito.signin.user.admin"] },
    });
    const { writes } = table.of(PLATFORM);
    await table.transact([writes.update(userItem, { id: company.user_id }, { set: { status: "suspended" } })]);
    await expect(admitToPool(event(company.user_id.toLowerCase()), table)).rejects.toThrow("not active");
  });
});
