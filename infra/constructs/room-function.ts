import { join } from "node:path";
import { Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import type { Alarm } from "aws-cdk-lib/aws-cloudwatch";
import { PolicyDocument, type PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { Architecture, Code, Function as LambdaFunction, RecursiveLoop, Runtime } from "aws-cdk-lib/aws-lambda";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import type { FunctionData, Trigger } from "../../shared/room.ts";
import { bundleName, functionDescription } from "../bundle.ts";
import { librarySettings } from "../function-settings.ts";
import type { Granted } from "../grants.ts";
import { acknowledgeWildcard } from "../nag.ts";
import type { Stage } from "../stages.ts";
import { wallOf } from "../tenant-wall.ts";
import { raiseAlarm } from "./alarm.ts";

/** How long logs are kept, as CloudWatch Logs says it. */
export const RETENTION: Record<Stage["log_retention_days"], RetentionDays> = {
  7: RetentionDays.ONE_WEEK,
  30: RetentionDays.ONE_MONTH,
  90: RetentionDays.THREE_MONTHS,
  365: RetentionDays.ONE_YEAR,
};

/**
 * Triggers whose faults show, and raise an alarm, where people feel them: as 5xx answers of the gateway, or as messages
 * in a dead-letter queue. A second alarm on the function would say the same thing again.
 */
export const WATCHED_ELSEWHERE: ReadonlySet<Trigger["kind"]> = new Set([
  "api",
  "events",
  "served",
  "queue",
  "due",
  "run_status",
]);

export interface RoomFunctionProps {
  readonly room: string;
  readonly name: string;
  readonly data: FunctionData;
  readonly granted: Granted;
  readonly environment: Readonly<Record<string, string>>;
  readonly stage: Stage;
  readonly alarms: ITopic;
  /** The customer's key for all that is kept, the function's settings and logs among it. */
  readonly dataKey: IKey | undefined;
  /** Folder with the bundled functions. */
  readonly bundles: string;
}

/**
 * One function of a room: its bundle, a role of its own with just the grants of its needs, its logs with a
 * retention, and an alarm on its faults.
 */
export class RoomFunction extends Construct {
  readonly fn: LambdaFunction;
  readonly alarm: Alarm | undefined;
  readonly #policy: PolicyDocument;

  constructor(scope: Construct, props: RoomFunctionProps) {
    const { room, name, data, granted, environment, stage, bundles, dataKey } = props;
    super(scope, bundleName(room, name));
    const logGroup = new LogGroup(this, "Logs", {
      retention: RETENTION[stage.log_retention_days],
      removalPolicy: stage.protect_data ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      ...(dataKey === undefined ? {} : { encryptionKey: dataKey }),
    });
    const wall = wallOf(Stack.of(this), bundleName(room, name), data, stage, granted.table);
    this.#policy = new PolicyDocument({
      statements: [granted.logs(logGroup.logGroupArn), ...granted.statements, ...(wall?.statements ?? [])],
    });
    const role = new Role(this, "Role", {
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      inlinePolicies: { own: this.#policy },
      ...(wall === undefined ? {} : { path: wall.path }),
    });
    if (wall !== undefined) {
      role.assumeRolePolicy?.addStatements(wall.trust);
      acknowledgeWildcard(this, wall.itself, "A role cannot name itself before it exists: it has a path of its own.");
    }
    // A consumer that puts the rest of its work back into its queue (a wait beyond 15 minutes, the next slice of a long
    // job) looks like a loop to Lambda, which would end it after 16 rounds.
    const continues = "queue" in data.trigger && data.needs.includes(`send:${data.trigger.queue}`);
    this.fn = new LambdaFunction(this, "Function", {
      description: functionDescription(room, name),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: "index.handler",
      code: Code.fromAsset(join(bundles, bundleName(room, name))),
      // All that the function may do stands in the one policy of its role: the CDK adds nothing by itself.
      role: role.withoutPolicyUpdates(),
      logGroup,
      timeout: Duration.seconds(data.timeout_seconds),
      memorySize: data.memory_mb,
      ...(data.reserved_concurrency !== undefined && stage.reserve_concurrency
        ? { reservedConcurrentExecutions: data.reserved_concurrency }
        : {}),
      ...(dataKey === undefined ? {} : { environmentEncryption: dataKey }),
      ...(continues ? { recursiveLoop: RecursiveLoop.ALLOW } : {}),
      environment: {
        ...librarySettings,
        ...environment,
        ...granted.environment,
        ...(wall === undefined ? {} : { TENANT_ROLE_ARN: role.roleArn }),
      },
    });
    this.alarm = WATCHED_ELSEWHERE.has(data.trigger.kind)
      ? undefined
      : raiseAlarm(this, "Faults", {
          description: `${functionDescription(room, name)} fails`,
          metric: this.fn.metricErrors({ period: Duration.minutes(5) }),
          threshold: 1,
          topic: props.alarms,
        });
  }

  /** Lets the function's role do more, for what calls the function. */
  permit(...statements: PolicyStatement[]): void {
    this.#policy.addStatements(...statements);
  }
}
