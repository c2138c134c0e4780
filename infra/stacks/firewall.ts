import { Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { Metric } from "aws-cdk-lib/aws-cloudwatch";
import { type IKey, Key } from "aws-cdk-lib/aws-kms";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import { CfnLoggingConfiguration, CfnWebACL } from "aws-cdk-lib/aws-wafv2";
import type { Construct } from "constructs";
import { errorCodes } from "../../shared/errors.ts";
import { raiseAlarm } from "../constructs/alarm.ts";
import { AlarmTopic } from "../constructs/alarm-topic.ts";
import { alarmStatements, logStatements, made, namePrefix } from "../constructs/data-key.ts";
import { RETENTION } from "../constructs/room-function.ts";
import type { Stage } from "../stages.ts";
import type { DataStack, StageProps } from "./data.ts";
import type { MessagingStack } from "./messaging.ts";

/** Where WAF keeps what stands before CloudFront, with its metrics and logs, wherever the deployment is. */
export const FIREWALL_REGION = "us-east-1";

export interface FirewallProps extends StageProps {
  readonly data: DataStack;
  readonly messaging: MessagingStack;
}

/** Turned away in five minutes, all rules together: more than scanners bring that find every address. */
const MANY = 1_000;

/**
 * Rules of AWS, each with those of its rules that only count. Prompts, documents and code look like attacks: whatever
 * looks into bodies would turn agents' work away, and nothing here makes SQL, pages or paths of a body. Programs may come
 * without a name.
 */
const MANAGED: Readonly<Record<string, readonly string[]>> = {
  AmazonIpReputationList: [],
  KnownBadInputsRuleSet: ["JavaDeserializationRCE_BODY", "Log4JRCE_BODY", "ReactJSRCE_BODY"],
  CommonRuleSet: [
    "NoUserAgent_HEADER",
    "SizeRestrictions_BODY",
    "EC2MetaDataSSRF_BODY",
    "GenericLFI_BODY",
    "GenericRFI_BODY",
    "CrossSiteScripting_BODY",
  ],
  SQLiRuleSet: ["SQLi_BODY", "SQLiExtendedPatterns_BODY"],
};

/** What the firewall answers to a flood, in the form of the API's own refusals. */
const FLOOD = {
  type: "/api/v1/errors/rate_limited",
  title: errorCodes.rate_limited.title,
  status: errorCodes.rate_limited.status,
  detail: "Too many requests come from this address.",
  code: "rate_limited",
};

const visible = (metricName: string): CfnWebACL.VisibilityConfigProperty => ({
  metricName,
  cloudWatchMetricsEnabled: true,
  sampledRequestsEnabled: true,
});

/** A firewall before everything, where the account has none. */
export class FirewallStack extends Stack {
  readonly arn: string;

  constructor(scope: Construct, id: string, { stage, data, messaging, bundles: _, ...props }: FirewallProps) {
    super(scope, id, props);
    // All deployments of an account have their metrics and logs in this one region.
    const name = `${namePrefix(stage)}-firewall`;
    const acl = new CfnWebACL(this, "Firewall", {
      scope: "CLOUDFRONT",
      defaultAction: { allow: {} },
      visibilityConfig: visible(name),
      customResponseBodies: { Flood: { contentType: "APPLICATION_JSON", content: JSON.stringify(FLOOD) } },
      rules: rulesFor(stage),
    });
    this.arn = acl.attrArn;
    const { topic, key } = this.#ownOf(stage, data, messaging);
    this.#log(acl, `aws-waf-logs-${name}`, stage, key);
    raiseAlarm(this, "TurnedAway", {
      description: "The firewall turns away many requests",
      metric: new Metric({
        namespace: "AWS/WAFV2",
        metricName: "BlockedRequests",
        // Before CloudFront these metrics have no region among their dimensions.
        dimensionsMap: { WebACL: name, Rule: "ALL" },
        statistic: "Sum",
        period: Duration.minutes(5),
      }),
      threshold: MANY,
      topic,
    });
  }

  /** Topics and keys serve their own region: in another than the deployment's the firewall has its own. */
  #ownOf(stage: Stage, data: DataStack, messaging: MessagingStack): { topic: ITopic; key: IKey | undefined } {
    if (data.region === this.region) return { topic: messaging.alarms, key: data.dataKey };
    const key =
      stage.data_key === undefined
        ? undefined
        : Key.fromKeyArn(
            this,
            "KeyUse",
            made(this, "Key", stage, RemovalPolicy.RETAIN, (place) => [
              ...logStatements(place),
              ...alarmStatements(place),
            ]).keyArn,
          );
    return { topic: new AlarmTopic(this, "FirewallAlarms", stage, key), key };
  }

  /** What was turned away, or would have been, and by which rule; CloudFront's log has the rest. */
  #log(acl: CfnWebACL, logGroupName: string, stage: Stage, key: IKey | undefined): void {
    const group = new LogGroup(this, "FirewallLog", {
      // WAF takes no group of another name.
      logGroupName,
      retention: RETENTION[stage.log_retention_days],
      removalPolicy: stage.protect_data ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      ...(key === undefined ? {} : { encryptionKey: key }),
    });
    const log = new CfnLoggingConfiguration(this, "Logging", {
      resourceArn: acl.attrArn,
      // Without the `:*` for streams that CloudFormation's own ARN of a group ends with.
      logDestinationConfigs: [this.formatArn({ service: "logs", resource: `log-group:${logGroupName}` })],
      redactedFields: ["authorization", "cookie"].map((name) => ({ singleHeader: { Name: name } })),
      loggingFilter: {
        DefaultBehavior: "DROP",
        Filters: [
          {
            Behavior: "KEEP",
            Requirement: "MEETS_ANY",
            Conditions: ["BLOCK", "COUNT", "EXCLUDED_AS_COUNT"].map((Action) => ({ ActionCondition: { Action } })),
          },
        ],
      },
    });
    log.node.addDependency(group);
  }
}

function rulesFor({ rate_limits }: Stage): CfnWebACL.RuleProperty[] {
  const flood: CfnWebACL.RuleProperty = {
    name: "Flood",
    priority: 0,
    // Before CloudFront the address is the client's own. Many people may share one: the product's limits are finer.
    statement: {
      rateBasedStatement: { aggregateKeyType: "IP", evaluationWindowSec: 60, limit: 10 * rate_limits.address },
    },
    action: {
      block: {
        customResponse: {
          responseCode: FLOOD.status,
          customResponseBodyKey: "Flood",
          responseHeaders: [{ name: "retry-after", value: "60" }],
        },
      },
    },
    visibilityConfig: visible("Flood"),
  };
  const managed = Object.entries(MANAGED).map(
    ([name, counting], i): CfnWebACL.RuleProperty => ({
      name,
      priority: i + 1,
      statement: {
        managedRuleGroupStatement: {
          vendorName: "AWS",
          name: `AWSManagedRules${name}`,
          ruleActionOverrides: counting.map((rule) => ({ name: rule, actionToUse: { count: {} } })),
        },
      },
      overrideAction: { none: {} },
      visibilityConfig: visible(name),
    }),
  );
  return [flood, ...managed];
}
