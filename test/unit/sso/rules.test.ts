import { describe, expect, it } from "vitest";
import { usualAttributes } from "../../../functions/sso/connections/rules/attributes.ts";
import { discoveryProblem, issuerIssues } from "../../../functions/sso/connections/rules/issuer.ts";
import { settingsIssues } from "../../../functions/sso/connections/rules/settings.ts";
import { toldOf } from "../../../functions/sso/connections/rules/told.ts";
import { cookieFor, noCookie, nonceOf, secretIn, verifierOf } from "../../../functions/sso/flow/rules/browser.ts";
import { groupsOf, profileOf } from "../../../functions/sso/flow/rules/profile.ts";
import { isTrusted, withParameters } from "../../../functions/sso/flow/rules/redirects.ts";
import { mailDomainSchema, type OidcProvider, providerName } from "../../../functions/sso/model.ts";
import type { SamlProvider } from "../../../functions/sso/saml/model.ts";

describe("the name of a provider at the pool", () => {
  it("is bound to organization and connection, and is one that Cognito takes", () => {
    const name = providerName("org_1", "sso_1");
    expect(name).toMatch(/^[a-z\d]{3,32}$/);
    expect(new Set([name, providerName("org_2", "sso_1"), providerName("org_1", "sso_2")]).size).toBe(3);
  });
});

describe("where a code is sent", () => {
  const origins = ["https://console.example.com", "http://127.0.0.1:8787"];
  it.each([
    ["https://console.example.com/signed-in", true],
    ["https://console.example.com/a?b=c", true],
    ["http://127.0.0.1:8787/", true],
    ["https://console.example.com.evil.example/", false],
    ["https://evil.example/https://console.example.com", false],
    ["https://console.example.com@evil.example/", false],
    ["https://somebody@console.example.com/", false],
    ["https://console.example.com/#token", false],
    ["https://evil.example\\@console.example.com/", false],
    ["https:\\\\console.example.com/", false],
    ["http://console.example.com/", false],
    ["https://console.example.com:8443/", false],
    ["//console.example.com/", false],
    ["javascript:alert(1)", false],
    ["", false],
  ])("%j: %s", (address, trusted) => {
    expect(isTrusted(address, origins)).toBe(trusted);
  });

  it("keeps what the address has of its own, and the app's state as it was", () => {
    const address = withParameters("https://a.example/b?c=d", { code: "x.y", state: "a&b=c #" });
    expect(Object.fromEntries(new URL(address).searchParams)).toEqual({ c: "d", code: "x.y", state: "a&b=c #" });
  });
});

describe("the browser's secret", () => {
  const secret = "s".repeat(43);
  it("is read back by its own sign-in only", () => {
    const [pair = ""] = cookieFor("ssn_1", secret, 600).split(";");
    expect(secretIn(`a=b; ${pair}; c=d`, "ssn_1")).toBe(secret);
    expect(secretIn(pair, "ssn_2")).toBeUndefined();
    expect(secretIn(noCookie("ssn_1").split(";")[0] ?? "", "ssn_1")).toBeUndefined();
  });

  it("is kept from scripts, other sites' posts and other paths", () => {
    const cookie = cookieFor("ssn_1", secret, 600);
    for (const part of ["__Host-", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"])
      expect(cookie).toContain(part);
  });

  it("gives a nonce and a verifier that tell nothing of each other", () => {
    expect(nonceOf(secret)).not.toBe(verifierOf(secret));
    expect(verifierOf(secret)).toMatch(/^[\w-]{43}$/);
  });
});

describe("the person in the pool's id token", () => {
  const claims = {
    sub: "pool-sub",
    "cognito:username": "kabc_subject_1",
    "custom:email": " Ada@Acme.example ",
    "custom:email_verified": "true",
    "custom:groups": '["Engineering"]',
    name: "Ada",
  };
  it("is who the connection's own provider says", () => {
    expect(profileOf(claims, "kabc", "oidc")).toEqual({
      subject: "subject_1",
      sub: "pool-sub",
      email: "ada@acme.example",
      email_verified: true,
      name: "Ada",
      groups: ["Engineering"],
    });
  });
  it.each([
    ["another provider's", { "cognito:username": "kother_subject" }],
    ["one whose name only begins alike", { "cognito:username": "kabcd_subject" }],
    ["the pool's own", { "cognito:username": "usr_01" }],
    ["one without a subject", { "cognito:username": "kabc_" }],
  ])("is nobody for a token of %s", (_, other) => {
    expect(profileOf({ ...claims, ...other }, "kabc", "oidc")).toBeUndefined();
  });
  it("has an address as everywhere it is taken, so that one person has one account", () => {
    const email = (said: unknown) => profileOf({ ...claims, "custom:email": said }, "kabc", "oidc")?.email;
    expect(email("Ada@BÜCHER.example")).toBe("ada@xn--bcher-kva.example");
    for (const said of ["ada@acme.example/x", "ada@acme.example?x", "a@b@acme.example", `${"a".repeat(250)}@b.de`, 7])
      expect(email(said), String(said)).toBeNull();
  });
  it("has no address where the provider says none, and none that is verified where it does not say so", () => {
    const none = profileOf({ ...claims, "custom:email": "ada", "custom:email_verified": undefined }, "kabc", "oidc");
    expect(none).toMatchObject({ email: null, email_verified: false });
    // What the pool itself says of its own attributes is no word of the provider's.
    const own = {
      ...claims,
      "custom:email": undefined,
      "custom:email_verified": "yes",
      email: "a@b.example",
      email_verified: true,
    };
    expect(profileOf(own, "kabc", "oidc")).toMatchObject({ email: null, email_verified: false });
  });
  it.each([
    [undefined, "oidc", null],
    ["[]", "oidc", []],
    ["Engineering", "oidc", ["Engineering"]],
    ["a,b", "oidc", ["a,b"]],
    ['["a,b","c"]', "oidc", ["a,b", "c"]],
    ["[a, C++]", "oidc", ["a", "C++"]],
    ["[a%2Cb, c+d]", "saml", ["a,b", "c d"]],
    ["[100%, b]", "saml", ["100%", "b"]],
  ] as const)("is in the groups of %j by %s", (value, kind, groups) => {
    expect(groupsOf(value, kind)).toEqual(groups);
  });
});

describe("an issuer", () => {
  const tenant = "https://login.microsoftonline.com/00000000-0000-4000-8000-000000000000/v2.0";
  it.each([
    ["microsoft_entra", tenant, true],
    ["microsoft_entra", "https://login.microsoftonline.com/common/v2.0", false],
    ["microsoft_entra", "https://login.microsoftonline.com/organizations/v2.0", false],
    ["custom", "https://login.microsoftonline.com/common/v2.0", false],
    ["custom", "https://login.acme.example", true],
    ["google", "https://accounts.google.com", true],
    ["google", "https://accounts.google.com.evil.example", false],
    ["okta", "https://acme.okta.com", true],
    ["okta", "https://acme.okta.com/oauth2/default", true],
    ["okta", "https://okta.com.evil.example", false],
    ["auth0", "https://acme.eu.auth0.com/", true],
    ["auth0", "https://evil.example/auth0.com", false],
  ] as const)("of %s: %s is taken: %s", (preset, issuer, taken) => {
    expect(issuerIssues(preset, issuer).length === 0).toBe(taken);
  });

  it.each([
    ["all that is needed", {}, undefined],
    ["another issuer", { issuer: "https://evil.example" }, "names another issuer"],
    ["no issuer", { issuer: undefined }, "names another issuer"],
    ["no keys", { jwks_uri: undefined }, "does not say its jwks_uri"],
  ])("is judged by a document with %s", (_, change, problem) => {
    const document = {
      issuer: "https://login.acme.example/",
      authorization_endpoint: "https://login.acme.example/authorize",
      token_endpoint: "https://login.acme.example/token",
      jwks_uri: "https://login.acme.example/keys",
      ...change,
    };
    expect(discoveryProblem(document, "https://login.acme.example")).toBe(problem);
  });
});

describe("a mail domain", () => {
  it.each(["example.com", "a-b.example.co.uk", "xn--mnchen-3ya.example"])("%s is one", (domain) => {
    expect(mailDomainSchema.parse(` ${domain.toUpperCase()} `)).toBe(domain);
  });
  it.each(["example", "*.example.com", "-a.example", "a@example.com", "a..b", "1.2.3.4", ""])(
    "%j is none",
    (domain) => {
      expect(mailDomainSchema.safeParse(domain).success).toBe(false);
    },
  );
});

describe("a connection's settings", () => {
  const saml: SamlProvider = {
    kind: "saml",
    entity_id: "urn:acme",
    sign_in_url: "https://login.acme.example",
    metadata_url: null,
    metadata_read_at: "2026-01-01T00:00:00.000Z",
    metadata_problem: null,
    certificates: ["a", "b"].map((one) => ({ fingerprint: one.repeat(64), not_before: "", not_after: "" })),
    certificates_expire_at: "",
    audience: "urn:amazon:cognito:sp:pool",
    name_id_format: "",
  };
  const oidc: OidcProvider = {
    kind: "oidc",
    issuer: "https://accounts.google.com",
    client_id: "a",
    scopes: ["openid"],
  };
  const paths = (settings: Parameters<typeof settingsIssues>[0]) => settingsIssues(settings).map(({ path }) => path);

  it("trust all that a company's provider says of its own domains, but no provider where anybody has an account", () => {
    const google = { preset: "google", email_trust: "provider" } as const;
    expect(paths({ ...google, provider: oidc, attributes: usualAttributes("oidc", "google") })).toEqual([
      "email_trust",
    ]);
    const unnamed = { ...google, preset: "custom", provider: oidc } as const;
    expect(paths({ ...unnamed, attributes: usualAttributes("oidc", "custom") })).toEqual(["email_trust"]);
    expect(paths({ ...google, provider: saml, attributes: usualAttributes("saml", "google") })).toEqual([]);
  });

  it("name a claim for what is verified, where the protocol has one", () => {
    const custom = { preset: "custom", email_trust: "provider" } as const;
    const provider = { ...oidc, issuer: "https://login.acme.example" };
    expect(paths({ ...custom, provider, attributes: usualAttributes("saml", "custom") })).toEqual([
      "attributes.email_verified",
    ]);
    expect(paths({ ...custom, provider: saml, attributes: usualAttributes("oidc", "custom") })).toEqual([
      "attributes.email_verified",
    ]);
  });

  it.each([
    ["microsoft_entra", "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"],
    ["okta", "groups"],
    ["google", "groups"],
    ["auth0", "http://schemas.auth0.com/groups"],
    ["custom", "groups"],
  ] as const)("have the usual names of %s for SAML", (preset, groups) => {
    expect(usualAttributes("saml", preset)).toMatchObject({ groups, email_verified: null });
  });

  it("are told of by field, certificates by fingerprint, and not when only the time of reading has changed", () => {
    const one = toldOf(saml);
    expect(one["provider.certificates"]).toBe("aaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbb");
    const later = { metadata_read_at: "2026-02-01T00:00:00.000Z", metadata_problem: "answered 500" };
    expect(toldOf({ ...saml, ...later })).toEqual(one);
  });
});
