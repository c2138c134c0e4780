import { describe, expect, it } from "vitest";
import { type Synthesized, synthesize } from "./support.ts";

const here = synthesize("production", { context: { firewall: "true" } });
const away = synthesize("production", { context: { firewall: "true" }, region: "eu-central-1" });
const everywhere = [
  ["us-east-1", here],
  ["eu-central-1", away],
] as const;

// biome-ignore lint/suspicious/noExplicitAny: rules of a template
const rules = (stack: Synthesized): any[] => stack.only("AWS::WAFv2::WebACL").properties.Rules;
const managed = (stack: Synthesized, name: string) => {
  const found = rules(stack).find(
    ({ Statement }) => Statement.ManagedRuleGroupStatement?.Name === `AWSManagedRules${name}`,
  );
  if (found === undefined) throw new Error(`the firewall has no rules called ${name}`);
  return found;
};
const counted = (stack: Synthesized, name: string): string[] =>
  managed(stack, name).Statement.ManagedRuleGroupStatement.RuleActionOverrides.map(
    ({ Name, ActionToUse }: { Name: string; ActionToUse: object }) => {
      expect(ActionToUse, Name).toEqual({ Count: {} });
      return Name;
    },
  );

describe("a firewall of the deployment's own", () => {
  it("stands before CloudFront, in the region where WAF keeps those, and lets pass what no rule turns away", () => {
    const acl = here.only("AWS::WAFv2::WebACL");
    expect([acl.stack, acl.properties.Scope, acl.properties.DefaultAction]).toEqual([
      "firewall",
      "CLOUDFRONT",
      { Allow: {} },
    ]);
    const { WebACLId } = here.only("AWS::CloudFront::Distribution").properties.DistributionConfig;
    expect(here.text(WebACLId)).toBe(`{${acl.id}.Arn}`);
  });

  it("of a deployment in another region stands there too, and its name is carried over", () => {
    const acl = away.only("AWS::WAFv2::WebACL");
    const written = away.only("Custom::CrossRegionExportWriter");
    const read = away.only("Custom::CrossRegionExportReader");
    expect([acl.stack, written.stack, read.stack]).toEqual(["firewall", "firewall", "front"]);
    const { region, exports } = written.properties.WriterProps;
    const [[name, value] = ["", undefined]] = Object.entries(exports);
    expect([region, away.text(value)]).toEqual(["eu-central-1", `{${acl.id}.Arn}`]);
    expect(Object.keys(read.properties.ReaderProps.imports)).toEqual([name]);
    const { WebACLId } = away.only("AWS::CloudFront::Distribution").properties.DistributionConfig;
    expect(WebACLId).toEqual({ "Fn::GetAtt": [read.id, name] });
    expect(here.of("Custom::CrossRegionExportWriter")).toEqual([]);
  });

  it.each(everywhere)("turns away floods of one address, far above the product's own limits, in %s", (_, stack) => {
    const [flood] = rules(stack);
    // CloudFront's connection is the client's: no header is read for the address.
    expect(flood.Statement).toEqual({
      RateBasedStatement: { AggregateKeyType: "IP", EvaluationWindowSec: 60, Limit: 3_000 },
    });
    const { ResponseCode, CustomResponseBodyKey, ResponseHeaders } = flood.Action.Block.CustomResponse;
    expect([ResponseCode, ResponseHeaders]).toEqual([429, [{ Name: "retry-after", Value: "60" }]]);
    const { ContentType, Content } =
      stack.only("AWS::WAFv2::WebACL").properties.CustomResponseBodies[CustomResponseBodyKey];
    expect([ContentType, JSON.parse(Content)]).toEqual([
      "APPLICATION_JSON",
      expect.objectContaining({ type: "/api/v1/errors/rate_limited", status: 429, code: "rate_limited" }),
    ]);
  });

  it("has AWS's rules on bad addresses, known bad inputs, common attacks and SQL, and each rule its place", () => {
    for (const name of ["AmazonIpReputationList", "KnownBadInputsRuleSet", "CommonRuleSet", "SQLiRuleSet"])
      expect(managed(here, name).OverrideAction, name).toEqual({ None: {} });
    expect(rules(here).map(({ Priority }) => Priority)).toEqual(rules(here).map((_, i) => i));
  });

  it("only counts what looks into bodies: prompts, documents and code look like attacks", () => {
    expect(counted(here, "AmazonIpReputationList")).toEqual([]);
    expect(counted(here, "KnownBadInputsRuleSet")).toEqual([
      "JavaDeserializationRCE_BODY",
      "Log4JRCE_BODY",
      "ReactJSRCE_BODY",
    ]);
    expect(counted(here, "CommonRuleSet")).toEqual([
      "NoUserAgent_HEADER",
      "SizeRestrictions_BODY",
      "EC2MetaDataSSRF_BODY",
      "GenericLFI_BODY",
      "GenericRFI_BODY",
      "CrossSiteScripting_BODY",
    ]);
    expect(counted(here, "SQLiRuleSet")).toEqual(["SQLi_BODY", "SQLiExtendedPatterns_BODY"]);
  });

  it("is seen: metrics and samples of the whole and of each rule, under names of this deployment", () => {
    const { VisibilityConfig } = here.only("AWS::WAFv2::WebACL").properties;
    expect(VisibilityConfig.MetricName).toBe("kaizen-studio-production-firewall");
    for (const config of [VisibilityConfig, ...rules(here).map((rule) => rule.VisibilityConfig)])
      expect(config).toMatchObject({ CloudWatchMetricsEnabled: true, SampledRequestsEnabled: true });
  });

  it.each(everywhere)(
    "logs what it turns away or counts, without credentials, for as long as logs are kept, in %s",
    (_, stack) => {
      const { LogDestinationConfigs, RedactedFields, LoggingFilter } = stack.only(
        "AWS::WAFv2::LoggingConfiguration",
      ).properties;
      const group = stack.of("AWS::Logs::LogGroup").find((each) => each.stack === "firewall");
      expect([group?.properties.LogGroupName, group?.properties.RetentionInDays]).toEqual([
        "aws-waf-logs-kaizen-studio-production-firewall",
        365,
      ]);
      expect(LogDestinationConfigs.map((arn: unknown) => stack.text(arn))).toEqual([
        `arn:aws:logs:us-east-1:000000000000:log-group:${group?.properties.LogGroupName}`,
      ]);
      expect(RedactedFields).toEqual(["authorization", "cookie"].map((Name) => ({ SingleHeader: { Name } })));
      expect([LoggingFilter.DefaultBehavior, LoggingFilter.Filters[0].Behavior]).toEqual(["DROP", "KEEP"]);
    },
  );

  it.each(everywhere)(
    "an alarm tells somebody when it turns away many, by a topic of its region, in %s",
    (region, stack) => {
      const alarms = stack.of("AWS::CloudWatch::Alarm").filter((each) => each.stack === "firewall");
      expect(
        alarms.map(({ properties }) => [properties.Namespace, properties.MetricName, properties.Dimensions]),
      ).toEqual([
        [
          "AWS/WAFV2",
          "BlockedRequests",
          [
            { Name: "Rule", Value: "ALL" },
            { Name: "WebACL", Value: "kaizen-studio-production-firewall" },
          ],
        ],
      ]);
      const topic = stack.target(alarms[0]?.properties.AlarmActions[0]);
      expect(topic.stack).toBe(region === "us-east-1" ? "messaging" : "firewall");
      const told = stack
        .of("AWS::SNS::Subscription")
        .filter(({ properties }) => stack.target(properties.TopicArn) === topic);
      expect(told.map(({ properties }) => properties.Endpoint)).toEqual(["operations@example.com"]);
    },
  );

  it.each([
    ["us-east-1", "data"],
    ["eu-central-1", "firewall"],
  ])("its log and topic are under the customer's key of the region, in %s that of the stack %s", (region, owner) => {
    const stack = synthesize("production", { context: { firewall: "true", customer_managed_key: "true" }, region });
    const kept = stack.resources.filter(
      ({ stack: own, type }) => own === "firewall" && ["AWS::Logs::LogGroup", "AWS::SNS::Topic"].includes(type),
    );
    expect(kept).toHaveLength(region === "us-east-1" ? 1 : 2);
    for (const { properties } of kept) {
      const key = stack.target(properties.KmsKeyId ?? properties.KmsMasterKeyId);
      expect([key.type, key.stack]).toEqual(["AWS::KMS::Key", owner]);
    }
  });

  it.each([
    [
      { firewall: "true", web_acl_arn: "arn:aws:wafv2:us-east-1:000000000000:global/webacl/studio/0" },
      /^a deployment has one firewall: say -c firewall=true or -c web_acl_arn=…, not both$/,
    ],
    [{ firewall: "true", stage: "local" }, /^the stage local has no front, so no firewall before it$/],
  ])("%o is refused with a sentence", (context, sentence) => {
    expect(() => synthesize("production", { context })).toThrow(sentence);
  });

  it("is not there unless the deployment asks for it", () => {
    const without = synthesize("production", { context: { firewall: "false" } });
    expect(without.of("AWS::WAFv2::WebACL")).toEqual([]);
    expect(without.only("AWS::CloudFront::Distribution").properties.DistributionConfig.WebACLId).toBeUndefined();
  });
});
