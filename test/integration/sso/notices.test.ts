import { afterAll, beforeAll, expect, it } from "vitest";
import { sendMail as sendAuthMail } from "../../../functions/auth/consumers.ts";
import { sendMail } from "../../../functions/sso/notices/send.ts";
import type { Envelope } from "../../../shared/change/events.ts";
import { outboxItem } from "../../../shared/change/items.ts";
import { PLATFORM, userItem } from "../../../shared/identity/items.ts";
import type { Mail } from "../../../shared/mail/send.ts";
import { type Company, call, registerCompany, unique } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";
import { type Employee, poolPage, startProvider, type TestProvider } from "../../support/oidc-provider.ts";
import { startPlatformProvider } from "../../support/platform-providers.ts";
import { APP, PLACE, ssoService } from "../../support/sso.ts";

let company: TestProvider;
let google: TestProvider;
const sso = ssoService();
beforeAll(async () => {
  company = await startProvider(poolPage());
  google = await startPlatformProvider("google");
});
afterAll(async () => {
  await company?.stop();
  await google?.stop();
});

const app_url = "https://studio.example.com";

/** What an organization was told. */
async function eventsOf({ organization_id }: Pick<Company, "organization_id">): Promise<Envelope[]> {
  const of = { day: new Date().toISOString().slice(0, 10) };
  const { items } = await sso.deps.table.of(organization_id).page(outboxItem, { of, limit: 100 });
  return items.map(({ envelope }) => envelope);
}

/** The mails of what an organization was told of these ways to sign in. */
async function mailsOf(company: Pick<Company, "organization_id">): Promise<Mail[]> {
  const mails: Mail[] = [];
  const send = async (mail: Mail) => void mails.push(mail);
  for (const event of await eventsOf(company))
    if (event.type.startsWith("sso.identity_")) await sendMail(event, { table: sso.deps.table, send, app_url });
  return mails;
}

const person = (email: string): Employee => ({ sub: unique("subject"), email, email_verified: true, name: "Eve" });

/** Links a provider's sign-in by who is signed in. */
async function link(token: string, lead: object) {
  const { verifier: code_verifier, challenge: code_challenge } = sso.pkce();
  const asked = await sso.call("POST", "/sso/link", { ...lead, redirect_uri: APP, state: "s", code_challenge }, token);
  const code = new URL(await sso.browser().follow(asked.body.url, APP)).searchParams.get("code");
  const linked = await sso.call("POST", "/sso/link/finish", { code, code_verifier }, token);
  expect(linked.status, linked.text).toBe(200);
  return linked.body.id as string;
}

it("the owner of an account learns that another sign-in opens it, which one, and that it does so no more", async () => {
  const owner = await registerCompany();
  const eve = person(`${unique("eve")}@intruder.example`);
  google.signsIn(eve);
  const id = await link(owner.token, { provider: "google" });
  const [linked, ...more] = await mailsOf(owner);
  expect(more).toEqual([]);
  expect(linked).toMatchObject({
    to: owner.email,
    language: "en",
    subject: "Another way to sign in was linked to your account",
  });
  const text = linked?.lines.join("\n") ?? "";
  expect(text).toContain("Provider: Google\n");
  expect(text).toContain(`Account there: ${eve.email}\n`);
  expect(text).toMatch(/\nTime: \d{4}-\d\d-\d\dT/);
  expect(text).toContain(`sign in at ${app_url}, unlink it under "How you sign in"`);

  expect((await sso.call("DELETE", `/auth/me/identities/${id}`, undefined, owner.token)).status).toBe(204);
  const unlinked = (await mailsOf(owner)).find(
    ({ subject }) => subject === "A way to sign in was taken from your account",
  );
  expect(unlinked?.to).toBe(owner.email);
  expect(unlinked?.lines).toContain("Provider: Google");
  expect(unlinked?.lines.join("\n")).not.toContain("Account there");
});

it("whoever signs in from a new device is told where it was, which their sessions show too", async () => {
  const owner = await registerCompany();
  const domain = `${unique("acme")}.example`;
  await sso.prove(owner, domain);
  const { id: connection_id } = await sso.connect(owner, company, { provisioning: true });
  const email = `${unique("ada")}@${domain}`;
  company.signsIn(person(email));
  for (const again of [false, true]) {
    const { answer } = await sso.signIn({ connection_id });
    expect(answer?.status, answer?.text).toBe(200);
    const { items } = (await call("GET", "/auth/me/sessions", { token: answer?.body.tokens.access_token })).body;
    expect(items.find(({ current }: { current: boolean }) => current)).toMatchObject({
      ip: "203.0.113.7",
      place: PLACE,
    });
    const told = (await eventsOf(owner)).filter(({ type }) => type === "session.new_device");
    expect(told).toHaveLength(again ? 1 : 0);
    for (const event of told) {
      const mails: Mail[] = [];
      const send = async (mail: Mail) => void mails.push(mail);
      await sendAuthMail(event, { ...sso.platform, send, app_url });
      expect(mails[0]?.lines).toEqual(expect.arrayContaining(["Address: 203.0.113.7", "Place: München, BY, DE"]));
    }
  }
  // The tests' own deployment has no front.
  const { items } = (await owner.call("GET", "/auth/me/sessions")).body;
  expect(items[0].place).toBeNull();
});

it("a company's provider goes by its connection's name, in the language of who reads it", async () => {
  const owner = await registerCompany();
  const connection = await sso.connect(owner, company, { name: "Acme Entra" });
  const member = await addMember(owner, "developer");
  const platform = sso.deps.table.of(PLATFORM);
  await platform.transact([platform.writes.update(userItem, { id: member.user_id }, { set: { language: "de" } })]);
  const who = person(`${unique("ada")}@acme.example`);
  company.signsIn(who);
  await link(member.token, { connection_id: connection.id });
  const [mail, ...more] = await mailsOf(owner);
  expect(more).toEqual([]);
  expect(mail).toMatchObject({
    to: member.email,
    language: "de",
    subject: "Ihrem Konto wurde eine weitere Anmeldung hinzugefügt",
  });
  expect(mail?.lines).toEqual(expect.arrayContaining(["Anbieter: Acme Entra", `Konto dort: ${who.email}`]));
});

it("an account that has the address is told when it is linked by it; one that the sign-in makes is not", async () => {
  const owner = await registerCompany();
  const domain = `${unique("acme")}.example`;
  await sso.prove(owner, domain);
  const { id: connection_id } = await sso.connect(owner, company, { provisioning: true });
  const email = `${unique("ada")}@${domain}`;
  const signIn = async () => {
    company.signsIn(person(email));
    const { answer } = await sso.signIn({ connection_id });
    expect(answer?.status, answer?.text).toBe(200);
  };
  await signIn();
  expect(await mailsOf(owner)).toEqual([]);
  // The directory has another account of the same address.
  await signIn();
  expect(await mailsOf(owner)).toMatchObject([
    { to: email, subject: "Another way to sign in was linked to your account" },
  ]);
});
