import { allOperations } from "../functions/operations.ts";
import { API_BASE } from "../shared/http/operation.ts";

export interface Route {
  /** Route key of the HTTP API, for example `ANY /api/v1/agents/{proxy+}`. */
  readonly key: string;
  readonly room: string;
  readonly fn: string;
}

/**
 * The gateway's routes, derived from the operations: the first segment of a path belongs to the function that serves
 * most operations under it (two routes); operations under it that another function serves get a route of their own.
 */
export function gatewayRoutes(): Route[] {
  const served = allOperations.filter(({ operation }) => operation.served_by !== "stream");
  const nouns = new Map<string, Map<string, number>>();
  for (const { room, operation } of served) {
    const owners = nouns.get(noun(operation.path)) ?? new Map<string, number>();
    const owner = `${room}/${operation.served_by}`;
    owners.set(owner, (owners.get(owner) ?? 0) + 1);
    nouns.set(noun(operation.path), owners);
  }
  const routes: Route[] = [];
  for (const [name, owners] of nouns) {
    const [main] = [...owners].sort(([, a], [, b]) => b - a)[0] ?? [""];
    const [room = "", fn = ""] = main.split("/");
    if (name === "") routes.push({ key: `ANY ${API_BASE}`, room, fn });
    else
      routes.push({ key: `ANY ${API_BASE}/${name}`, room, fn }, { key: `ANY ${API_BASE}/${name}/{proxy+}`, room, fn });
    for (const { room: other, operation } of served) {
      if (noun(operation.path) !== name || `${other}/${operation.served_by}` === main) continue;
      const key = `ANY ${API_BASE}${operation.path.replaceAll(/\{(\w+)\}/g, (_, p: string) => `{${p}}`)}`;
      if (!routes.some((route) => route.key === key)) routes.push({ key, room: other, fn: operation.served_by });
    }
  }
  return routes;
}

const noun = (path: string): string => path.split("/")[1] ?? "";
