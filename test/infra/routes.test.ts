import { describe, expect, it } from "vitest";
import { allOperations } from "../../functions/operations.ts";
import { rooms } from "../../functions/rooms.ts";
import { fullPath } from "../../shared/http/operation.ts";
import { type Resource, synthesize } from "./support.ts";

const stack = synthesize("production");

interface GatewayRoute {
  readonly method: string;
  readonly segments: readonly string[];
  readonly fn: Resource;
}

const routes: GatewayRoute[] = [];
let byDefault: Resource | undefined;
for (const { properties } of stack.of("AWS::ApiGatewayV2::Route")) {
  const integration = stack.target(stack.text(properties.Target).replace(/^integrations\//, ""));
  const fn = stack.target(integration.properties.IntegrationUri);
  if (properties.RouteKey === "$default") byDefault = fn;
  else {
    const [method = "", path = ""] = properties.RouteKey.split(" ");
    routes.push({ method, segments: path.split("/").slice(1), fn });
  }
}

const isVariable = (segment: string): boolean => segment.startsWith("{");
const isGreedy = ({ segments }: GatewayRoute): boolean => segments.at(-1) === "{proxy+}";

function fits(route: GatewayRoute, method: string, path: readonly string[]): boolean {
  if (route.method !== "ANY" && route.method !== method) return false;
  const fixed = isGreedy(route) ? route.segments.slice(0, -1) : route.segments;
  if (isGreedy(route) ? path.length <= fixed.length : path.length !== fixed.length) return false;
  return fixed.every((segment, i) => isVariable(segment) || segment === path[i]);
}

/**
 * The function that an HTTP API chooses: a full match before a greedy one, a longer greedy one before a shorter, fixed
 * segments before variables, the method before ANY, `$default` last.
 */
function chosen(method: string, url: string): Resource {
  const path = url.split("/").slice(1);
  const rank = (route: GatewayRoute): string =>
    [
      isGreedy(route) ? 1 : 0,
      String(100 - route.segments.length),
      route.segments.map((segment) => (isVariable(segment) ? 1 : 0)).join(""),
      route.method === "ANY" ? 1 : 0,
    ].join(" ");
  const [best] = routes.filter((route) => fits(route, method, path)).sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
  if (best !== undefined) return best.fn;
  if (byDefault === undefined) throw new Error("the API has no $default route");
  return byDefault;
}

const behindGateway = allOperations.filter(({ operation }) => operation.served_by !== "stream");
const streamed = allOperations.filter(({ operation }) => operation.served_by === "stream");

describe("the HTTP API", () => {
  it.each(
    behindGateway.map(
      ({ room, operation }) => [`${operation.method} ${fullPath(operation)}`, room, operation] as const,
    ),
  )("%s reaches the function that serves it", (_, room, operation) => {
    const url = fullPath(operation).replaceAll(/\{\w+\}/g, "some-value");
    expect(chosen(operation.method, url).id).toBe(stack.functionOf(room, operation.served_by).id);
  });

  it("no two operations have the same method and path", () => {
    const keys = allOperations.map(({ operation }) =>
      `${operation.method} ${fullPath(operation)}`.replaceAll(/\{\w+\}/g, "{}"),
    );
    expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
  });

  it("no two routes differ in the names of their variables only, which the gateway refuses", () => {
    const keys = routes.map(({ method, segments }) =>
      [method, ...segments.map((each) => (isVariable(each) && each !== "{proxy+}" ? "{}" : each))].join("/"),
    );
    expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
  });

  it("a variable of one function's route never takes a path that another function serves by name", () => {
    for (const { room, operation } of behindGateway) {
      const own = stack.functionOf(room, operation.served_by);
      const path = fullPath(operation).split("/").slice(1);
      const full = routes.filter((route) => !isGreedy(route) && fits(route, operation.method, path));
      for (const route of full.filter(({ fn }) => fn.id !== own.id)) {
        const fixed = (segments: readonly string[]) => segments.filter((segment) => !isVariable(segment)).length;
        const better = full.some((each) => each.fn.id === own.id && fixed(each.segments) >= fixed(route.segments));
        expect(better, `${operation.id} and ${route.segments.join("/")}`).toBe(true);
      }
    }
  });

  it.each(["/nothing", "/api/v2/agents", "/api/v1/nothing", "/api/v1/healthy"])(
    "the unknown path %s gets its 404 from the platform",
    (url) => {
      expect(chosen("GET", url).id).toBe(stack.functionOf("platform", "api").id);
    },
  );

  it("may call each function that it leads to, and is the only gateway that may", () => {
    const api = stack.only("AWS::ApiGatewayV2::Api").id;
    const permitted = stack
      .of("AWS::Lambda::Permission")
      .filter(({ properties }) => properties.Principal === "apigateway.amazonaws.com")
      .map(({ properties }) => {
        expect(stack.text(properties.SourceArn)).toBe(`arn:aws:execute-api:us-east-1:000000000000:{${api}}/*`);
        return stack.target(properties.FunctionName).id;
      });
    const led = new Set([...routes.map(({ fn }) => fn.id), byDefault?.id]);
    expect(permitted.sort()).toEqual([...led].sort());
  });
});

describe("function addresses", () => {
  const urls = stack.of("AWS::Lambda::Url");

  it("only functions that stream have one, and it streams", () => {
    const streaming = rooms.flatMap((room) =>
      Object.entries(room.functions)
        .filter(([, { trigger }]) => trigger.kind === "stream" || trigger.kind === "door")
        .map(([name]) => stack.functionOf(room.name, name).id),
    );
    expect(urls.map(({ properties }) => stack.target(properties.TargetFunctionArn).id).sort()).toEqual(
      streaming.sort(),
    );
    for (const { properties } of urls) expect(properties.InvokeMode).toBe("RESPONSE_STREAM");
  });

  it.each(streamed.map(({ room, operation }) => [operation.id, room] as const))(
    "%s is served by a function that streams",
    (_, room) => {
      const fn = stack.functionOf(room, "stream");
      expect(urls.some(({ properties }) => stack.target(properties.TargetFunctionArn).id === fn.id)).toBe(true);
    },
  );
});

describe("other callers", () => {
  const permissions = stack.of("AWS::Lambda::Permission");

  it("the user pool may call its triggers", () => {
    const pool = stack.only("AWS::Cognito::UserPool");
    const { PreSignUp, PreTokenGenerationConfig, ...others } = pool.properties.LambdaConfig;
    expect(others).toEqual({});
    const triggers = [PreSignUp, PreTokenGenerationConfig.LambdaArn].map((arn) => stack.target(arn).id);
    expect(triggers.length).toBeGreaterThan(0);
    for (const trigger of triggers) {
      const permitted = permissions.some(
        ({ properties }) =>
          properties.Principal === "cognito-idp.amazonaws.com" &&
          stack.target(properties.FunctionName).id === trigger &&
          stack.text(properties.SourceArn) === `{${pool.id}.Arn}`,
      );
      expect(permitted, trigger).toBe(true);
    }
  });

  it("a rule on time may call its function, that rule and no other", () => {
    for (const rule of stack.of("AWS::Events::Rule")) {
      if (rule.properties.ScheduleExpression === undefined) continue;
      const fn = stack.target(rule.properties.Targets[0].Arn).id;
      const permitted = permissions.filter(
        ({ properties }) =>
          properties.Principal === "events.amazonaws.com" && stack.target(properties.FunctionName).id === fn,
      );
      expect(permitted.map(({ properties }) => stack.text(properties.SourceArn))).toEqual([`{${rule.id}.Arn}`]);
    }
  });

  it("everybody may call functions that stream, through their address only", () => {
    for (const { id, properties } of permissions.filter((each) => each.properties.Principal === "*")) {
      const through = properties.FunctionUrlAuthType === "NONE" || properties.InvokedViaFunctionUrl === true;
      expect(through, id).toBe(true);
    }
  });
});
