import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectionItem } from "../../../functions/sso/store.ts";
import { type Company, call, registerCompany, unique } from "../../support/api.ts";
import { pool, poolAcs } from "../../support/pool.ts";
import { newCertificate, samlMetadata } from "../../support/saml-metadata.ts";
import { startSamlProvider, type TestSamlProvider } from "../../support/saml-provider.ts";
import { ORIGIN, ssoService } from "../../support/sso.ts";

let provider: TestSamlProvider;
const sso = ssoService();
beforeAll(async () => {
  provider = await startSamlProvider(sso.deps.audience, poolAcs());
});
afterAll(() => provider.stop());

const stored = (owner: Company, id: string) => sso.deps.table.of(owner.organization_id).get(connectionItem, { id });

async function connect(owner: Company, settings: object = {}, given: object = { metadata: provider.metadata }) {
  const body = { name: "Directory", provider: { kind: "saml", ...given }, ...settings };
  return sso.call("POST", "/sso/connections", body, owner.token);
}

/** A company whose domain is proved, with its provider connected. */
async function company(settings: object = {}) {
  const owner = await registerCompany();
  const domain = `${unique("acme")}.example`;
  await sso.prove(owner, domain);
  const made = await connect(owner, settings);
  expect(made.status, made.text).toBe(201);
  return { owner, domain, connection: made.body, connection_id: made.body.id as string };
}

/** Somebody of the directory, who now sits before the browser. */
function employee(domain: string, more: Record<string, string> = {}) {
  const name_id = unique("subject");
  const attributes: Record<string, string> = { email: `${unique("ada")}@${domain}`, name: "Ada", ...more };
  provider.signsIn({ name_id, attributes });
  return { name_id, ...attributes } as { name_id: string; email: string };
}

const roleOf = async (token: string) => (await call("GET", "/auth/me", { token })).body.role;

describe("a SAML connection", () => {
  it("says every value to enter at the provider, and what the provider has said", async () => {
    const { owner, connection } = await company();
    const { UserPool } = await pool().pool();
    expect(connection).toMatchObject({
      redirect_url: poolAcs(),
      email_trust: "provider",
      attributes: { email: "email", email_verified: null, name: "name", groups: "groups" },
      provider: {
        audience: `urn:amazon:cognito:sp:${UserPool?.Id}`,
        name_id_format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        metadata_url: null,
        entity_id: expect.stringMatching(/\/saml$/),
        certificates: [{ not_after: connection.provider.certificates_expire_at }],
      },
    });
    expect(JSON.stringify(connection)).not.toContain("MII");
    const { audience, name_id_format } = connection.provider;
    const { body } = await sso.call("GET", "/sso/service-provider", undefined, owner.token);
    expect(body).toEqual({
      oidc: { redirect_url: poolAcs().replace("saml2", "oauth2") },
      saml: { redirect_url: connection.redirect_url, audience, name_id_format },
    });
  });

  it("makes the pool answer to its own requests only, which it signs, by the metadata that was judged", async () => {
    const { owner, connection_id } = await company({ preset: "microsoft_entra" });
    const connection = await stored(owner, connection_id);
    const { IdentityProvider } = await pool().provider(connection?.provider_name ?? "");
    const claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims";
    expect(IdentityProvider).toMatchObject({
      ProviderType: "SAML",
      AttributeMapping: { "custom:email": `${claims}/emailaddress` },
      ProviderDetails: {
        IDPInit: "false",
        IDPSignout: "false",
        EncryptedResponses: "false",
        RequestSigningAlgorithm: "rsa-sha256",
      },
    });
    expect(IdentityProvider?.AttributeMapping).not.toHaveProperty("custom:email_verified");
    const given = IdentityProvider?.ProviderDetails?.MetadataFile ?? "";
    expect(given).toContain(connection?.saml?.certificates[0]?.der);
    // Ours, not the one that was sent.
    expect(given).not.toContain("NameIDFormat");
    expect(IdentityProvider?.ProviderDetails).not.toHaveProperty("MetadataURL");
  });

  it("is read from an address too, and changed as a whole", async () => {
    const owner = await registerCompany();
    const made = await connect(owner, {}, { metadata_url: provider.metadata_url });
    expect(made.status, made.text).toBe(201);
    expect(made.body.provider).toMatchObject({ metadata_url: provider.metadata_url });
    const path = `/sso/connections/${made.body.id}`;
    const { text } = await newCertificate();
    const metadata = samlMetadata([text], { entity_id: "urn:another" });
    const change = () => sso.call("PATCH", path, { provider: { kind: "saml", metadata } }, owner.token);
    const active = await change();
    expect([active.status, active.body.state]).toEqual([409, "active"]);
    expect((await sso.call("PATCH", path, { status: "inactive" }, owner.token)).status).toBe(200);
    const changed = await change();
    expect(changed.body.provider).toMatchObject({ entity_id: "urn:another", metadata_url: null });
    const { provider_name = "" } = (await stored(owner, made.body.id)) ?? {};
    const { IdentityProvider } = await pool().provider(provider_name);
    expect(IdentityProvider?.ProviderDetails?.MetadataFile).toContain(text);
    const told = await owner.call("GET", "/audit/logs?action=sso.connection_updated&limit=1");
    const changes: { field: string; new?: string }[] = told.body.items[0].changes;
    expect(changes).toContainEqual({
      field: "provider.entity_id",
      old: made.body.provider.entity_id,
      new: "urn:another",
    });
    const { fingerprint } = changed.body.provider.certificates[0];
    expect(fingerprint.startsWith(changes.find(({ field }) => field === "provider.certificates")?.new)).toBe(true);
    const attributes = await sso.call("PATCH", path, { attributes: { groups: "memberOf" } }, owner.token);
    expect(attributes.body.attributes).toEqual({
      email: "email",
      email_verified: null,
      name: "name",
      groups: "memberOf",
    });
  });

  it("is refused where something cannot be right, before anything is written", async () => {
    const owner = await registerCompany();
    const { metadata } = provider;
    const old = samlMetadata([(await newCertificate(-100, -1)).text]);
    const refused = async (given: object, settings: object = {}) => {
      const { status, body } = await connect(owner, settings, given);
      return [status, body.code, body.issues?.[0]?.path];
    };
    expect(await refused({})).toEqual([422, "validation_failed", "provider"]);
    expect(await refused({ metadata, metadata_url: provider.metadata_url })).toEqual([
      422,
      "validation_failed",
      "provider",
    ]);
    expect(await refused({ metadata: old })).toEqual([422, "validation_failed", "provider.metadata"]);
    expect(await refused({ metadata_url: "http://169.254.169.254/" })).toEqual([
      422,
      "unsafe_url",
      "provider.metadata_url",
    ]);
    expect(await refused({ metadata_url: `${provider.metadata_url}x` })).toEqual([
      422,
      "validation_failed",
      "provider.metadata_url",
    ]);
    expect(await refused({ metadata }, { email_trust: "claim" })).toEqual([422, "validation_failed", "email_trust"]);
    expect(await refused({ metadata }, { attributes: { email_verified: "v" } })).toEqual([
      422,
      "validation_failed",
      "attributes.email_verified",
    ]);
    expect((await sso.call("GET", "/sso/connections", undefined, owner.token)).body.items).toEqual([]);
  });

  it("stays of its kind", async () => {
    const { owner, connection_id } = await company();
    const oidc = { kind: "oidc", issuer: "https://login.example.com", client_id: "a", client_secret: "b" };
    const path = `/sso/connections/${connection_id}`;
    const answer = await sso.call("PATCH", path, { provider: oidc }, owner.token);
    expect([answer.status, answer.body.issues?.[0]?.path]).toEqual([422, "provider.kind"]);
    const trust = await sso.call("PATCH", path, { email_trust: "claim" }, owner.token);
    expect([trust.status, trust.body.issues?.[0]?.path]).toEqual([422, "email_trust"]);
  });
});

describe("signing in through a SAML provider", () => {
  it("knows somebody again by their NameID, and makes a member of them by the rules for their groups", async () => {
    const group_rules = [{ group: "R&D, Berlin", role: "developer" }];
    const { domain, connection_id } = await company({ provisioning: true, group_rules });
    const one = employee(domain, { groups: "[Sales, R%26D%2C+Berlin]" });
    const first = await sso.signIn({ connection_id });
    expect(first.answer?.status, first.answer?.text).toBe(200);
    expect(await roleOf(first.answer?.body.tokens.access_token)).toBe("developer");
    expect(first.answer?.body.user).toMatchObject({ email: one.email, name: "Ada", has_password: false });
    provider.signsIn({ name_id: one.name_id, attributes: { email: `${unique("new")}@${domain}`, groups: "Sales" } });
    const again = await sso.signIn({ connection_id });
    expect(again.answer?.body.user.id).toBe(first.answer?.body.user.id);
    expect(await roleOf(again.answer?.body.tokens.access_token)).toBe("viewer");
  });

  it("lets nobody in by an address of a domain that the organization has not proved", async () => {
    const { connection_id } = await company({ provisioning: true });
    employee("elsewhere.example", { email_verified: "true" });
    expect((await sso.signIn({ connection_id })).reason).toBe("domain_not_proved");
    const other = await company();
    employee(other.domain);
    expect((await sso.signIn({ connection_id })).reason).toBe("domain_not_proved");
  });

  it("opens no account of another company's by its address", async () => {
    const victim = await registerCompany();
    const { connection_id } = await company({ provisioning: true });
    employee("x.example", { email: victim.email });
    expect((await sso.signIn({ connection_id })).reason).toBe("domain_not_proved");
  });

  it("lets nobody in who has no address, or several", async () => {
    const { domain, connection_id } = await company({ provisioning: true });
    provider.signsIn({ name_id: unique("subject"), attributes: { name: "Ada" } });
    expect((await sso.signIn({ connection_id })).reason).toBe("no_email");
    employee(domain, { email: `[a@${domain}, b@${domain}]` });
    expect((await sso.signIn({ connection_id })).reason).toBe("no_email");
    // A NameID that looks like one is none.
    provider.signsIn({ name_id: `ada@${domain}`, attributes: { name: "Ada" } });
    expect((await sso.signIn({ connection_id })).reason).toBe("no_email");
  });

  it("takes no answer that was not asked for", async () => {
    const { domain, connection_id } = await company({ provisioning: true });
    employee(domain);
    const { url } = sso.begin({ connection_id });
    const browser = sso.browser();
    const end = await browser.follow(url, `${ORIGIN}/api/v1/sso/callback`);
    // The same answer in another browser finishes nothing.
    expect(await sso.browser().follow(end, "https://console.example.com")).toMatch(/refused\/expired$/);
    expect(provider.requests.at(-1)?.searchParams.get("SAMLRequest")).toBeTruthy();
  });
});
