import { readFileSync } from "node:fs";
import { Aws, CfnOutput, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { HttpApi, HttpStage } from "aws-cdk-lib/aws-apigatewayv2";
import { Alarm, ComparisonOperator, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { EmailIdentity, Identity } from "aws-cdk-lib/aws-ses";
import { DefinitionBody, LogLevel, StateMachine } from "aws-cdk-lib/aws-stepfunctions";
import type { Construct } from "constructs";
import { rooms } from "../../functions/rooms.ts";
import { ApiRoutes } from "../constructs/api-routes.ts";
import { RoomFunction } from "../constructs/room-function.ts";
import { attachTrigger } from "../constructs/triggers.ts";
import { WorkQueue } from "../constructs/work-queue.ts";
import { grant, type Resources } from "../grants.ts";
import { acknowledge, acknowledgeWildcard } from "../nag.ts";
import type { DataStack, StageProps } from "./data.ts";
import type { IdentityStack } from "./identity.ts";
import { partialResources } from "./resources.ts";

/** Everything that computes: the functions of all rooms, their queues, the HTTP API and the run workflow. */
export class ServiceStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    {
      stage,
      bundles,
      data,
      identity,
      ...props
    }: StageProps & { readonly data: DataStack; readonly identity: IdentityStack },
  ) {
    super(scope, id, props);

    const queues: Record<string, WorkQueue> = {};
    for (const room of rooms) {
      for (const [name, queue] of Object.entries(room.queues ?? {}))
        queues[name] = new WorkQueue(this, `Queue-${name}`, queue);
    }
    const machineName = `kaizen-studio-${stage.name}-pipeline-run`;
    const resources: Resources = {
      ...partialResources(data, stage),
      userPoolArn: identity.pool.userPoolArn,
      machineArn: `arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:stateMachine:${machineName}`,
      machineExecutionsArn: `arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:execution:${machineName}:*`,
      queues: Object.fromEntries(
        Object.entries(queues).map(([name, q]) => [name, { arn: q.queue.queueArn, url: q.queue.queueUrl }]),
      ),
      ...this.#deadlines(queues.run_deadlines),
    };
    const environment = {
      STAGE: stage.name,
      TABLE_NAME: data.table.tableName,
      KEY_ARN: data.key.keyArn,
      USER_POOL_ID: identity.pool.userPoolId,
      USER_POOL_CLIENT_ID: identity.client.userPoolClientId,
      RATE_LIMIT_USER: String(stage.rate_limits.user),
      RATE_LIMIT_ADDRESS: String(stage.rate_limits.address),
      SIGN_IN_LIMIT_ADDRESS: String(stage.rate_limits.sign_in_address),
    };

    const functions: Record<string, RoomFunction> = {};
    const streamUrls: Record<string, string> = {};
    for (const room of rooms) {
      for (const [name, fn] of Object.entries(room.functions)) {
        if (fn.trigger.kind === "cognito") continue;
        const granted = grant(fn.needs, resources);
        const built = new RoomFunction(this, {
          room: room.name,
          name,
          data: fn,
          granted,
          environment,
          stage,
          bundles,
        });
        functions[`${room.name}/${name}`] = built;
        const wiring = { room: room.name, name, data: fn, built, dataStack: data, queues, machineName };
        attachTrigger(this, { ...wiring, streamUrls });
        if (fn.needs.includes("mail") && stage.name === "local") {
          acknowledge(
            built,
            "AwsSolutions-IAM5[Resource::*]",
            "The local AWS checks ses:SendEmail on `*` only; deployed stages name the identity.",
          );
        }
        for (const { resource, reason } of granted.wildcards) acknowledgeWildcard(built, resource, reason);
      }
    }

    // On a laptop streams are served from the API's own origin.
    if (stage.name !== "local" && Object.keys(streamUrls).length > 0)
      functions["platform/api"]?.fn.addEnvironment("STREAM_URLS", this.toJsonString(streamUrls));

    const api = new HttpApi(this, "Api", { apiName: `kaizen-studio-${stage.name}`, createDefaultStage: false });
    const accessLogs = new LogGroup(this, "AccessLogs", {
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: stage.protect_data ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const httpStage = new HttpStage(this, "Stage", { httpApi: api, stageName: "$default", autoDeploy: true });
    const cfnStage = httpStage.node.defaultChild as import("aws-cdk-lib/aws-apigatewayv2").CfnStage;
    cfnStage.accessLogSettings = {
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
    new ApiRoutes(this, "Routes", { api, functions });
    new Alarm(this, "ApiFaults", {
      alarmDescription: "The API answers with 5xx",
      metric: api.metricServerError({ period: Duration.minutes(5) }),
      threshold: 5,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });

    // Deployed stages send from a domain that the account has verified; a laptop has none.
    if (stage.name === "local") new EmailIdentity(this, "Sender", { identity: Identity.email(stage.mail_from) });

    const runNode = functions["runs/run_node"];
    if (runNode !== undefined) this.#runWorkflow(machineName, runNode, stage, resources);

    new CfnOutput(this, "ApiUrl", { value: api.apiEndpoint });
    new CfnOutput(this, "ApiId", { value: api.apiId });
  }

  /** What lets a function set a run's deadline: schedules named after runs, and the role by which they send. */
  #deadlines(deadlines: WorkQueue | undefined): Pick<Resources, "deadlines"> {
    if (deadlines === undefined) return {};
    const { queueArn } = deadlines.queue;
    const role = new Role(this, "DeadlineRole", {
      assumedBy: new ServicePrincipal("scheduler.amazonaws.com"),
      inlinePolicies: {
        own: new PolicyDocument({
          statements: [new PolicyStatement({ actions: ["sqs:SendMessage"], resources: [queueArn] })],
        }),
      },
    });
    const scheduleArns = this.formatArn({ service: "scheduler", resource: "schedule", resourceName: "default/run_*" });
    return { deadlines: { queueArn, roleArn: role.roleArn, scheduleArns } };
  }

  /** The one generic state machine that walks any pipeline graph; `statemachines/pipeline-run.asl.json`. */
  #runWorkflow(machineName: string, runNode: RoomFunction, stage: StageProps["stage"], resources: Resources): void {
    const logs = new LogGroup(this, "RunLogs", {
      logGroupName: `/aws/vendedlogs/states/${machineName}`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: stage.protect_data ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const role = new Role(this, "RunRole", {
      assumedBy: new ServicePrincipal("states.amazonaws.com"),
      inlinePolicies: {
        own: new PolicyDocument({
          statements: [
            new PolicyStatement({ actions: ["lambda:InvokeFunction"], resources: [runNode.fn.functionArn] }),
            new PolicyStatement({ actions: ["states:StartExecution"], resources: [resources.machineArn] }),
          ],
        }),
      },
    });
    const machine = new StateMachine(this, "RunMachine", {
      stateMachineName: machineName,
      role,
      definitionBody: DefinitionBody.fromString(readFileSync("statemachines/pipeline-run.asl.json", "utf8")),
      definitionSubstitutions: {
        RunNodeArn: runNode.fn.functionArn,
        MachineArn: resources.machineArn,
      },
      logs: { destination: logs, level: LogLevel.ERROR, includeExecutionData: false },
    });
    acknowledge(
      role,
      "AwsSolutions-IAM5[Resource::*]",
      "Writing logs of a workflow needs log delivery actions that take no resource.",
    );
    acknowledge(
      machine,
      "AwsSolutions-SF1",
      "State payloads carry ids only and steps keep their own records; errors are logged.",
    );
    acknowledge(machine, "AwsSolutions-SF2", "The product records each step with its timing; X-Ray is not used.");
    new CfnOutput(this, "StateMachineArn", { value: machine.stateMachineArn });
  }
}
