import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { contextSettings, readContext } from "../../infra/context.ts";
import { deploymentContext, synthesize } from "./support.ts";

/** Runs the app as the CDK's command line does. */
const run = (context: Readonly<Record<string, unknown>>) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["infra/app.ts"], {
    env: { ...process.env, CDK_CONTEXT_JSON: JSON.stringify(context) },
    encoding: "utf8",
  });
  return { status, said: `${stdout}${stderr}` };
};

describe("a deployment that does not say enough", () => {
  it.each(["development", "staging", "production"])(
    "in the stage %s is told so in one sentence, before anything is built",
    (stage) => {
      const alarms = stage === "production" ? " and who is told of alarms (-c alarm_email=…)" : "";
      expect(run({ stage })).toEqual({
        status: 1,
        said: `the stage ${stage} has to know who sends mail (-c mail_from=…) and where links in mails lead (-c app_url=…)${alarms}\n`,
      });
    },
  );

  it("names each that is missing, and only those", () => {
    const without = (name: string) => () => synthesize("production", { context: { [name]: undefined } });
    expect(without("mail_from")).toThrow(/^the stage production has to know who sends mail \(-c mail_from=…\)$/);
    expect(without("app_url")).toThrow(/^the stage production has to know where links in mails lead \(-c app_url=…\)$/);
  });
});

describe("a setting", () => {
  const ours = { ...deploymentContext, stage: "production" };

  it("that nobody declares is refused by name; what the CDK puts there itself is not", () => {
    expect(() => readContext({ ...ours, mail_form: "a@example.com" })).toThrow(
      "there is no setting mail_form (docs/settings.md lists them)",
    );
    const theirs = { "@aws-cdk/core:x": true, "aws:cdk:y": [], "availability-zones:account=0:region=z": ["a"] };
    expect(readContext({ ...ours, ...theirs })).toEqual(readContext(ours));
  });

  it.each([
    ["stage", "prod", "use local, development, staging or production"],
    ["mail_from", "studio", "use an address such as studio@example.com"],
    ["app_url", "console", "use an address such as https://console.example.com"],
    ["alarm_email", "me", "use an address such as operations@example.com"],
    ["domain_name", "https://a.example", "use a name such as studio.example.com"],
    ["web_acl_arn", "studio", "use the ARN of a web ACL of scope CLOUDFRONT"],
    ["customer_managed_key", "yes", "use true, or the ARN of a key of KMS, not of an alias"],
    ["firewall", "on", "use true or false"],
    ["sign_in_place", "city", "use true or false"],
    ["api_rate", "fast", "use a whole number from 1 to 99999"],
    ["reserve_concurrency", "no", "use true or false"],
    ["registration", "off", "use open or closed"],
  ])("%s with the value %s says what to use", (name, value, advice) => {
    expect(() => readContext({ ...ours, [name]: value })).toThrow(`${name} is "${value}": ${advice}`);
  });

  it("is false for the place of a sign-in, unless the deployment wants it", () => {
    expect(readContext(ours).sign_in_place).toBe(false);
    expect(readContext({ ...ours, sign_in_place: true }).sign_in_place).toBe(true);
  });

  it("of cdk.json may be a number or true or false", () => {
    const read = readContext({ ...ours, api_rate: 300, reserve_concurrency: false });
    expect([read.api_rate, read.reserve_concurrency]).toEqual([300, false]);
  });

  it("says what it is for", () => {
    for (const [name, { description }] of Object.entries(contextSettings.shape))
      expect(description, name).toMatch(/\.$/);
  });

  it("plain http is for a laptop's page only", () => {
    expect(() => synthesize("staging", { context: { app_url: "http://kaizen.example.com" } })).toThrow("needs https");
  });
});

describe("requests a second", () => {
  const rateOf = (stage: "local" | "development" | "staging" | "production", context = {}) => {
    const settings = synthesize(stage, { context }).only("AWS::ApiGatewayV2::Stage").properties.DefaultRouteSettings;
    return [settings?.ThrottlingRateLimit, settings?.ThrottlingBurstLimit];
  };

  it("are bounded at the gateway, by stage or as the deployment says", () => {
    expect(rateOf("development")).toEqual([100, 200]);
    expect(rateOf("staging")).toEqual([500, 1_000]);
    expect(rateOf("production")).toEqual([2_000, 4_000]);
    expect(rateOf("production", { api_rate: "50" })).toEqual([50, 100]);
    expect(rateOf("local")).toEqual([undefined, undefined]);
  });
});
