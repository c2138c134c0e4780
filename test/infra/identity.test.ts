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
