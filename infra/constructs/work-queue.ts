import { Duration } from "aws-cdk-lib";
import { Alarm, ComparisonOperator, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { QueueData } from "../../shared/room.ts";
import { acknowledge } from "../nag.ts";

/** A queue with its dead-letter queue and the alarm on it. There is no queue without the other two. */
export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly dead: Queue;

  constructor(scope: Construct, id: string, data: QueueData) {
    super(scope, id);
    // The local AWS speaks plain http on loopback, and means it when a queue's policy refuses that.
    const local = this.node.tryGetContext("stage") === "local";
    const secure = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: !local } as const;
    this.dead = new Queue(this, "Dead", { ...secure, retentionPeriod: Duration.days(14) });
    this.queue = new Queue(this, "Queue", {
      ...secure,
      visibilityTimeout: Duration.seconds(data.visibility_seconds),
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: this.dead, maxReceiveCount: data.max_receives },
    });
    if (local) acknowledge(this, "AwsSolutions-SQS4", "The local AWS speaks plain http on loopback.");
    new Alarm(this, "DeadLetters", {
      alarmDescription: `Messages that could not be worked off wait in the dead-letter queue of ${id}`,
      metric: this.dead.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5) }),
      threshold: 1,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}
