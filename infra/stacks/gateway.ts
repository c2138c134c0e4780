import { CfnOutput, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { type CfnStage, HttpApi, HttpStage } from "aws-cdk-lib/aws-apigatewayv2";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import { raiseAlarm } from "../constructs/alarm.ts";
import { Rooms } from "../constructs/rooms.ts";
import type { StageProps } from "./data.ts";
import type { Ground } from "./ground.ts";

/**
 * The HTTP API with its access log, and the platform room, which answers for the API itself and for unknown paths. Areas
 * add their own routes to the API: this stack refers to none of them.
 */
export class GatewayStack extends Stack {
  readonly api: HttpApi;

  constructor(
    scope: Construct,
    id: string,
    { ground, stage, bundles: _, ...props }: StageProps & { readonly ground: Ground },
  ) {
    super(scope, id, props);
    this.api = new HttpApi(this, "Api", { apiName: `kaizen-studio-${stage.name}`, createDefaultStage: false });
    const accessLogs = new LogGroup(this, "AccessLogs", {
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: stage.protect_data ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const httpStage = new HttpStage(this, "Stage", { httpApi: this.api, stageName: "$default", autoDeploy: true });
    (httpStage.node.defaultChild as CfnStage).accessLogSettings = {
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
    new Rooms(this, { area: "gateway", ground, apiId: this.api.apiId });

    new CfnOutput(this, "ApiUrl", { value: this.api.apiEndpoint });
    new CfnOutput(this, "ApiId", { value: this.api.apiId });
  }
}
