import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { domainOwnerItem } from "../../../functions/domains/owning/store.ts";
import { membershipItem, PLATFORM, userItem } from "../../../shared/identity/items.ts";
import type { PlatformProvider } from "../../../shared/identity/platform-providers.ts";
import { type Company, call, register, registerCompany, unique } from "../../support/api.ts";
import { invited } from "../../support/invitations.ts";
import type { Employee, TestProvider } from "../../support/oidc-provider.ts";
import { startPlatformProvider } from "../../support/platform-providers.ts";
import { APP, ssoService } from "../../support/sso.ts";

const sso = ssoService();
let google: TestProvider;
let microsoft: TestProvider;
beforeAll(async () => {
  google = await startPlatformProvider("google");
  microsoft = await startPlatformProvider("microsoft");
});
afterAll(async () => {
  await google?.stop();
  await microsoft?.stop();
});

const GOOGLE = { provider: "google" };
const MICROSOFT = { provider: "microsoft" };
const me = (token: string) => call("GET", "/auth/me", { token });
const platform = () => sso.deps.table.of(PLATFORM);

/** Somebody whose address Google hands out itself. */
const person = (more: Partial<Employee> = {}): Employee => ({
  sub: unique("subject"),
  email: `${unique("ada")}@gmail.com`,
  email_verified: true,
  name: "Ada",
  ...more,
});

/** Somebody who has registered with a password. */
async function registered(email: string) {
  const answer = await register({
    email,
    password: "correct horse battery staple",
    organization_name: unique("Company"),
  });
  const { user, organization, tokens } = answer.body;
  return {
    user_id: user.id as string,
    organization_id: organization.id as string,
    token: tokens.access_token as string,
  };
}

/** A company whose domain is proved, and lets its people in. */
async function company(auto_join_role: string | null = "developer") {
  const owner = await registerCompany();
  const domain = `${unique("acme")}.example`;
  await sso.prove(owner, domain, auto_join_role);
  return { owner, domain };
}

const membershipOf = ({ organization_id }: Pick<Company, "organization_id">, user_id: string) =>
  sso.deps.table.of(organization_id).get(membershipItem, { user_id });

describe("signing in through a provider that is everybody's", () => {
  it("opens the account that has the address, and is known from then on", async () => {
    const who = person();
    const { user_id, organization_id, token } = await registered(who.email ?? "");
    google.signsIn(who);
    const { answer } = await sso.signIn(GOOGLE);
    expect(answer?.status, answer?.text).toBe(200);
    expect([answer?.body.user.id, answer?.body.organization_id]).toEqual([user_id, organization_id]);
    expect((await me(answer?.body.tokens.access_token)).body).toMatchObject({ role: "org_owner", refusal: null });
    // By the provider's subject, whatever the address has become and shows.
    google.signsIn({ ...who, email: `${unique("other")}@elsewhere.example`, email_verified: false });
    const again = await sso.signIn(GOOGLE);
    expect(again.answer?.body.user.id).toBe(user_id);
    const refreshed = await call("POST", "/auth/refresh", {
      body: { refresh_token: again.answer?.body.tokens.refresh_token },
    });
    expect(refreshed.status, refreshed.text).toBe(200);
    const trail = async (action: string) =>
      (await call("GET", `/audit/logs?action=${action}&limit=5`, { token })).body.items;
    expect(await trail("sso.identity_linked")).toHaveLength(1);
    expect((await trail("session.signed_in"))[0]).toMatchObject({
      actor: { id: user_id },
      changes: [{ field: "method", old: null, new: "google" }],
    });
    // What cuts the account off ends these sessions too.
    expect((await call("POST", "/auth/me/sign-out-others", { token })).status).toBe(204);
    expect((await me(refreshed.body.access_token)).status).toBe(401);
  });

  it("takes nobody's account over by an address that shows nothing", async () => {
    const who = person({ email: `${unique("victim")}@victim.example` });
    const { user_id } = await registered(who.email ?? "");
    const claims: readonly [TestProvider, Record<string, string>, Partial<Employee>][] = [
      [google, GOOGLE, {}],
      [google, GOOGLE, { hd: "evil.example" }],
      [google, GOOGLE, { email_verified: false, hd: "victim.example" }],
      [microsoft, MICROSOFT, {}],
      [microsoft, MICROSOFT, { xms_edov: false }],
    ];
    for (const [provider, how, more] of claims) {
      provider.signsIn({ ...who, ...more, sub: unique("subject") });
      expect((await sso.signIn(how)).reason).toBe("address_not_proved");
    }
    expect((await platform().get(userItem, { id: user_id }))?.subs).toHaveLength(1);
  });

  it("lets people of a domain in where its organization does and takes the way, else nobody", async () => {
    const { owner, domain } = await company();
    const [ada, bob, eve] = ["ada", "bob", "eve"].map((name) =>
      person({ email: `${unique(name)}@${domain}`, hd: domain }),
    ) as [Employee, Employee, Employee];
    google.signsIn(ada);
    const first = await sso.signIn(GOOGLE);
    expect(first.answer?.status, first.answer?.text).toBe(200);
    const { user, organization_id, tokens } = first.answer?.body ?? {};
    expect([user.has_password, organization_id]).toEqual([false, owner.organization_id]);
    expect((await me(tokens.access_token)).body).toMatchObject({ role: "developer" });
    expect(await membershipOf(owner, user.id)).toMatchObject({ joined_via: "domain" });

    const settings = `/organizations/${owner.organization_id}/settings`;
    const forbids = { security: { sign_in_methods: ["password", "sso", "microsoft"] } };
    expect((await owner.call("PATCH", settings, forbids)).status).toBe(200);
    // On the next request.
    expect((await me(tokens.access_token)).body).toMatchObject({ refusal: "sign_in_method_not_allowed" });
    google.signsIn(bob);
    expect((await sso.signIn(GOOGLE)).reason).toBe("method_not_taken");
    microsoft.signsIn({ ...bob, xms_edov: true });
    const byMicrosoft = await sso.signIn(MICROSOFT);
    expect((await me(byMicrosoft.answer?.body.tokens.access_token)).body).toMatchObject({ role: "developer" });

    await platform().transact([platform().writes.update(domainOwnerItem, { domain }, { set: { auto_join: false } })]);
    microsoft.signsIn({ ...eve, xms_edov: true });
    expect((await sso.signIn(MICROSOFT)).reason).toBe("nobody_known");
  });

  it("accepts an invitation to the proved address, to the organization of the link or of the domain", async () => {
    const owner = await registerCompany();
    const who = person();
    await invited(owner, who.email, "operator");
    google.signsIn(who);
    expect((await sso.signIn(GOOGLE)).reason).toBe("nobody_known");
    const joined = await sso.signIn({ ...GOOGLE, joins: owner.organization_id });
    expect(joined.answer?.body.organization_id, joined.answer?.text).toBe(owner.organization_id);
    expect(await membershipOf(owner, joined.answer?.body.user.id)).toMatchObject({
      role: "operator",
      joined_via: "invitation",
    });
    const stranger = await registerCompany();
    google.signsIn(person());
    expect((await sso.signIn({ ...GOOGLE, joins: stranger.organization_id })).reason).toBe("nobody_known");

    const { owner: other, domain } = await company(null);
    const employee = person({ email: `${unique("ada")}@${domain}`, hd: domain });
    await invited(other, employee.email, "viewer");
    google.signsIn(employee);
    expect((await sso.signIn(GOOGLE)).answer?.body.organization_id).toBe(other.organization_id);
  });

  it("does not get around a second factor, and opens nothing of somebody suspended, whoever they were a moment ago", async () => {
    const who = person();
    const { user_id } = await registered(who.email ?? "");
    const set = (set: object) => platform().transact([platform().writes.update(userItem, { id: user_id }, { set })]);
    google.signsIn(who);
    const { url, verifier } = sso.begin(GOOGLE);
    const code = new URL(await sso.browser().follow(url, APP)).searchParams.get("code") ?? "";
    await set({ mfa_enabled_at: new Date().toISOString() });
    const late = await sso.call("POST", "/sso/token", { code, code_verifier: verifier });
    expect([late.status, late.body.reason]).toEqual([409, "second_factor"]);
    // The code is spent by it.
    expect((await sso.call("POST", "/sso/token", { code, code_verifier: verifier })).status).toBe(401);
    expect((await sso.signIn(GOOGLE)).reason).toBe("second_factor");
    await set({ status: "suspended" });
    expect((await sso.signIn(GOOGLE)).reason).toBe("account_inactive");
  });

  it("makes one account of two first sign-ins at once", async () => {
    const { domain } = await company();
    const who = person({ email: `${unique("ada")}@${domain}`, hd: domain });
    google.signsIn(who);
    const codes = await Promise.all(
      [0, 1].map(async () => {
        const { url, verifier } = sso.begin(GOOGLE);
        const end = new URL(await sso.browser().follow(url, APP));
        return { code: end.searchParams.get("code") ?? "", code_verifier: verifier };
      }),
    );
    const answers = await Promise.all(codes.map((proof) => sso.call("POST", "/sso/token", proof)));
    const opened = answers.filter(({ status }) => status === 200);
    expect(opened.length, answers.map(({ text }) => text).join()).toBeGreaterThanOrEqual(1);
    expect(new Set(opened.map(({ body }) => body.user.id)).size).toBe(1);
    const user = await platform().get(userItem, { id: opened[0]?.body.user.id });
    expect(user?.subs).toHaveLength(1);
  });

  it("is one of those that the operator has set up, begun in the browser that comes back", async () => {
    expect((await sso.call("GET", "/sso/providers")).body.items).toEqual([
      { id: "google", name: "Google" },
      { id: "microsoft", name: "Microsoft" },
    ]);
    const none = ssoService({ clients: {} });
    expect((await none.call("GET", "/sso/providers")).body.items).toEqual([]);
    expect((await none.signIn(GOOGLE)).reason).toBe("connection_inactive");
    expect(
      (await sso.call("GET", `/sso/start?${new URLSearchParams({ ...GOOGLE, email: "a@b.example" })}`)).status,
    ).toBe(422);
    google.signsIn(person());
    const { url } = sso.begin(GOOGLE);
    const mine = sso.browser();
    const { next = "" } = await mine.open(url);
    expect(await sso.browser().follow(next, APP)).toMatch(/\/sso\/refused\/expired$/);
  });
});

describe("a refusal at a provider that is everybody's", () => {
  const trail = async (token: string) =>
    (await call("GET", "/audit/logs?action=sso.platform_sign_in_refused&limit=5", { token })).body.items;

  it("stands in the trail of whose address is proved, and of nobody else", async () => {
    const who = person();
    const { user_id, token } = await registered(who.email ?? "");
    google.signsIn({ ...who, email_verified: false });
    expect((await sso.signIn(GOOGLE)).reason).toBe("address_not_proved");
    google.signsIn(person());
    expect((await sso.signIn(GOOGLE)).reason).toBe("nobody_known");
    expect(await trail(token)).toEqual([]);

    const set = { mfa_enabled_at: new Date().toISOString() };
    await platform().transact([platform().writes.update(userItem, { id: user_id }, { set })]);
    google.signsIn(who);
    expect((await sso.signIn(GOOGLE)).reason).toBe("second_factor");
    await platform().transact([platform().writes.update(userItem, { id: user_id }, { remove: ["mfa_enabled_at"] })]);
    const [entry, ...more] = await trail(token);
    expect(more).toEqual([]);
    expect(entry).toMatchObject({
      actor: { type: "system", id: "anonymous" },
      outcome: "denied",
      reason: "second_factor",
      request: { ip: "203.0.113.7" },
    });
  });

  it("stands in the trail of the organization that does not take the way, also where the app hears of it only", async () => {
    const { owner, domain } = await company();
    const who = person({ email: `${unique("ada")}@${domain}`, hd: domain });
    google.signsIn(who);
    const { url, verifier } = sso.begin(GOOGLE);
    const code = new URL(await sso.browser().follow(url, APP)).searchParams.get("code") ?? "";
    const settings = `/organizations/${owner.organization_id}/settings`;
    await owner.call("PATCH", settings, { security: { sign_in_methods: ["password"] } });
    const late = await sso.call("POST", "/sso/token", { code, code_verifier: verifier });
    expect([late.status, late.body.reason]).toEqual([409, "method_not_taken"]);
    expect((await sso.signIn(GOOGLE)).reason).toBe("method_not_taken");
    expect((await trail(owner.token)).map(({ reason }: { reason: string }) => reason)).toEqual([
      "method_not_taken",
      "method_not_taken",
    ]);
  });

  it("of a link stands in the trail of who has asked for it", async () => {
    const [owner, other] = [await registerCompany(), await registerCompany()];
    microsoft.signsIn(person());
    const { proof } = await prove(owner.token, "microsoft");
    expect((await sso.call("POST", "/sso/link/finish", proof, owner.token)).status).toBe(200);
    expect((await prove(other.token, "microsoft")).reason).toBe("identity_taken");
    expect(await trail(owner.token)).toEqual([]);
    expect(await trail(other.token)).toMatchObject([
      { actor: { type: "user", id: other.user_id }, outcome: "denied", reason: "identity_taken" },
    ]);
  });
});

/** Asks for a link and takes the browser to the provider and back. */
async function prove(token: string, provider: PlatformProvider, service = sso) {
  const { verifier, challenge } = service.pkce();
  const body = { provider, redirect_uri: APP, state: "s", code_challenge: challenge };
  const asked = await service.call("POST", "/sso/link", body, token);
  expect(asked.status, asked.text).toBe(201);
  const end = new URL(await service.browser().follow(asked.body.url, APP));
  const reason = /\/sso\/refused\/(\w+)$/.exec(end.pathname)?.[1];
  return { reason, proof: { code: end.searchParams.get("code") ?? "", code_verifier: verifier } };
}

describe("a sign-in through a provider that is everybody's", () => {
  it("is linked by who is signed in, whatever its address shows, and unlinked unless it is the last way in", async () => {
    const owner = await registerCompany();
    const who = person({ email: `${unique("ada")}@anything.example` });
    microsoft.signsIn(who);
    const { proof } = await prove(owner.token, "microsoft");
    const linked = await sso.call("POST", "/sso/link/finish", proof, owner.token);
    expect(linked.status, linked.text).toBe(200);
    const shown = {
      provider: "microsoft",
      linked_by: "user",
      email: who.email,
      organization_id: null,
      connection_id: null,
    };
    expect(linked.body).toMatchObject(shown);
    const { answer } = await sso.signIn(MICROSOFT);
    expect(answer?.body.user.id).toBe(owner.user_id);
    const own = async (token: string) => (await sso.call("GET", "/auth/me/identities", undefined, token)).body;
    expect(await own(owner.token)).toMatchObject({ has_password: true, items: [shown] });

    // A person at a provider who is somebody's stays theirs.
    const other = await registerCompany();
    expect((await prove(other.token, "microsoft")).reason).toBe("identity_taken");

    const token = answer?.body.tokens.access_token;
    const unlink = (by: string, id: string) => sso.call("DELETE", `/auth/me/identities/${id}`, undefined, by);
    expect((await unlink(owner.token, linked.body.id)).status).toBe(204);
    expect((await me(token)).status).toBe(401);
    expect((await sso.signIn(MICROSOFT)).reason).toBe("address_not_proved");
    const [entry] = (await owner.call("GET", "/audit/logs?action=sso.identity_unlinked&limit=5")).body.items;
    expect(entry).toMatchObject({ actor: { id: owner.user_id } });
    expect(entry.resource).toEqual({ type: "sso_identity", id: linked.body.id });

    const { domain } = await company();
    google.signsIn(person({ email: `${unique("ada")}@${domain}`, hd: domain }));
    const only = (await sso.signIn(GOOGLE)).answer?.body.tokens.access_token;
    const [identity] = (await own(only)).items;
    const kept = await unlink(only, identity.id);
    expect([kept.status, kept.body.state]).toEqual([409, "last_way_in"]);
  });

  it("is none any more where Microsoft calls people otherwise since the operator has registered anew: it is linked again", async () => {
    const { domain } = await company();
    google.signsIn(person({ email: `${unique("ada")}@${domain}`, hd: domain }));
    // Somebody who has no password.
    const token = (await sso.signIn(GOOGLE)).answer?.body.tokens.access_token as string;
    microsoft.signsIn(person());
    const { proof } = await prove(token, "microsoft");
    const old = (await sso.call("POST", "/sso/link/finish", proof, token)).body.id as string;

    const anew = ssoService({ registrations: { microsoft: "another registration" } });
    const own = async (service: typeof sso) =>
      (await service.call("GET", "/auth/me/identities", undefined, token)).body;
    const active = async (service: typeof sso) =>
      (await own(service)).items
        .map((item: { provider: string; active: boolean }) => [item.provider, item.active])
        .sort();
    expect(await active(sso)).toEqual([
      ["google", true],
      ["microsoft", true],
    ]);
    expect(await active(anew)).toEqual([
      ["google", true],
      ["microsoft", false],
    ]);
    const unlink = (id: string) => anew.call("DELETE", `/auth/me/identities/${id}`, undefined, token);
    const byGoogle = (await own(anew)).items.find(({ provider }: { provider: string }) => provider === "google");
    const kept = await unlink(byGoogle.id);
    expect([kept.status, kept.body.state]).toEqual([409, "last_way_in"]);

    microsoft.signsIn(person());
    const again = await prove(token, "microsoft", anew);
    const linked = await anew.call("POST", "/sso/link/finish", again.proof, token);
    expect([linked.status, linked.body.active], linked.text).toEqual([200, true]);
    expect((await anew.signIn(MICROSOFT)).answer?.body.user.id).toBe((await me(token)).body.user.id);
    // What is dead goes, whatever else there is.
    expect((await unlink(old)).status).toBe(204);
    expect(await active(anew)).toEqual([
      ["google", true],
      ["microsoft", true],
    ]);
  });

  it("is linked by two users at once to one of them only", async () => {
    const owners = [await registerCompany(), await registerCompany()];
    microsoft.signsIn(person());
    const proofs: object[] = [];
    for (const { token } of owners) proofs.push((await prove(token, "microsoft")).proof);
    const answers = await Promise.all(
      owners.map(({ token }, i) => sso.call("POST", "/sso/link/finish", proofs[i], token)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const users = await Promise.all(owners.map(({ user_id: id }) => platform().get(userItem, { id })));
    expect(users.map((user) => user?.subs.length).sort()).toEqual([1, 2]);
  });
});
