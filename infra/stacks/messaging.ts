import { CfnOutput, Stack } from "aws-cdk-lib";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { EmailIdentity, Identity } from "aws-cdk-lib/aws-ses";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import type { Construct } from "constructs";
import { WorkQueue } from "../constructs/work-queue.ts";
import { acknowledge } from "../nag.ts";
import type { Product } from "../product.ts";
import type { DataStack, StageProps } from "./data.ts";

/**
 * What is sent between areas and to people: the rooms' named queues and the topic of alarms. Queues stand below the
 * areas, so that a function of any area may send to any of them and no two areas need each other.
 */
export class MessagingStack extends Stack {
  /** Every alarm of the deployment is told here. */
  readonly alarms: Topic;
  /** By name. */
  readonly queues: Readonly<Record<string, WorkQueue>>;

  constructor(
    scope: Construct,
    id: string,
    {
      stage,
      product,
      data: { dataKey },
      bundles: _,
      ...props
    }: StageProps & { readonly product: Product; readonly data: DataStack },
  ) {
    super(scope, id, props);
    const local = stage.name === "local";
    // The local AWS speaks plain http on loopback.
    this.alarms = new Topic(this, "Alarms", {
      displayName: `Kaizen Studio ${stage.name}`,
      enforceSSL: !local,
      ...(dataKey === undefined ? {} : { masterKey: dataKey }),
    });
    if (local) acknowledge(this.alarms, "AwsSolutions-SNS3", "The local AWS speaks plain http on loopback.");
    // A topic with a policy of its own loses the one that lets everything of the account publish.
    this.alarms.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal("cloudwatch.amazonaws.com")],
        actions: ["sns:Publish"],
        resources: [this.alarms.topicArn],
        conditions: { StringEquals: { "aws:SourceAccount": this.account } },
      }),
    );
    if (stage.alarm_email !== undefined) this.alarms.addSubscription(new EmailSubscription(stage.alarm_email));

    const { alarms } = this;
    this.queues = Object.fromEntries(
      product.rooms
        .flatMap((room) => Object.entries(room.queues ?? {}))
        .map(([name, data]) => [name, new WorkQueue(this, `Queue-${name}`, { data, alarms, dataKey })]),
    );

    // Deployed stages send from a domain that the account has verified; a laptop has none.
    if (local) new EmailIdentity(this, "Sender", { identity: Identity.email(stage.mail_from) });

    new CfnOutput(this, "AlarmTopicArn", { value: this.alarms.topicArn });
  }
}
