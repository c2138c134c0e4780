import { clientOptions } from "../../../shared/aws/clients.ts";
import { readSettings } from "../../../shared/config/settings.ts";
import { OutboundError, type OutboundResult } from "../../../shared/outbound/index.ts";
import type * as Sdk from "./lazy/lambda.ts";

/** A request of the deploy protocol, as the built-in data plane is asked it: by an invocation. */
export interface PlaneRequest {
  readonly organization_id: string;
  readonly method: string;
  readonly path: string;
  readonly body?: object | undefined;
}

/** The built-in data plane, as the management plane has it. */
export interface Plane {
  /** Asks it. Never throws: what it cannot answer is an answer that did not come. */
  ask(request: PlaneRequest): Promise<OutboundResult>;
}

const failed = (code: "connect_failed" | "timeout" | "protocol_error", cause: unknown): OutboundResult => ({
  ok: false,
  error: new OutboundError(code, cause).failure,
});

const answered = (status: number, body: unknown): OutboundResult => ({
  ok: true,
  status,
  headers: { "content-type": "application/json" },
  body: body === null || body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body)),
  truncated: false,
});

/** What an invocation came to, as an answer: AWS refuses by its own words, and a function that fails says so apart. */
export function resultOf(FunctionError: string | undefined, payload: Uint8Array | undefined): OutboundResult {
  if (FunctionError !== undefined) return answered(500, null);
  try {
    const { status, body } = JSON.parse(Buffer.from(payload ?? []).toString("utf8")) as Record<string, unknown>;
    return Number.isInteger(status) ? answered(status as number, body) : failed("protocol_error", undefined);
  } catch (error) {
    return failed("protocol_error", error);
  }
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : "");

/** Why AWS did not invoke it: throttled is busy, the rest is not reached. */
const refusalOf = (error: unknown): OutboundResult => {
  const name = nameOf(error);
  if (name === "TooManyRequestsException") return answered(429, null);
  if (name === "RequestTooLargeException") return answered(413, null);
  return failed(name === "TimeoutError" ? "timeout" : "connect_failed", error);
};

/** The data plane of this deployment, by its function's role. The client is loaded when it is first asked. */
export function connectPlane(): Plane {
  const { DATA_PLANE_FUNCTION_ARN: FunctionName } = readSettings(["DATA_PLANE_FUNCTION_ARN"]);
  let loading: Promise<{ readonly sdk: typeof Sdk; readonly client: Sdk.LambdaClient }> | undefined;
  const connected = () => {
    loading ??= import("./lazy/lambda.ts").then((sdk) => ({
      sdk,
      client: new sdk.LambdaClient(clientOptions("functions")),
    }));
    return loading;
  };
  return {
    async ask(request) {
      const { sdk, client } = await connected();
      try {
        const answer = await client.send(new sdk.InvokeCommand({ FunctionName, Payload: JSON.stringify(request) }));
        return resultOf(answer.FunctionError, answer.Payload);
      } catch (error) {
        return refusalOf(error);
      }
    },
  };
}
