import { randomBytes } from "node:crypto";
import { expect, inject, it } from "vitest";
import { audienceOf } from "../../../functions/sso/saml/model.ts";
import { sentMails } from "../../../local/mails.ts";
import { sha256 } from "../../../shared/hash.ts";
import { call, eventually, registerCompany, unique } from "../../support/api.ts";
import { RedirectBrowser } from "../../support/browser.ts";
import { newDomain, provedBy } from "../../support/domains.ts";
import { poolAcs } from "../../support/pool.ts";
import { newCertificate, samlMetadata } from "../../support/saml-metadata.ts";
import { startSamlProvider } from "../../support/saml-provider.ts";
import { sweepDue } from "../../support/sweeper.ts";

it("an employee signs in through the company's own SAML provider, from the first page to a call of the API", async () => {
  const owner = await registerCompany();
  const { apiUrl, outputs } = inject("stack");
  const domain = newDomain();
  await provedBy(owner, domain);
  const audience = audienceOf(outputs.UserPoolId ?? "");
  const provider = await startSamlProvider(audience, poolAcs());
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

it("the end of its certificates is told to those who can renew them, by mail", async () => {
  const owner = await registerCompany();
  const { text } = await newCertificate(-1, 20);
  const connected = await owner.call("POST", "/sso/connections", {
    name: "Directory",
    provider: { kind: "saml", metadata: samlMetadata([text]) },
  });
  expect(connected.status, connected.text).toBe(201);
  const mail = await eventually(async () => {
    await sweepDue();
    return (await sentMails(inject("stack").endpoint)).find(
      ({ to, subject }) => to.includes(owner.email) && subject.includes("ends in 20 days"),
    );
  }, "the mail that warns of the certificate");
  expect(mail.text).toContain(connected.body.provider.certificates_expire_at.slice(0, 10));
  const { items } = (await owner.call("GET", "/audit/logs?action=sso.certificate_expiring")).body;
  expect(items).toHaveLength(1);
});
