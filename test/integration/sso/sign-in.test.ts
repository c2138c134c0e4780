import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { identityId, identityItem, signInItem } from "../../../functions/sso/store.ts";
import { outboxItem } from "../../../shared/change/items.ts";
import { ACCOUNTS_PER_USER, emailItem, membershipItem, PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { plans } from "../../../shared/limits/plans.ts";
import { quotaItem } from "../../../shared/limits/quota.ts";
import { type Company, call, registerCompany, unique } from "../../support/api.ts";
import { claimsOf } from "../../support/auth.ts";
import { invited } from "../../support/invitations.ts";
import { addMember } from "../../support/members.ts";
import { poolPage, startProvider, type TestProvider } from "../../support/oidc-provider.ts";
import { APP, ORIGIN, ssoService } from "../../support/sso.ts";

let provider: TestProvider;
const sso = ssoService();
beforeAll(async () => {
  provider = await startProvider(poolPage());
});
afterAll(() => provider.stop());

/** A company whose domain is proved, with its provider connected. */
async function company(settings: object = {}) {
  const owner = await registerCompany();
  const domain = `${unique("acme")}.example`;
  await sso.prove(owner, domain);
  const connection = await sso.connect(owner, provider, settings);
  return { owner, domain, connection, connection_id: connection.id as string };
}

/** Somebody of the directory, who now sits before the browser. */
function employee(domain: string, more: object = {}) {
  const sub = unique("subject");
  const one = { sub, email: `${unique("ada")}@${domain}`, email_verified: true, name: "Ada", ...more };
  provider.signsIn(one);
  return one;
}

const me = (token: string) => call("GET", "/auth/me", { token });
const membershipOf = (owner: Company, user_id: string) =>
  sso.deps.table.of(owner.organization_id).get(membershipItem, { user_id });

describe("signing in through a company's provider", () => {
  it("makes a new person a member with the default role, and signs them in", async () => {
    const { owner, domain, connection_id } = await company({ provisioning: true, default_role: "operator" });
    const { email } = employee(domain);
    const { answer } = await sso.signIn({ connection_id });
    expect(answer?.status, answer?.text).toBe(200);
    const { user, tokens, organization_id } = answer?.body ?? {};
    expect([user.email, user.name, organization_id]).toEqual([email, "Ada", owner.organization_id]);
    expect(user.has_password).toBe(false);
    expect((await me(tokens.access_token)).body).toMatchObject({ role: "operator", user: { id: user.id } });
    expect(await membershipOf(owner, user.id)).toMatchObject({ joined_via: "sso", status: "active" });
    const told = await owner.call("GET", "/audit/logs?action=session.signed_in&limit=1");
    expect(told.body.items[0]).toMatchObject({ actor: { id: user.id } });
    // The session lives on by our own refresh, though its tokens are of the connection's client.
    const refreshed = await call("POST", "/auth/refresh", { body: { refresh_token: tokens.refresh_token } });
    expect(refreshed.status, refreshed.text).toBe(200);
    expect((await me(refreshed.body.access_token)).status).toBe(200);
  });

  it("finds the connection by the address's domain, whether the person exists or not", async () => {
    const { domain } = await company({ provisioning: true });
    const { email } = employee(domain);
    const where = async (address: string) => {
      const { url } = sso.begin({ email: address });
      const { next } = await sso.browser().open(url);
      return new URL(next ?? "").searchParams.get("client_id");
    };
    expect((await sso.signIn({ email })).answer?.status).toBe(200);
    const clients = await Promise.all([email, `${unique("nobody")}@${domain}`].map(where));
    expect(clients[0]).toBe(clients[1]);
    expect((await sso.signIn({ email: `${unique("x")}@unknown.example` })).reason).toBe("no_connection");
  });

  it("knows somebody again by the provider's subject, whatever their address has become", async () => {
    const { domain, connection_id } = await company({ provisioning: true });
    const first = employee(domain);
    const once = await sso.signIn({ connection_id });
    provider.signsIn({ ...first, email: `${unique("married")}@${domain}` });
    const again = await sso.signIn({ connection_id });
    expect(again.answer?.body.user.id).toBe(once.answer?.body.user.id);
    expect(again.answer?.body.user.email).toBe(first.email);
  });

  it("links a member by their verified address, and ends both ways' sessions together", async () => {
    const { owner, domain, connection_id } = await company();
    const member = await addMember(owner, "developer");
    const platform = sso.deps.table.of(PLATFORM);
    const email = `${unique("bob")}@${domain}`;
    await platform.transact([
      platform.writes.create(emailItem, { email, user_id: member.user_id }),
      platform.writes.update(userItem, { id: member.user_id }, { set: { email } }),
    ]);
    provider.signsIn({ sub: unique("subject"), email, email_verified: true });
    const { answer } = await sso.signIn({ connection_id });
    expect(answer?.body.user.id).toBe(member.user_id);
    expect((await platform.get(userItem, { id: member.user_id }))?.subs).toHaveLength(2);
    const token = answer?.body.tokens.access_token;
    expect(claimsOf(token).sub).not.toBe(claimsOf(member.token).sub);
    expect((await member.call("POST", "/auth/me/sign-out-others")).status).toBe(204);
    expect([(await me(token)).status, (await me(member.token)).status]).toEqual([401, 200]);
  });

  it("takes nobody's account over by an address of a domain that the company has not proved", async () => {
    const victim = await registerCompany();
    const { connection_id } = await company({ provisioning: true, email_trust: "provider" });
    provider.signsIn({ sub: unique("subject"), email: victim.email, email_verified: true });
    expect((await sso.signIn({ connection_id })).reason).toBe("domain_not_proved");
    const user = await sso.deps.table.of(PLATFORM).get(userItem, { id: victim.user_id });
    expect(user?.subs).toHaveLength(1);
  });

  it("lets in nobody with an address that is not verified, and nobody without one", async () => {
    const { domain, connection_id } = await company({ provisioning: true });
    employee(domain, { email_verified: false });
    expect((await sso.signIn({ connection_id })).reason).toBe("email_not_verified");
    employee(domain, { email: undefined });
    expect((await sso.signIn({ connection_id })).reason).toBe("no_email");
  });

  it("accepts the invitation of the address, with its role", async () => {
    const { owner, domain, connection_id } = await company();
    const { email } = employee(domain);
    expect((await sso.signIn({ connection_id })).reason).toBe("not_invited");
    await invited(owner, email);
    const { answer } = await sso.signIn({ connection_id });
    expect(answer?.status, answer?.text).toBe(200);
    expect(await membershipOf(owner, answer?.body.user.id)).toMatchObject({ joined_via: "invitation" });
    expect((await owner.call("GET", "/invitations?status=pending")).body.items).toEqual([]);
  });

  it("lets the domain's own people in with its role", async () => {
    const { owner, domain, connection_id } = await company();
    await sso.prove(owner, domain, "developer");
    employee(domain);
    const { answer } = await sso.signIn({ connection_id });
    expect(await membershipOf(owner, answer?.body.user.id)).toMatchObject({ joined_via: "domain", role: "developer" });
  });

  it("gives roles and teams by groups, and takes them back at the next sign-in", async () => {
    const { owner, domain, connection_id } = await company({ provisioning: true });
    const team = (await owner.call("POST", "/teams", { name: unique("Team") })).body.id;
    const group_rules = [{ group: "engineering", role: "developer", team_id: team }];
    const changed = await sso.call("PATCH", `/sso/connections/${connection_id}`, { group_rules }, owner.token);
    expect(changed.status, changed.text).toBe(200);
    const one = employee(domain, { groups: '["Engineering","Everybody"]' });
    const { answer } = await sso.signIn({ connection_id });
    const user_id = answer?.body.user.id;
    const standing = async () => [
      (await membershipOf(owner, user_id))?.role,
      (await owner.call("GET", `/teams/${team}/members`)).body.items.map((item: { user_id: string }) => item.user_id),
    ];
    expect(await standing()).toEqual(["developer", [user_id]]);
    provider.signsIn({ ...one, groups: "[]" });
    expect((await sso.signIn({ connection_id })).answer?.status).toBe(200);
    expect(await standing()).toEqual(["viewer", []]);
  });

  it("keeps whom an administrator has suspended or removed out", async () => {
    const { owner, domain, connection_id } = await company({ provisioning: true });
    employee(domain);
    const user_id = (await sso.signIn({ connection_id })).answer?.body.user.id;
    expect((await owner.call("POST", `/users/${user_id}/suspend`)).status).toBe(200);
    expect((await sso.signIn({ connection_id })).reason).toBe("account_inactive");
    const removed = await owner.call("DELETE", `/users/${user_id}`, undefined);
    expect(removed.status, removed.text).toBe(202);
    expect((await sso.signIn({ connection_id })).reason).toBe("not_invited");
  });

  it("leaves a history that says how each sign-in ended", async () => {
    const { owner, domain, connection_id } = await company({ provisioning: true });
    const { email } = employee(domain);
    await sso.signIn({ connection_id });
    employee(domain, { email_verified: false });
    await sso.signIn({ connection_id });
    const { body } = await sso.call("GET", `/sso/connections/${connection_id}/sign-ins`, undefined, owner.token);
    expect(body.items).toMatchObject([
      { outcome: "refused", reason: "email_not_verified", user_id: null },
      { outcome: "signed_in", reason: null, email },
    ]);
  });

  it("says in it too who was not let in at the last step, which spends the code", async () => {
    const { owner, domain, connection_id } = await company({ provisioning: true });
    const { email } = employee(domain);
    const { url, verifier } = sso.begin({ connection_id });
    const code = new URL(await sso.browser().follow(url, APP)).searchParams.get("code");
    await sso.unprove(domain);
    const redeem = () => sso.call("POST", "/sso/token", { code, code_verifier: verifier });
    const refused = await redeem();
    expect([refused.status, refused.body.reason]).toEqual([409, "domain_not_proved"]);
    await sso.prove(owner, domain);
    expect((await redeem()).status).toBe(401);
    const { body } = await sso.call("GET", `/sso/connections/${connection_id}/sign-ins`, undefined, owner.token);
    expect(body.items).toMatchObject([{ outcome: "refused", reason: "domain_not_proved", user_id: null, email }]);
    const told = await owner.call("GET", "/audit/logs?action=sso.sign_in_refused&limit=5");
    expect(told.body.items).toHaveLength(1);
  });

  it("says in it too whom the plan had no place for, and keeps nothing of what was proved", async () => {
    const { owner, domain, connection_id } = await company({ provisioning: true });
    const tenant = sso.deps.table.of(owner.organization_id);
    await tenant.transact([
      tenant.writes.update(quotaItem, { resource: "users" }, { set: { used: plans.free.users } }),
    ]);
    const { email } = employee(domain);
    const { answer } = await sso.signIn({ connection_id });
    expect([answer?.status, answer?.body.code]).toEqual([402, "quota_exceeded"]);
    const { body } = await sso.call("GET", `/sso/connections/${connection_id}/sign-ins`, undefined, owner.token);
    expect(body.items).toMatchObject([{ outcome: "refused", reason: "organization_full", user_id: null, email }]);
    const told = await owner.call("GET", "/audit/logs?action=sso.sign_in_refused&limit=5");
    expect(told.body.items).toMatchObject([{ reason: "organization_full" }]);
    const kept = await sso.deps.table.of(PLATFORM).get(signInItem, { id: body.items[0].id });
    expect(kept).toMatchObject({ status: "spent" });
    expect(kept).not.toHaveProperty("sealed_tokens");
    expect(kept).not.toHaveProperty("profile");
  });

  it("says so when an account has as many sign-ins as it may", async () => {
    const { domain, connection_id } = await company({ provisioning: true });
    const who = employee(domain);
    const user_id = (await sso.signIn({ connection_id })).answer?.body.user.id;
    const platform = sso.deps.table.of(PLATFORM);
    const user = await platform.get(userItem, { id: user_id });
    const subs = [...(user?.subs ?? []), ...Array.from({ length: ACCOUNTS_PER_USER - 1 }, () => unique("sub"))];
    await platform.transact([platform.writes.update(userItem, { id: user_id }, { set: { subs } })]);
    expect((await sso.signIn({ connection_id })).answer?.status).toBe(200);
    employee(domain, { email: who.email });
    expect((await sso.signIn({ connection_id })).reason).toBe("too_many_accounts");
  });
});

describe("a sign-in that is under way", () => {
  it("is the browser's in which it was begun: its address is of no use to another", async () => {
    const { domain, connection_id } = await company({ provisioning: true });
    employee(domain);
    const victim = sso.browser();
    const { url } = sso.begin({ connection_id });
    const back = await victim.follow(url, `${ORIGIN}/api/v1/sso/callback`);
    // Somebody is led to finish what another has begun.
    expect(await sso.browser().follow(back, APP)).toMatch(/\/sso\/refused\/expired$/);
    // And what was begun is not spent by that.
    expect(await victim.follow(back, APP)).toContain(`${APP}?code=`);
  });

  it("is finished once, by the app that has the verifier", async () => {
    const { domain, connection_id } = await company({ provisioning: true });
    employee(domain);
    const browser = sso.browser();
    const { url, verifier } = sso.begin({ connection_id });
    const end = new URL(await browser.follow(url, APP));
    expect(end.searchParams.get("state")).toBe("app-state");
    const code = end.searchParams.get("code") ?? "";
    const redeem = (code_verifier: string) => sso.call("POST", "/sso/token", { code, code_verifier });
    expect((await redeem("v".repeat(43))).status).toBe(401);
    const answers = await Promise.all([redeem(verifier), redeem(verifier), redeem(verifier)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
    expect((await redeem(verifier)).status).toBe(401);
    // The callback's address does not work again either.
    const back = browser.opened.find((address) => address.includes("/sso/callback")) ?? "";
    expect(await browser.follow(back, APP)).toMatch(/\/sso\/refused\/expired$/);
  });

  it("is exchanged once at the pool, however often its way back is opened", async () => {
    const { owner, domain, connection_id } = await company({ provisioning: true });
    employee(domain);
    const browser = sso.browser();
    const back = await browser.follow(sso.begin({ connection_id }).url, `${ORIGIN}/api/v1/sso/callback`);
    const cookie = browser.cookies(ORIGIN);
    const { pathname, search } = new URL(back);
    const open = async () => (await sso.open(pathname.slice(7) + search, cookie)).headers.get("location") ?? "";
    const ends = await Promise.all([open(), open(), open()]);
    expect(ends.filter((end) => end.startsWith(`${APP}?code=`))).toHaveLength(1);
    expect(ends.filter((end) => /refused\/provider_failed$/.test(end))).toHaveLength(2);
    const { body } = await sso.call("GET", `/sso/connections/${connection_id}/sign-ins`, undefined, owner.token);
    expect(body.items).toHaveLength(2);
  });

  it("that a browser has made up leads nowhere that a start would not have led", async () => {
    const [{ domain, connection_id }, other] = [await company({ provisioning: true }), await company()];
    employee(domain);
    const [victim, back] = [sso.browser(), `${ORIGIN}/api/v1/sso/callback`];
    const { pathname, search } = new URL(await victim.follow(sso.begin({ connection_id }).url, back));
    const [name = "", value = ""] = victim.cookies(ORIGIN).split("=");
    const begun = JSON.parse(Buffer.from(value, "base64url").toString("utf8"));
    const arrive = async (more: object) => {
      const cookie = `${name}=${Buffer.from(JSON.stringify({ ...begun, ...more })).toString("base64url")}`;
      return (await sso.open(pathname.slice(7) + search, cookie)).headers.get("location") ?? "";
    };
    const evil = { ...begun.app, redirect_uri: "https://evil.example/" };
    expect(await arrive({ app: evil })).toMatch(/refused\/expired$/);
    const { organization_id } = other.owner;
    const theirs = { organization_id, connection_id: other.connection_id };
    expect(await arrive({ lead: theirs })).toMatch(/refused\/expired$/);
    expect(await arrive({ lead: { ...begun.lead, organization_id } })).toMatch(/refused\/connection_inactive$/);
    expect(await arrive({ lead: { provider: "google" } })).toMatch(/refused\/expired$/);
    // Nobody's history tells of it.
    const path = `/sso/connections/${other.connection_id}/sign-ins`;
    expect((await sso.call("GET", path, undefined, other.owner.token)).body.items).toEqual([]);
  });

  it("has no token in any address, and nothing in the table that would finish it", async () => {
    const { domain, connection_id } = await company({ provisioning: true });
    employee(domain);
    const browser = sso.browser();
    const { answer, code } = await sso.signIn({ connection_id }, browser);
    const { access_token, refresh_token } = answer?.body.tokens ?? {};
    for (const address of browser.opened)
      for (const secret of [access_token, refresh_token, "eyJ"]) expect(address).not.toContain(secret);
    const id = code.split(".")[0] ?? "";
    const kept = await sso.deps.table.of(PLATFORM).get(signInItem, { id });
    const stored = JSON.stringify(kept);
    for (const secret of [access_token, code.split(".")[1] ?? ""]) expect(stored).not.toContain(secret);
    // What it was kept for went with its use.
    expect(kept?.status).toBe("spent");
    for (const name of ["sealed_tokens", "profile", "code_hash", "browser_hash"]) expect(kept).not.toHaveProperty(name);
  });

  it("ends after ten minutes, and its code after one", async () => {
    const { domain, connection_id } = await company({ provisioning: true });
    employee(domain);
    const browser = sso.browser();
    const { url } = sso.begin({ connection_id });
    const back = await browser.follow(url, `${ORIGIN}/api/v1/sso/callback`);
    const later = ssoService({}, { now: () => new Date(Date.now() + 601_000) });
    const { pathname, search } = new URL(back);
    const cookie = browser.cookies(ORIGIN);
    const arrive = async (service: typeof sso) =>
      (await service.open(pathname.slice(7) + search, cookie)).headers.get("location");
    expect(await arrive(later)).toMatch(/refused\/expired$/);
    // The same browser, in time.
    expect(await arrive(sso)).toContain(`${APP}?code=`);

    const { url: next, verifier } = sso.begin({ connection_id });
    const code = new URL(await sso.browser().follow(next, APP)).searchParams.get("code");
    const after = ssoService({}, { now: () => new Date(Date.now() + 61_000) });
    expect((await after.call("POST", "/sso/token", { code, code_verifier: verifier })).status).toBe(401);
    expect((await sso.call("POST", "/sso/token", { code, code_verifier: verifier })).status).toBe(200);
  });

  it("is refused where the token that the pool gives was asked for by another", async () => {
    const { domain, connection_id } = await company({ provisioning: true });
    employee(domain);
    const { hosted } = sso.deps;
    const told = async (change: object) => {
      const claims = async (...of: Parameters<typeof hosted.claims>) => ({
        ...(await hosted.claims(...of)),
        ...change,
      });
      const other = ssoService({ hosted: { ...hosted, claims } });
      return (await other.signIn({ connection_id })).reason;
    };
    expect(await told({ nonce: "another" })).toBe("provider_failed");
    expect(await told({ "cognito:username": "another_subject" })).toBe("provider_failed");
    expect(await told({})).toBeUndefined();
  });

  it("is sent to no foreign page", async () => {
    const { connection_id } = await company();
    for (const redirect_uri of ["https://evil.example/", "https://console.example.com@evil.example/", "javascript:0"]) {
      const { url } = sso.begin({ connection_id, redirect_uri });
      const { answer } = await sso.browser().open(url);
      expect(answer.status).toBe(422);
    }
  });

  it("does not outlive its connection", async () => {
    const { owner, domain, connection_id } = await company({ provisioning: true });
    employee(domain);
    const { url, verifier } = sso.begin({ connection_id });
    const code = new URL(await sso.browser().follow(url, APP)).searchParams.get("code");
    const off = await sso.call("PATCH", `/sso/connections/${connection_id}`, { status: "inactive" }, owner.token);
    expect(off.status, off.text).toBe(200);
    expect((await sso.call("POST", "/sso/token", { code, code_verifier: verifier })).status).toBe(409);
    expect((await sso.signIn({ connection_id })).reason).toBe("connection_inactive");
  });
});

describe("a device", () => {
  const told = async ({ organization_id }: Company) => {
    const of = { day: new Date().toISOString().slice(0, 10) };
    const { items } = await sso.deps.table.of(organization_id).page(outboxItem, { of, limit: 100 });
    return items.filter(({ envelope }) => envelope.type === "session.new_device").length;
  };

  it("that shows nothing from before is told to the person, but not their first one", async () => {
    const { owner, domain, connection_id } = await company({ provisioning: true });
    employee(domain);
    const first = await sso.signIn({ connection_id });
    expect(await told(owner)).toBe(0);
    const { device_token } = first.answer?.body ?? {};
    const again = await sso.signIn({ connection_id }, sso.browser(), device_token);
    expect([again.answer?.body.device_token, await told(owner)]).toEqual([device_token, 0]);
    const other = await sso.signIn({ connection_id });
    expect(other.answer?.body.device_token).not.toBe(device_token);
    expect(await told(owner)).toBe(1);
    employee(domain);
    await sso.signIn({ connection_id });
    await sso.signIn({ connection_id }, sso.browser(), device_token);
    expect(await told(owner)).toBe(2);
  });
});

describe("an identity", () => {
  it("is one user's, when many sign in for the first time at once", async () => {
    const { owner, domain, connection_id } = await company({ provisioning: true });
    const { sub } = employee(domain);
    const codes = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const { url, verifier } = sso.begin({ connection_id });
        return {
          code: new URL(await sso.browser().follow(url, APP)).searchParams.get("code"),
          code_verifier: verifier,
        };
      }),
    );
    const answers = await Promise.all(codes.map((body) => sso.call("POST", "/sso/token", body)));
    // Who comes second is somebody who is known by then.
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const ids = new Set(answers.map(({ body }) => body.user.id));
    expect(ids.size).toBe(1);
    const tenant = sso.deps.table.of(owner.organization_id);
    const identity = await tenant.get(identityItem, { connection_id, id: identityId(connection_id, sub) });
    expect(ids).toContain(identity?.user_id);
  });
});
