import { Duration } from "aws-cdk-lib";
import { AlarmStatusWidget, Dashboard, GraphWidget, type IMetric, Stats } from "aws-cdk-lib/aws-cloudwatch";
import { Construct } from "constructs";
import type { Area } from "../../shared/room.ts";
import type { RoomFunction } from "./room-function.ts";
import type { WatchedQueue } from "./work-queue.ts";

export interface AreaDashboardProps {
  readonly area: Area;
  readonly functions: readonly RoomFunction[];
  readonly queues: readonly WatchedQueue[];
  /** Graphs of what else the area has. */
  readonly graphs: readonly GraphWidget[];
}

const period = Duration.minutes(5);
const HALF = 12;

/** What an operator looks at when an alarm of this area has rung: alarms, functions, queues. */
export class AreaDashboard extends Construct {
  constructor(scope: Construct, id: string, { area, functions, queues, graphs }: AreaDashboardProps) {
    super(scope, id);
    const alarms = [...functions.flatMap(({ alarm }) => alarm ?? []), ...queues.map(({ alarm }) => alarm)];
    const ofFunctions = (title: string, metric: (fn: RoomFunction["fn"]) => IMetric) =>
      new GraphWidget({ title, left: functions.map(({ fn }) => metric(fn)), width: HALF });
    const ofQueues = (title: string, metric: (queue: WatchedQueue["queue"]) => IMetric) =>
      new GraphWidget({ title, left: queues.map(({ queue }) => metric(queue)), width: HALF });
    const rows = [
      alarms.length > 0 ? [new AlarmStatusWidget({ title: `Alarms of ${area}`, alarms, width: 2 * HALF })] : [],
      [...graphs],
      [
        ofFunctions("Invocations", (fn) => fn.metricInvocations({ period })),
        ofFunctions("Errors", (fn) => fn.metricErrors({ period })),
      ],
      [
        ofFunctions("Duration, slowest of a hundred", (fn) =>
          fn.metricDuration({ period, statistic: Stats.percentile(99) }),
        ),
        ofFunctions("Throttles", (fn) => fn.metricThrottles({ period })),
      ],
      queues.length > 0
        ? [
            ofQueues("Messages waiting", (queue) => queue.metricApproximateNumberOfMessagesVisible({ period })),
            ofQueues("Age of the oldest message", (queue) => queue.metricApproximateAgeOfOldestMessage({ period })),
          ]
        : [],
    ];
    new Dashboard(this, "Area", { widgets: rows.filter((row) => row.length > 0) });
  }
}
