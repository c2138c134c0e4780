import { randomBytes } from "node:crypto";
import { expect, inject, it } from "vitest";
import { sentMails } from "../../../local/mails.ts";
import { sha256 } from "../../../shared/hash.ts";
import { call, eventually, registerCompany, unique } from "../../support/api.ts";
import { RedirectBrowser } from "../../support/browser.ts";
import { newDomain, provedBy } from "../../support/domains.ts";
import { startPlatformProvider } from "../../support/platform-providers.ts";

it("somebody signs in with Google, from the first page to a call of the API; then the organization takes it no more", async () => {
  const owner = await registerCompany();
  const { apiUrl } = inject("stack");
  const domain = newDomain();
  const id = await provedBy(owner, domain);
  const lets = { auto_join: true, default_role: "developer" };
  expect((await owner.call("PATCH", `/domains/${id}`, lets)).status).toBe(200);
  const google = await startPlatformProvider("google");
  expect((await call("GET", "/sso/providers")).body.items).toContainEqual({ id: "google", name: "Google" });

  const app = `${apiUrl}/signed-in`;
  const verifier = randomBytes(32).toString("base64url");
  const query = new URLSearchParams({ provider: "google", redirect_uri: app, code_challenge: sha256(verifier) });
  const begin = `${apiUrl}/api/v1/sso/start?${query}`;
  const tokensOf = async () => {
    const code = new URL(await new RedirectBrowser().follow(begin, app)).searchParams.get("code");
    return call("POST", "/sso/token", { body: { code, code_verifier: verifier } });
  };
  const email = `${unique("ada")}@${domain}`;
  google.signsIn({ sub: email, email, email_verified: true, name: "Ada", hd: domain });
  const answer = await tokensOf();
  expect(answer.status, answer.text).toBe(200);
  const token = answer.body.tokens.access_token;
  const me = async () => (await call("GET", "/auth/me", { token })).body;
  expect(await me()).toMatchObject({ role: "developer", user: { email }, refusal: null });
  const ways = await call("GET", "/auth/me/identities", { token });
  expect(ways.body).toMatchObject({ has_password: false, items: [{ provider: "google", email, linked_by: "email" }] });
  const unlinked = await call("DELETE", `/auth/me/identities/${ways.body.items[0].id}`, { token });
  expect([unlinked.status, unlinked.body.state]).toEqual([409, "last_way_in"]);

  // Another account of the address there is linked with theirs, and they hear of it.
  google.signsIn({ sub: unique("second"), email, email_verified: true, name: "Ada", hd: domain });
  expect((await tokensOf()).status).toBe(200);
  const mail = await eventually(async () => {
    const sent = await sentMails(inject("stack").endpoint);
    return sent.find(
      ({ to, subject }) => to.includes(email) && subject === "Another way to sign in was linked to your account",
    );
  }, "the mail of the link");
  expect(mail.text).toContain("Provider: Google");

  const settings = `/organizations/${owner.organization_id}/settings`;
  const wants = { security: { sign_in_methods: ["password", "sso"] } };
  expect((await owner.call("PATCH", settings, wants)).status).toBe(200);
  expect(await me()).toMatchObject({ refusal: "sign_in_method_not_allowed" });
  const refused = await call("GET", "/agents", { token });
  expect([refused.status, refused.body.code]).toEqual([403, "sign_in_method_not_allowed"]);

  google.signsIn({ sub: unique("eve"), email: owner.email, email_verified: true });
  const page = await new RedirectBrowser().follow(begin, app);
  expect(page).toMatch(/\/api\/v1\/sso\/refused\/address_not_proved$/);
  expect(await (await fetch(page)).text()).toContain("does not prove that your e-mail address is yours");
  await google.stop();
});
