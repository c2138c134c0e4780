import { Stack } from "aws-cdk-lib";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import type { Construct } from "constructs";
import { acknowledge } from "../nag.ts";
import type { Stage } from "../stages.ts";

/** Where alarms of one region are told, and who hears them: alarms reach topics of their own region only. */
export class AlarmTopic extends Topic {
  constructor(scope: Construct, id: string, stage: Stage, dataKey: IKey | undefined) {
    const local = stage.name === "local";
    super(scope, id, {
      displayName: `Kaizen Studio ${stage.name}`,
      // The local AWS speaks plain http on loopback.
      enforceSSL: !local,
      ...(dataKey === undefined ? {} : { masterKey: dataKey }),
    });
    if (local) acknowledge(this, "AwsSolutions-SNS3", "The local AWS speaks plain http on loopback.");
    // A topic with a policy of its own loses the one that lets everything of the account publish.
    this.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal("cloudwatch.amazonaws.com")],
        actions: ["sns:Publish"],
        resources: [this.topicArn],
        conditions: { StringEquals: { "aws:SourceAccount": Stack.of(this).account } },
      }),
    );
    if (stage.alarm_email !== undefined) this.addSubscription(new EmailSubscription(stage.alarm_email));
  }
}
