import { CfnOutput, Duration, Fn } from "aws-cdk-lib";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction as LambdaTarget, SqsQueue as QueueTarget } from "aws-cdk-lib/aws-events-targets";
import { FilterCriteria, FilterRule, FunctionUrlAuthType, InvokeMode, StartingPosition } from "aws-cdk-lib/aws-lambda";
import { DynamoEventSource, SqsDlq, SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import type { Construct } from "constructs";
import type { FunctionData } from "../../shared/room.ts";
import { queueConsumption, streamReading } from "../grants.ts";
import { acknowledge } from "../nag.ts";
import type { DataStack } from "../stacks/data.ts";
import type { RoomFunction } from "./room-function.ts";
import { WorkQueue } from "./work-queue.ts";

interface Wiring {
  readonly room: string;
  readonly name: string;
  readonly data: FunctionData;
  readonly built: RoomFunction;
  readonly dataStack: DataStack;
  readonly queues: Readonly<Record<string, WorkQueue>>;
  readonly machineName: string;
  /** Gets the origin of a room's streaming operations. */
  readonly streamUrls: Record<string, string>;
}

/** Messages are tried this often before they wait in the dead-letter queue. */
const MAX_RECEIVES = 5;

/** Connects a function to what calls it. Between the bus and a function there is always a queue. */
export function attachTrigger(scope: Construct, wiring: Wiring): void {
  const { room, name, data, built, dataStack, queues, machineName } = wiring;
  const id = `${room}-${name}`;
  const { trigger } = data;
  const { fn } = built;
  const ownQueue = () =>
    new WorkQueue(scope, `Inbox-${id}`, { visibility_seconds: data.timeout_seconds * 6, max_receives: MAX_RECEIVES });
  const consume = (queue: WorkQueue) => {
    built.permit(queueConsumption(queue.queue.queueArn));
    fn.addEventSource(
      new SqsEventSource(queue.queue, {
        batchSize: 10,
        reportBatchItemFailures: true,
        ...(data.max_concurrency === undefined ? {} : { maxConcurrency: data.max_concurrency }),
      }),
    );
  };
  switch (trigger.kind) {
    case "events": {
      const inbox = ownQueue();
      const pattern =
        trigger.types === "all"
          ? { source: ["kaizen-studio"] }
          : { source: ["kaizen-studio"], detailType: [...trigger.types] };
      new Rule(scope, `Rule-${id}`, {
        eventBus: dataStack.bus,
        eventPattern: pattern,
        targets: [new QueueTarget(inbox.queue)],
      });
      consume(inbox);
      break;
    }
    case "run_status": {
      const inbox = ownQueue();
      new Rule(scope, `Rule-${id}`, {
        eventPattern: {
          source: ["aws.states"],
          detailType: ["Step Functions Execution Status Change"],
          detail: { status: ["FAILED", "ABORTED", "TIMED_OUT"], stateMachineArn: [{ suffix: `:${machineName}` }] },
        },
        targets: [new QueueTarget(inbox.queue)],
      });
      consume(inbox);
      break;
    }
    case "queue": {
      const queue = queues[trigger.queue];
      if (queue === undefined) throw new Error(`${id} consumes the queue ${trigger.queue}, which no room has`);
      consume(queue);
      break;
    }
    case "outbox": {
      // A lost record would be a lost event: tried for as long as the stream keeps it, a day, while the function's alarm
      // rings. There is no limit of attempts, which an outage of the bus would use up in minutes.
      const dead = new WorkQueue(scope, `Relay-${id}`, { visibility_seconds: 60, max_receives: MAX_RECEIVES });
      fn.addEventSource(
        new DynamoEventSource(dataStack.table, {
          startingPosition: StartingPosition.TRIM_HORIZON,
          batchSize: 10,
          bisectBatchOnError: true,
          onFailure: new SqsDlq(dead.queue),
          filters: [
            FilterCriteria.filter({
              eventName: FilterRule.isEqual("INSERT"),
              dynamodb: { NewImage: { item_type: { S: FilterRule.isEqual("event") } } },
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
      break;
    }
    case "stream": {
      const url = fn.addFunctionUrl({ authType: FunctionUrlAuthType.NONE, invokeMode: InvokeMode.RESPONSE_STREAM });
      wiring.streamUrls[room] = `https://${Fn.select(2, Fn.split("/", url.url))}`;
      new CfnOutput(scope, `StreamUrl${room}`, { value: url.url });
      break;
    }
    case "rate":
      new Rule(scope, `Rule-${id}`, {
        schedule: Schedule.rate(Duration.minutes(trigger.minutes)),
        targets: [new LambdaTarget(fn)],
      });
      break;
    default:
  }
}
