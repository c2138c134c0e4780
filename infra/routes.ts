import { fullPath, type OperationShape } from "../shared/http/operation.ts";
import type { ServedOperation } from "./product.ts";

export interface Route {
  /** Route key of the HTTP API, for example `ANY /api/v1/agents/{proxy+}`; `$default` takes what no other does. */
  readonly key: string;
  readonly room: string;
  readonly fn: string;
}

/**
 * The gateway's routes, derived from the operations: the first segment of a path belongs to the function that serves
 * most operations under it (two routes); operations under it that another function serves get a route of their own. Unknown paths get their 404
 * from the platform.
 */
export function gatewayRoutes(operations: readonly ServedOperation[]): Route[] {
  const served = operations
    .filter(({ operation }) => operation.served_by !== "stream")
    .map(({ room, operation }) => ({ operation, base: baseOf(operation), owner: `${room}/${operation.served_by}` }));
  const routes = new Map<string, Route>();
  const add = (key: string, owner: string) => {
    const [room = "", fn = ""] = owner.split("/");
    if (!routes.has(key)) routes.set(key, { key, room, fn });
  };
  for (const base of new Set(served.map((each) => each.base))) {
    const under = served.filter((each) => each.base === base);
    const main = mostFrequent(under.map(({ owner }) => owner));
    add(`ANY ${base}`, main);
    if (under.some(({ operation }) => fullPath(operation) !== base)) add(`ANY ${base}/{proxy+}`, main);
    for (const { operation, owner } of under) {
      if (owner === main) continue;
      // A path whose methods belong to different functions is routed by method.
      const shared = under.some((each) => shape(each.operation) === shape(operation) && each.owner !== owner);
      add(`${shared ? operation.method : "ANY"} ${fullPath(operation)}`, owner);
    }
  }
  return [...routes.values(), { key: "$default", room: "platform", fn: "api" }];
}

/** The part of a path that one function answers for as a whole: `/api/v1/agents`. */
function baseOf(operation: OperationShape): string {
  const noun = operation.path.split("/")[1] ?? "";
  return fullPath({ path: `/${noun}`, root: operation.root });
}

/** A path without the names of its parameters. */
const shape = (operation: OperationShape): string => fullPath(operation).replaceAll(/\{\w+\}/g, "{}");

function mostFrequent(values: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? "";
}
