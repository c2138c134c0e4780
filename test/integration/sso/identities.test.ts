import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { providerTokenContext } from "../../../functions/auth/sessions/open.ts";
import { userIdentityItem } from "../../../functions/sso/store.ts";
import { PLATFORM, poolAccountItem, sessionItem, userItem } from "../../../shared/identity/items.ts";
import { type Company, call, eventually, registerCompany, unique } from "../../support/api.ts";
import { authDeps, claimsOf } from "../../support/auth.ts";
import { addMember, type TestMember } from "../../support/members.ts";
import { type Employee, poolPage, startProvider, type TestProvider } from "../../support/oidc-provider.ts";
import { APP, ssoService } from "../../support/sso.ts";

let provider: TestProvider;
const sso = ssoService();
beforeAll(async () => {
  provider = await startProvider(poolPage());
});
afterAll(() => provider.stop());

async function company(settings: object = { provisioning: true }) {
  const owner = await registerCompany();
  const domain = `${unique("acme")}.example`;
  await sso.prove(owner, domain);
  const connection = await sso.connect(owner, provider, settings);
  return { owner, domain, connection_id: connection.id as string };
}

const person = (domain = "elsewhere.example"): Employee => ({
  sub: unique("subject"),
  email: `${unique("ada")}@${domain}`,
  email_verified: true,
  name: "Ada",
});

/** Somebody of the directory signs in. */
async function employee(
  place: { readonly domain: string; readonly connection_id: string },
  who = person(place.domain),
) {
  provider.signsIn(who);
  const { answer } = await sso.signIn({ connection_id: place.connection_id });
  expect(answer?.status, answer?.text).toBe(200);
  return { who, user_id: answer?.body.user.id as string, token: answer?.body.tokens.access_token as string };
}

const own = async (token: string) => (await sso.call("GET", "/auth/me/identities", undefined, token)).body;
const unlinkOwn = (token: string, id: string) => sso.call("DELETE", `/auth/me/identities/${id}`, undefined, token);
const identitiesOf = (owner: Company, id: string, query = "") =>
  sso.call("GET", `/sso/connections/${id}/identities${query}`, undefined, owner.token);
const me = (token: string) => call("GET", "/auth/me", { token });
const audited = async (owner: Company, action: string) =>
  (await owner.call("GET", `/audit/logs?action=${action}&limit=5`)).body.items;

/** Asks for a link and takes the browser to the provider and back. @returns the reason of a refusal, or what proves it */
async function prove(token: string, connection_id: string, who: Employee, browser = sso.browser()) {
  const { verifier, challenge } = sso.pkce();
  const asked = await sso.call(
    "POST",
    "/sso/link",
    { connection_id, redirect_uri: APP, state: "s", code_challenge: challenge },
    token,
  );
  if (asked.status !== 201) return { asked, url: "", reason: undefined, proof: undefined };
  provider.signsIn(who);
  const end = new URL(await browser.follow(asked.body.url, APP));
  const reason = /\/sso\/refused\/(\w+)$/.exec(end.pathname)?.[1];
  const proof = { code: end.searchParams.get("code") ?? "", code_verifier: verifier };
  return { asked, url: asked.body.url as string, reason, proof };
}
const finish = (token: string, proof: object | undefined) => sso.call("POST", "/sso/link/finish", proof, token);

describe("a user's ways to sign in", () => {
  it("are shown to them, and who signs in through a connection to its administrators, page by page", async () => {
    const place = await company();
    const [one, two] = [await employee(place), await employee(place)];
    const { has_password, items } = await own(one.token);
    expect([has_password, items.length]).toEqual([false, 1]);
    expect(items[0]).toMatchObject({
      organization_id: place.owner.organization_id,
      connection_id: place.connection_id,
      email: one.who.email,
      linked_by: "email",
    });
    expect(await own(place.owner.token)).toEqual({ has_password: true, items: [] });
    const first = (await identitiesOf(place.owner, place.connection_id, "?limit=1")).body;
    const second = (await identitiesOf(place.owner, place.connection_id, `?limit=1&cursor=${first.next_cursor}`)).body;
    const users = [...first.items, ...second.items].map(({ user_id }) => user_id);
    expect(users.sort()).toEqual([one.user_id, two.user_id].sort());
  });

  it("keep the last one, whoever takes them away at once", async () => {
    const place = await company();
    const { token, who, user_id } = await employee(place);
    const [only] = (await own(token)).items;
    const refused = await unlinkOwn(token, only.id);
    expect([refused.status, refused.body.state]).toEqual([409, "last_way_in"]);
    // The directory has another account of the same address.
    await employee(place, { ...who, sub: unique("subject") });
    const { items } = await own(token);
    expect(items).toHaveLength(2);
    const answers = await Promise.all(items.map(({ id }: { id: string }) => unlinkOwn(token, id)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 409]);
    const user = await sso.deps.table.of(PLATFORM).get(userItem, { id: user_id });
    expect(user?.subs).toHaveLength(1);
  });

  it("are taken away by an administrator, which ends the sessions that came by it; then the address links anew", async () => {
    const place = await company();
    const { token, who, user_id } = await employee(place);
    const [identity] = (await identitiesOf(place.owner, place.connection_id)).body.items;
    const path = `/sso/connections/${place.connection_id}/identities/${identity.id}`;
    expect((await sso.call("DELETE", path, undefined, place.owner.token)).status).toBe(204);
    expect((await me(token)).status).toBe(401);
    expect((await identitiesOf(place.owner, place.connection_id)).body.items).toEqual([]);
    const [entry] = await audited(place.owner, "sso.identity_unlinked");
    // Whose it was stands in no name: an erasure of the person would not find it.
    expect(entry).toMatchObject({ actor: { id: place.owner.user_id } });
    expect(entry.resource).toEqual({ type: "sso_identity", id: identity.id });
    const platform = sso.deps.table.of(PLATFORM);
    expect((await platform.page(userIdentityItem, { of: { user_id }, limit: 5 })).items).toEqual([]);
    expect(await platform.get(poolAccountItem, { sub: claimsOf(token).sub ?? "" })).toBeUndefined();
    expect((await employee(place, who)).user_id).toBe(user_id);
  });

  it("are ended at the pool too, though the account is the user's no more", async () => {
    const place = await company();
    const { token, user_id } = await employee(place);
    const [identity] = (await identitiesOf(place.owner, place.connection_id)).body.items;
    const { sub = "", origin_jti = "" } = claimsOf(token);
    const platform = sso.deps.table.of(PLATFORM);
    const session = await platform.get(sessionItem, { sub, origin_jti });
    if (session === undefined) throw new Error("there is no session");
    const { secrets, identities } = authDeps();
    const kept = await secrets.decrypt(session.provider_token, providerTokenContext(session));
    const refreshed = async () => (await identities.refresh(kept, session.client_id))?.sub;
    expect(await refreshed()).toBe(sub);
    const path = `/sso/connections/${place.connection_id}/identities/${identity.id}`;
    expect((await sso.call("DELETE", path, undefined, place.owner.token)).status).toBe(204);
    expect((await platform.get(userItem, { id: user_id }))?.subs).not.toContain(sub);
    // The deployed function hears of it.
    await eventually(
      async () => ((await platform.get(sessionItem, { sub, origin_jti })) === undefined ? true : undefined),
      "the session is gone",
    );
    expect(await refreshed()).toBeUndefined();
  });

  it("of somebody whose role grants more are nothing for an administrator", async () => {
    const place = await company();
    const { user_id } = await employee(place);
    await place.owner.call("PATCH", `/users/${user_id}`, { role: "org_owner" });
    const admin = await addMember(place.owner, "org_admin");
    const [identity] = (await identitiesOf(place.owner, place.connection_id)).body.items;
    const path = `/sso/connections/${place.connection_id}/identities/${identity.id}`;
    expect((await sso.call("DELETE", path, undefined, admin.token)).status).toBe(403);
  });
});

describe("linking", () => {
  it("makes a provider's sign-in the caller's, whatever the domain of its address, and then it opens the account", async () => {
    const place = await company({});
    const member = await addMember(place.owner, "developer");
    const who = person();
    const { proof } = await prove(member.token, place.connection_id, who);
    const linked = await finish(member.token, proof);
    expect(linked.status, linked.text).toBe(200);
    expect(linked.body).toMatchObject({ connection_id: place.connection_id, email: who.email, linked_by: "user" });
    expect(await own(member.token)).toMatchObject({ has_password: true, items: [{ id: linked.body.id }] });
    const [entry] = await audited(place.owner, "sso.identity_linked");
    expect(entry).toMatchObject({ actor: { id: member.user_id } });
    expect(entry.resource).toEqual({ type: "sso_identity", id: linked.body.id });
    expect((await employee(place, who)).user_id).toBe(member.user_id);
    expect((await unlinkOwn(member.token, linked.body.id)).status).toBe(204);
    provider.signsIn(who);
    expect((await sso.signIn({ connection_id: place.connection_id })).reason).toBe("domain_not_proved");
  });

  it("is done by the session and the app that have asked for it, once", async () => {
    const place = await company({});
    const [member, other] = [await addMember(place.owner, "developer"), await addMember(place.owner, "developer")];
    const { proof, url } = await prove(member.token, place.connection_id, person());
    const login = { email: member.email, password: member.password };
    const elsewhere = (await call("POST", "/auth/login", { body: login })).body.tokens.access_token;
    for (const token of [other.token, elsewhere]) expect((await finish(token, proof)).status).toBe(401);
    const wrong = { ...proof, code_verifier: sso.pkce().verifier };
    expect((await finish(member.token, wrong)).status).toBe(401);
    // What proves a link opens no session.
    expect((await sso.call("POST", "/sso/token", proof)).status).toBe(401);
    expect((await sso.browser().follow(url, APP)).endsWith("/sso/refused/expired")).toBe(true);
    expect((await finish(member.token, proof)).status).toBe(200);
    expect((await finish(member.token, proof)).status).toBe(401);
    const { url: begin, verifier } = sso.begin({ connection_id: place.connection_id });
    const code = new URL(await sso.browser().follow(begin, APP)).searchParams.get("code");
    expect((await finish(member.token, { code, code_verifier: verifier })).status).toBe(401);
  });

  it("never takes another user's, nor a connection of an organization that one does not belong to", async () => {
    const place = await company();
    const { who } = await employee(place);
    const member = await addMember(place.owner, "developer");
    expect((await prove(member.token, place.connection_id, who)).reason).toBe("identity_taken");
    const stranger = await registerCompany();
    const { asked } = await prove(stranger.token, place.connection_id, person());
    expect([asked.status, asked.body.code]).toEqual([422, "reference_not_found"]);
    const removed = await addMember(place.owner, "developer");
    const { proof } = await prove(removed.token, place.connection_id, person());
    await place.owner.call("DELETE", `/users/${removed.user_id}`);
    expect((await finish(removed.token, proof)).body.reason).toBe("connection_inactive");
  });

  it("keeps to the domains of the connection", async () => {
    const place = await company();
    await sso.call(
      "PATCH",
      `/sso/connections/${place.connection_id}`,
      { allowed_domains: [place.domain] },
      place.owner.token,
    );
    const member = await addMember(place.owner, "developer");
    expect((await prove(member.token, place.connection_id, person())).reason).toBe("domain_not_allowed");
    expect((await prove(member.token, place.connection_id, { sub: unique("subject") })).reason).toBe("no_email");
  });

  it.each([0, 1, 2, 3])("gives one person to one of two who link it at the same moment (%i)", async () => {
    const place = await company({});
    const who = person();
    const members: TestMember[] = [await addMember(place.owner, "viewer"), await addMember(place.owner, "viewer")];
    const proofs: object[] = [];
    for (const { token } of members) proofs.push((await prove(token, place.connection_id, who)).proof ?? {});
    const answers = await Promise.all(members.map(({ token }, i) => finish(token, proofs[i])));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const { items } = (await identitiesOf(place.owner, place.connection_id)).body;
    expect(items.map(({ user_id }: { user_id: string }) => user_id)).toEqual([
      members[answers.findIndex(({ status }) => status === 200)]?.user_id,
    ]);
  });
});
