import { CfnOutput, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { type CfnStage, HttpApi, HttpStage } from "aws-cdk-lib/aws-apigatewayv2";
import { GraphWidget, Metric, Stats } from "aws-cdk-lib/aws-cloudwatch";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import type { Construct } from "constructs";
import { type CountName, NAMESPACE } from "../../shared/observability/metrics.ts";
import { raiseAlarm } from "../constructs/alarm.ts";
import { namePrefix } from "../constructs/data-key.ts";
import { Rooms } from "../constructs/rooms.ts";
import { acknowledge } from "../nag.ts";
import type { StageProps } from "./data.ts";
import type { Ground } from "./ground.ts";
import { resourcesOf } from "./resources.ts";

/**
 * The HTTP API with its access log, and the platform room, which answers for the API itself and for unknown paths. Areas
 * add their own routes to the API: this stack refers to none of them.
 */
export class GatewayStack extends Stack {
  readonly api: HttpApi;
  /** What only the front knows: functions take requests that bring it, and believe the address beside it. */
  readonly frontSecret: string | undefined;

  constructor(
    scope: Construct,
    id: string,
    { ground, stage, bundles: _, ...props }: StageProps & { readonly ground: Ground },
  ) {
    super(scope, id, props);
    const { dataKey } = ground.data;
    this.api = new HttpApi(this, "Api", { apiName: namePrefix(stage), createDefaultStage: false });
    const accessLogs = new LogGroup(this, "AccessLogs", {
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: stage.protect_data ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      ...(dataKey === undefined ? {} : { encryptionKey: dataKey }),
    });
    const httpStage = new HttpStage(this, "Stage", { httpApi: this.api, stageName: "$default", autoDeploy: true });
    const settings = httpStage.node.defaultChild as CfnStage;
    // Bounds what a flood can cost and take from the account; who is refused of those who behave is the product's own rule.
    if (stage.api_rate !== undefined)
      settings.defaultRouteSettings = { throttlingRateLimit: stage.api_rate, throttlingBurstLimit: 2 * stage.api_rate };
    settings.accessLogSettings = {
      destinationArn: accessLogs.logGroupArn,
      format: JSON.stringify({
        id: "$context.requestId",
        ip: "$context.identity.sourceIp",
        time: "$context.requestTime",
        route: "$context.routeKey",
        status: "$context.status",
        bytes: "$context.responseLength",
        latency_ms: "$context.responseLatency",
      }),
    };
    raiseAlarm(this, "ApiFaults", {
      description: "The API answers with 5xx",
      metric: this.api.metricServerError({ period: Duration.minutes(5) }),
      threshold: 5,
      topic: ground.messaging.alarms,
    });
    raiseAlarm(this, "UncountedRequests", {
      description: "Requests are not counted against rate limits: the table does not take the counts",
      metric: new Metric({
        namespace: NAMESPACE,
        metricName: "uncounted_requests" satisfies CountName,
        statistic: Stats.SUM,
        period: Duration.minutes(5),
      }),
      threshold: 10,
      topic: ground.messaging.alarms,
    });
    // On a laptop there is no front: the local gateway serves everything from one origin.
    this.frontSecret = stage.name === "local" ? undefined : this.#secret(dataKey);
    const period = Duration.minutes(5);
    const graphs = [
      new GraphWidget({
        title: "Requests, refusals and faults",
        left: [
          this.api.metricCount({ period }),
          this.api.metricClientError({ period }),
          this.api.metricServerError({ period }),
        ],
        width: 12,
      }),
      new GraphWidget({
        title: "Latency, slowest of a hundred",
        left: [this.api.metricLatency({ period, statistic: Stats.percentile(99) })],
        width: 12,
      }),
    ];
    const resources = resourcesOf(this, ground);
    new Rooms(this, { area: "gateway", ground, resources, people: { pool: ground.pool, gateway: this }, graphs });

    if (stage.name === "local") new CfnOutput(this, "ApiUrl", { value: this.api.apiEndpoint });
    new CfnOutput(this, "ApiId", { value: this.api.apiId });
  }

  #secret(dataKey: IKey | undefined): string {
    const secret = new Secret(this, "FrontSecret", {
      description: "Proves to the functions that a request came through the front",
      generateSecretString: { passwordLength: 48, excludePunctuation: true },
      ...(dataKey === undefined ? {} : { encryptionKey: dataKey }),
    });
    acknowledge(
      secret,
      "AwsSolutions-SMG4",
      "A new value has to reach the front and all functions at once, which a deployment does and a rotation cannot.",
    );
    // Resolved by CloudFormation when it deploys; the templates hold only where it stands.
    return secret.secretValue.unsafeUnwrap();
  }
}
