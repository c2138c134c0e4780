import { Duration } from "aws-cdk-lib";
import { type EventPattern, type IEventBus, Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction as LambdaTarget } from "aws-cdk-lib/aws-events-targets";
import {
  FilterCriteria,
  FilterRule,
  type FunctionUrl,
  FunctionUrlAuthType,
  InvokeMode,
  StartingPosition,
} from "aws-cdk-lib/aws-lambda";
import { DynamoEventSource, SqsDlq, SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import { DATA_PLANE_SOURCE, type FunctionData, MAX_RECEIVES, visibilitySeconds } from "../../shared/room.ts";
import { queueConsumption, streamReading } from "../grants.ts";
import { acknowledge } from "../nag.ts";
import type { DataStack } from "../stacks/data.ts";
import { mailSetName, runMachineName } from "../stacks/resources.ts";
import type { Stage } from "../stages.ts";
import type { RoomFunction } from "./room-function.ts";
import { DeadLetters, type WatchedQueue, WorkQueue } from "./work-queue.ts";

interface Wiring {
  readonly room: string;
  readonly name: string;
  readonly data: FunctionData;
  readonly built: RoomFunction;
  readonly stage: Stage;
  readonly alarms: ITopic;
  readonly dataStack: Pick<DataStack, "table" | "bus" | "dataKey">;
  readonly queues: Readonly<Record<string, WorkQueue>>;
}

export interface Attached {
  /** The address of a function that streams. */
  readonly url?: FunctionUrl;
  /** The queue that stands before the function, or behind it, and is its own. */
  readonly inbox?: WatchedQueue;
}

/** Connects a function to what calls it. Between the bus and a function there is always a queue. */
export function attachTrigger(scope: Construct, wiring: Wiring): Attached {
  const { room, name, data, built, alarms, dataStack, queues, stage } = wiring;
  const id = `${room}-${name}`;
  const { trigger } = data;
  const { fn } = built;
  const consume = (queue: WorkQueue) => {
    built.permit(queueConsumption(queue.queue.queueArn));
    fn.addEventSource(
      new SqsEventSource(queue.queue, {
        batchSize: data.batch_size ?? 10,
        reportBatchItemFailures: true,
        ...(data.max_concurrency === undefined ? {} : { maxConcurrency: data.max_concurrency }),
      }),
    );
  };
  /** Events of this pattern go to a queue of the function's own. */
  const listen = (eventPattern: EventPattern, eventBus?: IEventBus): Attached => {
    const rule = new Rule(scope, `Rule-${id}`, { eventPattern, ...(eventBus === undefined ? {} : { eventBus }) });
    const visibility_seconds = visibilitySeconds(data.timeout_seconds);
    const inbox = new WorkQueue(scope, `Inbox-${id}`, {
      data: { visibility_seconds, max_receives: MAX_RECEIVES },
      alarms,
      dataKey: dataStack.dataKey,
      rule,
    });
    // The queue's own policy lets the rule send: the CDK's target would write a second one, and the last one wins.
    rule.addTarget({ bind: () => ({ arn: inbox.queue.queueArn }) });
    consume(inbox);
    return { inbox };
  };
  switch (trigger.kind) {
    case "events": {
      const types = trigger.types === "all" ? {} : { detailType: [...trigger.types] };
      return listen({ source: ["kaizen-studio"], ...types }, dataStack.bus);
    }
    case "served":
      return listen({ source: [DATA_PLANE_SOURCE], detailType: [...trigger.types] }, dataStack.bus);
    case "run_status":
      return listen({
        source: ["aws.states"],
        detailType: ["Step Functions Execution Status Change"],
        detail: {
          status: ["FAILED", "ABORTED", "TIMED_OUT"],
          stateMachineArn: [{ suffix: `:${runMachineName(stage)}` }],
        },
      });
    case "mail_status":
      return listen({
        source: ["aws.ses"],
        detailType: ["Email Bounced", "Email Complaint Received"],
        // Others in the account may send too. The local AWS has no configuration sets.
        ...(stage.name === "local"
          ? {}
          : { detail: { mail: { tags: { "ses:configuration-set": [mailSetName(stage)] } } } }),
      });
    case "due":
    case "queue": {
      const queue = queues[trigger.queue];
      if (queue === undefined) throw new Error(`${id} consumes the queue ${trigger.queue}, which no room has`);
      consume(queue);
      return {};
    }
    case "inserts": {
      // A lost record would be a lost event, or an entry without a place: tried for as long as the stream keeps it, a day,
      // while the function's alarm rings. There is no limit of attempts, which an outage would use up in minutes.
      // What can never be worked off is put aside by the function itself, which goes on with the others.
      const dead = new DeadLetters(scope, `Inserts-${id}`, { whose: id, alarms, dataKey: dataStack.dataKey });
      fn.addEnvironment("DEAD_LETTERS_URL", dead.queue.queueUrl);
      fn.addEventSource(
        new DynamoEventSource(dataStack.table, {
          startingPosition: StartingPosition.TRIM_HORIZON,
          batchSize: data.batch_size ?? 10,
          ...(trigger.window_seconds === undefined
            ? {}
            : { maxBatchingWindow: Duration.seconds(trigger.window_seconds) }),
          bisectBatchOnError: true,
          onFailure: new SqsDlq(dead.queue),
          filters: [
            FilterCriteria.filter({
              eventName: FilterRule.isEqual("INSERT"),
              dynamodb: { NewImage: { item_type: { S: FilterRule.isEqual(trigger.of) } } },
            }),
          ],
        }),
      );
      built.permit(...streamReading(dataStack.table.tableStreamArn ?? "", dead.queue.queueArn));
      acknowledge(
        built,
        "AwsSolutions-IAM5[Resource::*]",
        "dynamodb:ListStreams, which the event source asks for, takes no resource.",
      );
      return { inbox: dead };
    }
    case "stream":
    case "door":
      return { url: fn.addFunctionUrl({ authType: FunctionUrlAuthType.NONE, invokeMode: InvokeMode.RESPONSE_STREAM }) };
    case "rate":
      new Rule(scope, `Rule-${id}`, {
        schedule: Schedule.rate(Duration.minutes(trigger.minutes)),
        targets: [new LambdaTarget(fn)],
      });
      return {};
    default:
      return {};
  }
}
