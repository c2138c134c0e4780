import type { Stack } from "aws-cdk-lib";
import type { GraphWidget } from "aws-cdk-lib/aws-cloudwatch";
import type { FunctionUrl } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import type { Area } from "../../shared/room.ts";
import { settingsOf } from "../function-settings.ts";
import { grant, type Resources } from "../grants.ts";
import { acknowledge, acknowledgeWildcard } from "../nag.ts";
import { roomsOf, routesTo } from "../product.ts";
import type { DataStack } from "../stacks/data.ts";
import type { Ground } from "../stacks/ground.ts";
import type { PoolStack } from "../stacks/pool.ts";
import { ApiRoutes } from "./api-routes.ts";
import { AreaDashboard } from "./area-dashboard.ts";
import { RoomFunction } from "./room-function.ts";
import { attachTrigger } from "./triggers.ts";
import type { WatchedQueue } from "./work-queue.ts";

export interface RoomsProps {
  readonly area: Area;
  readonly ground: Standing;
  /** All that its functions may be granted. */
  readonly resources: Resources;
  /** Of rooms that answer requests of people and programs. */
  readonly people?: { readonly pool: PoolStack; readonly gateway: Gateway };
  /** Graphs of the dashboard beside those of functions and queues. */
  readonly graphs?: readonly GraphWidget[];
}

/** What rooms stand on. */
export interface Standing extends Pick<Ground, "stage" | "bundles" | "product" | "messaging"> {
  readonly data: Pick<DataStack, "table" | "key" | "bus" | "dataKey">;
}

/** What functions that answer requests need of the API's stack. */
export interface Gateway {
  readonly api: { readonly apiId: string };
  readonly frontSecret: string | undefined;
}

/** The rooms of one area in its stack: functions, what calls them, routes, alarms and a dashboard. */
export class Rooms extends Construct {
  /** By `<room>/<function>`. */
  readonly functions: Readonly<Record<string, RoomFunction>>;
  /** Addresses of the functions that stream, by `<room>/<function>`. */
  readonly streams: Readonly<Record<string, FunctionUrl>>;

  constructor(stack: Stack, { area, ground, resources, people, graphs = [] }: RoomsProps) {
    super(stack, "Rooms");
    const { stage, product, data, messaging, bundles } = ground;
    const rooms = roomsOf(product, area);
    const values = {
      table: data.table.tableName,
      key: data.key.keyArn,
      people: people && {
        pool: people.pool.pool.userPoolId,
        client: people.pool.client.userPoolClientId,
        frontSecret: people.gateway.frontSecret,
      },
    };
    const functions: Record<string, RoomFunction> = {};
    const streams: Record<string, FunctionUrl> = {};
    const inboxes: WatchedQueue[] = [];
    for (const room of rooms) {
      for (const [name, fn] of Object.entries(room.functions)) {
        if (fn.trigger.kind === "cognito") continue; // stands beside the user pool
        const granted = grant(fn, resources);
        const common = { room: room.name, name, data: fn, stage, alarms: messaging.alarms, dataKey: data.dataKey };
        const environment = settingsOf(fn.trigger.kind, stage, values);
        const built = new RoomFunction(this, { ...common, granted, environment, bundles });
        functions[`${room.name}/${name}`] = built;
        const { url, inbox } = attachTrigger(this, { ...common, built, dataStack: data, queues: messaging.queues });
        if (url !== undefined) streams[`${room.name}/${name}`] = url;
        if (inbox !== undefined) inboxes.push(inbox);
        if (fn.needs.includes("mail") && stage.name === "local") {
          acknowledge(
            built,
            "AwsSolutions-IAM5[Resource::*]",
            "The local AWS checks ses:SendEmail on `*` only; deployed stages name the identity.",
          );
        }
        for (const { resource, reason } of granted.wildcards) acknowledgeWildcard(built, resource, reason);
      }
    }
    const routes = routesTo(product, rooms);
    if (people !== undefined) new ApiRoutes(this, "Routes", { apiId: people.gateway.api.apiId, routes, functions });
    const named = rooms.flatMap((room) => Object.keys(room.queues ?? {}).map((name) => messaging.queues[name]));
    const queues = [...inboxes, ...named.filter((queue) => queue !== undefined)];
    new AreaDashboard(this, `Dashboard-${area}`, { area, functions: Object.values(functions), queues, graphs });
    this.functions = functions;
    this.streams = streams;
  }
}
