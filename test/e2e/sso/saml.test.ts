import { randomBytes } from "node:crypto";
import { expect, inject, it } from "vitest";
import { audienceOf } from "../../../functions/sso/saml/model.ts";
import { sha256 } from "../../../shared/hash.ts";
import { call, registerCompany, unique } from "../../support/api.ts";
import { RedirectBrowser } from "../../support/browser.ts";
import { newDomain, provedBy } from "../../support/domains.ts";
import { poolAcs, startSamlProvider } from "../../support/saml-provider.ts";

it("an employee signs in through the company's own SAML provider, from the first page to a call of the API", async () => {
  const owner = await registerCompany();
  const { apiUrl, outputs } = inject("stack");
  const domain = newDomain();
  await provedBy(owner, domain);
  const audience = audienceOf(outputs.UserPoolId ?? "");
  const provider = await startSamlProvider(audience);
  const connected = await owner.call("POST", "/sso/connections", {
    name: "Directory",
    provider: { kind: "saml", metadata: provider.metadata },
    provisioning: true,
    group_rules: [{ group: "Engineering", role: "developer" }],
  });
  expect(connected.status, connected.text).toBe(201);
  expect(connected.body).toMatchObject({
    status: "active",
    redirect_url: poolAcs(),
    email_trust: "provider",
    provider: { kind: "saml", audience, certificates: [{ fingerprint: expect.stringMatching(/^[\da-f]{64}$/) }] },
  });

  const verifier = randomBytes(32).toString("base64url");
  const app = `${apiUrl}/signed-in`;
  const email = `${unique("ada")}@${domain}`;
  const query = new URLSearchParams({ email, redirect_uri: app, state: "s", code_challenge: sha256(verifier) });
  const begin = `${apiUrl}/api/v1/sso/start?${query}`;
  // The groups as Cognito gives several values; the local pool takes the first value only.
  provider.signsIn({ name_id: "ada", attributes: { email, name: "Ada", groups: "[Engineering, R%26D]" } });
  const end = new URL(await new RedirectBrowser().follow(begin, app));
  expect(end.searchParams.get("state")).toBe("s");
  const code = end.searchParams.get("code");
  const answer = await call("POST", "/sso/token", { body: { code, code_verifier: verifier } });
  expect(answer.status, answer.text).toBe(200);
  const me = await call("GET", "/auth/me", { token: answer.body.tokens.access_token });
  expect(me.body).toMatchObject({ role: "developer", user: { email }, organization: { id: owner.organization_id } });

  provider.signsIn({ name_id: "eve", attributes: { email: "eve@elsewhere.example" } });
  expect(await new RedirectBrowser().follow(begin, app)).toMatch(/\/api\/v1\/sso\/refused\/domain_not_proved$/);
  await provider.stop();
});
