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
