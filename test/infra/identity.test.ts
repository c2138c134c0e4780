import { describe, expect, it } from "vitest";
import { synthesize } from "./support.ts";

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
    expect(stack.of("AWS::Cognito::UserPoolDomain")).toEqual([]);
    expect(properties.ExplicitAuthFlows).toEqual(["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]);
    expect(properties.EnableTokenRevocation).toBe(true);
    expect(properties.PreventUserExistenceErrors).toBe("ENABLED");
    // An empty list, as no list, would mean all standard attributes.
    expect(properties.WriteAttributes).toEqual(["custom:nothing"]);
    const { Schema } = stack.only("AWS::Cognito::UserPool").properties;
    expect(Schema).toEqual([expect.objectContaining({ Name: "nothing", Mutable: false })]);
  });

  it.each(stages)("meets a pool in which nobody makes an account by himself, in the stage %s", (stage) => {
    const { properties } = synthesize(stage).only("AWS::Cognito::UserPool");
    expect(properties.AdminCreateUserConfig.AllowAdminCreateUserOnly).toBe(true);
    expect(properties.AccountRecoverySetting.RecoveryMechanisms).toEqual([{ Name: "admin_only", Priority: 1 }]);
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
