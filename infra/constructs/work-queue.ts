import { Duration } from "aws-cdk-lib";
import type { Alarm } from "aws-cdk-lib/aws-cloudwatch";
import type { Rule } from "aws-cdk-lib/aws-events";
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import { CfnQueuePolicy, Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { QueueData } from "../../shared/room.ts";
import { acknowledge } from "../nag.ts";
import { raiseAlarm } from "./alarm.ts";

export interface WorkQueueProps {
  readonly data: QueueData;
  readonly alarms: ITopic;
  /** The rule whose events the queue takes; without it only functions send, by their own roles. */
  readonly rule?: Rule;
}

/** A queue with its dead-letter queue, the alarm on it and one policy for both. There is no queue without the others. */
export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly dead: Queue;
  readonly alarm: Alarm;

  constructor(scope: Construct, id: string, { data, alarms, rule }: WorkQueueProps) {
    super(scope, id);
    const encryption = QueueEncryption.SQS_MANAGED;
    this.dead = new Queue(this, "Dead", { encryption, retentionPeriod: Duration.days(14) });
    this.queue = new Queue(this, "Queue", {
      encryption,
      visibilityTimeout: Duration.seconds(data.visibility_seconds),
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: this.dead, maxReceiveCount: data.max_receives },
    });
    this.#policy(rule);
    this.alarm = raiseAlarm(this, "DeadLetters", {
      description: `Messages that could not be worked off wait in the dead-letter queue of ${id}`,
      metric: this.dead.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5) }),
      threshold: 1,
      topic: alarms,
    });
  }

  /** SQS takes one policy for a queue, over that queue only; `*` in it is the queue that has the policy. */
  #policy(rule: Rule | undefined): void {
    // The local AWS speaks plain http on loopback, and means it when a queue's policy refuses that.
    const local = this.node.tryGetContext("stage") === "local";
    if (local) acknowledge(this, "AwsSolutions-SQS4", "The local AWS speaks plain http on loopback.");
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
    new CfnQueuePolicy(this, "Policy", {
      queues: [this.queue.queueUrl, this.dead.queueUrl],
      policyDocument: new PolicyDocument({ statements }),
    });
  }
}
