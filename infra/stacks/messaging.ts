import { CfnOutput, Stack } from "aws-cdk-lib";
import { EventBus } from "aws-cdk-lib/aws-events";
import {
  ConfigurationSet,
  EmailIdentity,
  EmailSendingEvent,
  EventDestination,
  Identity,
  SuppressionReasons,
} from "aws-cdk-lib/aws-ses";
import type { Topic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import { AlarmTopic } from "../constructs/alarm-topic.ts";
import { WorkQueue } from "../constructs/work-queue.ts";
import type { Product } from "../product.ts";
import type { DataStack, StageProps } from "./data.ts";
import { mailSetName } from "./resources.ts";

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
    this.alarms = new AlarmTopic(this, "Alarms", stage, dataKey);

    const { alarms } = this;
    this.queues = Object.fromEntries(
      product.rooms
        .flatMap((room) => Object.entries(room.queues ?? {}))
        .map(([name, data]) => [name, new WorkQueue(this, `Queue-${name}`, { data, alarms, dataKey })]),
    );

    if (stage.name !== "local") {
      const set = new ConfigurationSet(this, "MailSet", {
        configurationSetName: mailSetName(stage),
        reputationMetrics: true,
        suppressionReasons: SuppressionReasons.BOUNCES_AND_COMPLAINTS,
      });
      // What was not taken comes back to us (room `mail`); SES tells EventBridge's default bus only.
      set.addEventDestination("Undelivered", {
        destination: EventDestination.eventBus(EventBus.fromEventBusName(this, "DefaultBus", "default")),
        events: [EmailSendingEvent.BOUNCE, EmailSendingEvent.COMPLAINT],
      });
    }

    // Deployed stages send from a domain that the account has verified; a laptop has none.
    if (stage.name === "local") new EmailIdentity(this, "Sender", { identity: Identity.email(stage.mail_from) });

    new CfnOutput(this, "AlarmTopicArn", { value: this.alarms.topicArn });
  }
}
