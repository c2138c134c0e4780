import { Duration } from "aws-cdk-lib";
import type { Alarm } from "aws-cdk-lib/aws-cloudwatch";
import type { Rule } from "aws-cdk-lib/aws-events";
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import { CfnQueuePolicy, Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { QueueData } from "../../shared/room.ts";
import { acknowledge } from "../nag.ts";
import { raiseAlarm } from "./alarm.ts";

export interface WorkQueueProps {
  readonly data: QueueData;
  readonly alarms: ITopic;
  /** The customer's key for all that is kept. */
  readonly dataKey: IKey | undefined;
  /** The rule whose events the queue takes; without it only functions send, by their own roles. */
  readonly rule?: Rule;
}

/** A queue with the alarm that its dead letters raise. */
export interface WatchedQueue {
  readonly queue: Queue;
  readonly alarm: Alarm;
}

/** How a queue is built: with a key of KMS, SQS asks for a data key once in five minutes and per sender. */
const encrypted = (key: IKey | undefined) =>
  key === undefined
    ? { encryption: QueueEncryption.SQS_MANAGED }
    : { encryption: QueueEncryption.KMS, encryptionMasterKey: key, dataKeyReuse: Duration.minutes(5) };

/** How a queue is built in which messages wait for somebody to look at them. */
const dead = (key: IKey | undefined) => ({ ...encrypted(key), retentionPeriod: Duration.days(14) });

const watchDead = (scope: Construct, queue: Queue, whose: string, topic: ITopic): Alarm =>
  raiseAlarm(scope, "DeadLetters", {
    description: `Messages that could not be worked off wait in the dead-letter queue of ${whose}`,
    metric: queue.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5) }),
    threshold: 1,
    topic,
  });

/** Where messages wait that nobody could work off and that come from no queue: of a stream, of a function itself. */
export class DeadLetters extends Construct implements WatchedQueue {
  readonly queue: Queue;
  readonly alarm: Alarm;

  constructor(
    scope: Construct,
    id: string,
    { whose, alarms, dataKey }: Pick<WorkQueueProps, "alarms" | "dataKey"> & { readonly whose: string },
  ) {
    super(scope, id);
    this.queue = new Queue(this, "Queue", dead(dataKey));
    secure(this, [this.queue]);
    acknowledge(this, "AwsSolutions-SQS3", "It is a dead-letter queue itself, of what comes from no queue.");
    this.alarm = watchDead(this, this.queue, whose, alarms);
  }
}

/** A queue with its dead-letter queue, the alarm on it and one policy for both. There is no queue without the others. */
export class WorkQueue extends Construct implements WatchedQueue {
  readonly queue: Queue;
  readonly dead: Queue;
  readonly alarm: Alarm;

  constructor(scope: Construct, id: string, { data, alarms, dataKey, rule }: WorkQueueProps) {
    super(scope, id);
    this.dead = new Queue(this, "Dead", dead(dataKey));
    this.queue = new Queue(this, "Queue", {
      ...encrypted(dataKey),
      visibilityTimeout: Duration.seconds(data.visibility_seconds),
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: this.dead, maxReceiveCount: data.max_receives },
    });
    secure(this, [this.queue, this.dead], rule);
    this.alarm = watchDead(this, this.dead, id, alarms);
  }
}

/** SQS takes one policy for a queue, over that queue only; `*` in it is the queue that has the policy. */
function secure(scope: Construct, queues: readonly Queue[], rule?: Rule): void {
  // The local AWS speaks plain http on loopback, and means it when a queue's policy refuses that.
  const local = scope.node.tryGetContext("stage") === "local";
  if (local) acknowledge(scope, "AwsSolutions-SQS4", "The local AWS speaks plain http on loopback.");
  const statements: PolicyStatement[] = [];
  if (!local)
    statements.push(
      new PolicyStatement({
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ["sqs:*"],
        resources: ["*"],
        conditions: { Bool: { "aws:SecureTransport": "false" } },
      }),
    );
  if (rule !== undefined)
    statements.push(
      new PolicyStatement({
        principals: [new ServicePrincipal("events.amazonaws.com")],
        actions: ["sqs:SendMessage"],
        resources: ["*"],
        conditions: { ArnEquals: { "aws:SourceArn": rule.ruleArn } },
      }),
    );
  if (statements.length === 0) return;
  new CfnQueuePolicy(scope, "Policy", {
    queues: queues.map(({ queueUrl }) => queueUrl),
    policyDocument: new PolicyDocument({ statements }),
  });
}
