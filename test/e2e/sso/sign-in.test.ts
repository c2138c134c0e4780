import { randomBytes } from "node:crypto";
import { expect, inject, it } from "vitest";
import { sha256 } from "../../../shared/hash.ts";
import { call, registerCompany, unique } from "../../support/api.ts";
import { RedirectBrowser } from "../../support/browser.ts";
import { newDomain, provedBy } from "../../support/domains.ts";
import { poolPage, startProvider } from "../../support/oidc-provider.ts";

it("an employee signs in through the company's own provider, from the first page to a call of the API", async () => {
  const owner = await registerCompany();
  const { apiUrl } = inject("stack");
  const domain = newDomain();
  await provedBy(owner, domain);
  const provider = await startProvider(poolPage());
  const { issuer, client_id, client_secret } = provider;
  const connected = await owner.call("POST", "/sso/connections", {
    name: "Directory",
    provider: { kind: "oidc", issuer, client_id, client_secret },
    provisioning: true,
    group_rules: [{ group: "Engineering", role: "developer" }],
  });
  expect(connected.status, connected.text).toBe(201);
  expect(connected.body).toMatchObject({ status: "active", redirect_url: poolPage() });

  const verifier = randomBytes(32).toString("base64url");
  const app = `${apiUrl}/signed-in`;
  const email = `${unique("ada")}@${domain}`;
  const query = new URLSearchParams({ email, redirect_uri: app, state: "s", code_challenge: sha256(verifier) });
  const begin = `${apiUrl}/api/v1/sso/start?${query}`;
  provider.signsIn({ sub: "ada", email, email_verified: true, name: "Ada", groups: '["Engineering"]' });
  const end = new URL(await new RedirectBrowser().follow(begin, app));
  expect(end.searchParams.get("state")).toBe("s");
  const code = end.searchParams.get("code");
  const answer = await call("POST", "/sso/token", { body: { code, code_verifier: verifier } });
  expect(answer.status, answer.text).toBe(200);
  const me = await call("GET", "/auth/me", { token: answer.body.tokens.access_token });
  expect(me.body).toMatchObject({ role: "developer", user: { email }, organization: { id: owner.organization_id } });

  provider.signsIn({ sub: "eve", email: "eve@elsewhere.example", email_verified: true });
  const page = await new RedirectBrowser().follow(begin, app);
  expect(page).toMatch(/\/api\/v1\/sso\/refused\/domain_not_proved$/);
  const shown = await fetch(page);
  expect([shown.status, shown.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  expect(await shown.text()).toContain("has not proved");
  await provider.stop();
});
