import { describe, expect, it } from "vitest";
import { roleStatements, synthesize } from "./support.ts";

const stages = ["local", "production"] as const;

describe("the user pool", () => {
  it.each(stages)("keeps names as they are written, in the stage %s", (stage) => {
    const pool = synthesize(stage).only("AWS::Cognito::UserPool");
    expect(pool.properties.UsernameConfiguration).toEqual({ CaseSensitive: true });
  });

  it.each(stages)("asks before each token with the event that sees access tokens, in the stage %s", (stage) => {
    const { properties } = synthesize(stage).only("AWS::Cognito::UserPool");
    expect(properties.LambdaConfig.PreTokenGenerationConfig.LambdaVersion).toBe("V2_0");
    expect(properties.LambdaConfig.PreTokenGeneration).toBeUndefined();
    expect(["ESSENTIALS", "PLUS"]).toContain(properties.UserPoolTier);
  });
});

describe("the app client", () => {
  it.each(stages)("knows one way in, through us, and can change nothing of an account, in the stage %s", (stage) => {
    const stack = synthesize(stage);
    const { properties } = stack.only("AWS::Cognito::UserPoolClient");
    // No OAuth flow: neither pages nor the token endpoint of the pool work with this client.
    expect(properties.AllowedOAuthFlowsUserPoolClient).toBe(false);
    for (const name of ["AllowedOAuthFlows", "AllowedOAuthScopes", "CallbackURLs"])
      expect(properties[name]).toBeUndefined();
    expect(properties.ExplicitAuthFlows).toEqual(["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]);
    expect(properties.EnableTokenRevocation).toBe(true);
    expect(properties.PreventUserExistenceErrors).toBe("ENABLED");
    // An empty list, as no list, would mean all standard attributes.
    expect(properties.WriteAttributes).toEqual(["custom:nothing"]);
    const { Schema } = stack.only("AWS::Cognito::UserPool").properties;
    // What a sign-in provider says is written anew at each sign-in, and no client of ours may write it.
    const attributes = Schema.map(({ Name, Mutable }: { Name: string; Mutable: boolean }) => [Name, Mutable]);
    expect(attributes.sort()).toEqual([
      ["email", true],
      ["email_proof", true],
      ["email_verified", true],
      ["groups", true],
      ["nothing", false],
    ]);
  });

  it.each(stages)("meets a pool in which nobody makes an account by himself, in the stage %s", (stage) => {
    const { properties } = synthesize(stage).only("AWS::Cognito::UserPool");
    expect(properties.AdminCreateUserConfig.AllowAdminCreateUserOnly).toBe(true);
    expect(properties.AccountRecoverySetting.RecoveryMechanisms).toEqual([{ Name: "admin_only", Priority: 1 }]);
  });
});

describe("sign-in through companies' providers", () => {
  const production = synthesize("production");
  const actionsOf = (name: string) => {
    const role = production.target(production.functionOf("sso", name).properties.Role).id;
    return roleStatements(production)
      .filter((one) => one.role === role)
      .flatMap(({ statement }) => statement.actions.filter((action) => action.startsWith("cognito-idp:")))
      .sort();
  };

  it("goes through a domain of the pool, whose name no other account can have taken", () => {
    const { properties } = production.only("AWS::Cognito::UserPoolDomain");
    expect(JSON.stringify(properties.Domain)).toContain("AWS::StackId");
    expect(synthesize("local").of("AWS::Cognito::UserPoolDomain")).toEqual([]);
    for (const name of ["api", "sign_in"])
      expect(production.functionOf("sso", name).properties.Environment.Variables.POOL_URL).toBeDefined();
  });

  it("is set up by functions that open no session, and used by one that changes nothing at the pool", () => {
    const manages = [
      "cognito-idp:CreateIdentityProvider",
      "cognito-idp:CreateUserPoolClient",
      "cognito-idp:DeleteIdentityProvider",
      "cognito-idp:DeleteUserPoolClient",
      "cognito-idp:ListUserPoolClients",
      "cognito-idp:UpdateIdentityProvider",
    ];
    expect(actionsOf("api")).toEqual(manages);
    expect(actionsOf("repair")).toEqual(manages);
    expect(actionsOf("metadata")).toEqual(manages);
    expect(actionsOf("sign_in")).toEqual([]);
  });
});

describe("sign-in with Google and Microsoft", () => {
  const google = { google_client_id: "1234-abcd.apps.googleusercontent.com", google_client_secret: "kaizen/google" };
  const microsoft = {
    microsoft_client_id: "11111111-2222-3333-4444-555555555555",
    microsoft_client_secret: "arn:aws:secretsmanager:us-east-1:000000000000:secret:kaizen/microsoft-a1b2c3",
    microsoft_tenant: "AAAAAAAA-bbbb-cccc-dddd-eeeeeeeeeeee",
  };
  const domain = {
    domain_name: "studio.example.com",
    certificate_arn: "arn:aws:acm:us-east-1:000000000000:certificate/c",
  };
  const made = (context: Record<string, string>) => synthesize("production", { context: { ...domain, ...context } });
  const clientsOf = (stack: ReturnType<typeof made>) =>
    stack
      .of("AWS::Cognito::UserPoolClient")
      .filter(({ properties }) => properties.ClientName !== undefined)
      .map(({ properties }) => properties);
  const settingsOf = (stack: ReturnType<typeof made>, name: string) =>
    Object.keys(stack.functionOf("sso", name).properties.Environment.Variables).filter((one) => /_CLIENT$/.test(one));

  it("is nowhere where the operator has not set it up", () => {
    const stack = made({});
    expect(stack.of("AWS::Cognito::UserPoolIdentityProvider")).toEqual([]);
    expect(clientsOf(stack)).toEqual([]);
    for (const name of ["sign_in", "members"]) expect(settingsOf(stack, name)).toEqual([]);
  });

  it("is a provider of the pool for each, with the claims that show whose an address is, and no secret in the template", () => {
    const stack = made({ ...google, ...microsoft });
    const providers = stack.of("AWS::Cognito::UserPoolIdentityProvider").map(({ properties }) => properties);
    const shared = { ProviderType: "OIDC", UserPoolId: expect.anything() };
    const details = { authorize_scopes: "openid email profile", attributes_request_method: "GET" };
    expect(providers).toEqual([
      {
        ...shared,
        ProviderName: "platform-google",
        ProviderDetails: {
          ...details,
          oidc_issuer: "https://accounts.google.com",
          client_id: google.google_client_id,
          client_secret: "{{resolve:secretsmanager:kaizen/google:SecretString:::}}",
        },
        AttributeMapping: {
          username: "sub",
          name: "name",
          "custom:email": "email",
          "custom:email_verified": "email_verified",
          "custom:email_proof": "hd",
        },
      },
      {
        ...shared,
        ProviderName: "platform-microsoft",
        ProviderDetails: {
          ...details,
          oidc_issuer: "https://login.microsoftonline.com/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee/v2.0",
          client_id: microsoft.microsoft_client_id,
          client_secret: `{{resolve:secretsmanager:${microsoft.microsoft_client_secret}:SecretString:::}}`,
        },
        AttributeMapping: {
          username: "sub",
          name: "name",
          "custom:email": "email",
          "custom:email_proof": "xms_edov",
        },
      },
    ]);
  });

  it("takes no address as shown by Microsoft's personal accounts, which anybody opens with the address of a company", () => {
    const stack = made({ ...microsoft, microsoft_tenant: "9188040d-6c67-4c5b-b112-36a304b66dad" });
    const [provider] = stack.of("AWS::Cognito::UserPoolIdentityProvider");
    expect(provider?.properties.AttributeMapping).toEqual({ username: "sub", name: "name", "custom:email": "email" });
  });

  it("has a client for each that allows it and nothing else; the one for passwords stays as it is", () => {
    const stack = made({ ...google, ...microsoft });
    const clients = clientsOf(stack);
    expect(clients.map(({ SupportedIdentityProviders }) => SupportedIdentityProviders)).toEqual([
      ["platform-google"],
      ["platform-microsoft"],
    ]);
    for (const client of clients) {
      expect(client).toMatchObject({
        AllowedOAuthFlows: ["code"],
        AllowedOAuthScopes: ["openid"],
        CallbackURLs: ["https://studio.example.com/api/v1/sso/callback"],
        GenerateSecret: false,
        ExplicitAuthFlows: ["ALLOW_REFRESH_TOKEN_AUTH"],
        EnableTokenRevocation: true,
      });
      // A mapped attribute that the client may not write fails the sign-in.
      expect(client.WriteAttributes).toEqual(
        expect.arrayContaining(["custom:email", "custom:email_verified", "custom:email_proof", "name"]),
      );
    }
    const api = stack.of("AWS::Cognito::UserPoolClient").find(({ properties }) => properties.ClientName === undefined);
    expect(api?.properties.SupportedIdentityProviders).toEqual(["COGNITO"]);
    expect(api?.properties.AllowedOAuthFlowsUserPoolClient).toBe(false);
    for (const name of ["sign_in", "members"])
      expect(settingsOf(stack, name).sort()).toEqual(["GOOGLE_CLIENT", "MICROSOFT_CLIENT"]);
    const { Variables } = stack.functionOf("sso", "members").properties.Environment;
    expect(Variables.MICROSOFT_REGISTRATION).toBe(
      `${microsoft.microsoft_client_id} https://login.microsoftonline.com/${microsoft.microsoft_tenant.toLowerCase()}/v2.0`,
    );
    expect(settingsOf(stack, "api")).toEqual([]);
  });

  it("is one of the two where one is set up", () => {
    const stack = made(google);
    expect(clientsOf(stack).map(({ ClientName }) => ClientName)).toEqual(["platform-google"]);
    expect(settingsOf(stack, "sign_in")).toEqual(["GOOGLE_CLIENT"]);
  });

  it("on a laptop has clients and no providers: the local AWS takes none from a template", () => {
    const stack = synthesize("local", { context: google });
    expect(stack.of("AWS::Cognito::UserPoolIdentityProvider")).toEqual([]);
    expect(clientsOf(stack)).toHaveLength(1);
  });

  it.each<[string, Record<string, string>, string]>([
    ["an id without a secret", { google_client_id: "a" }, "sign-in with Google also needs -c google_client_secret=…"],
    ["a secret without an id", { google_client_secret: "a" }, "sign-in with Google also needs -c google_client_id=…"],
    [
      "no tenant",
      { microsoft_client_id: "a", microsoft_client_secret: "b" },
      "sign-in with Microsoft also needs -c microsoft_tenant=…",
    ],
    ["a tenant that is everybody's", { ...microsoft, microsoft_tenant: "common" }, "use the tenant's id"],
    ["a tenant that is all companies'", { ...microsoft, microsoft_tenant: "organizations" }, "use the tenant's id"],
    ["Google's secret itself", { ...google, google_client_secret: "GOCSPX-abc" }, "never the client's secret itself"],
    ["Microsoft's secret itself", { ...microsoft, microsoft_client_secret: "a~b" }, "never the client's secret itself"],
  ])("is refused before anything is built with %s", (_what, context, sentence) => {
    expect(() => made(context)).toThrow(sentence);
  });

  it("needs a domain of the deployment's own: the pool has to know where people come back to", () => {
    expect(() => synthesize("production", { context: google })).toThrow("needs a domain of the deployment's own");
  });
});

describe("registration", () => {
  const policy = (context: Record<string, string>) => {
    const { Variables } = synthesize("production", { context }).functionOf("auth", "api").properties.Environment;
    return [Variables.REGISTRATION, Variables.REGISTRATION_DOMAINS, Variables.ORIGIN_FACTOR];
  };

  it("is open, closed, or open to some domains, as the deployment says; addresses count singly where it is deployed", () => {
    expect(policy({})).toEqual(["open", "", "1"]);
    expect(policy({ registration: "closed" })).toEqual(["closed", "", "1"]);
    expect(policy({ registration_domains: "Example.com, example.org" })).toEqual([
      "open",
      "example.com,example.org",
      "1",
    ]);
    expect(() => policy({ registration: "off" })).toThrow("use open or closed");
  });
});
