import type { OutboundRequest, OutboundResult } from "../../../../shared/outbound/index.ts";
import type { ConnectorErrorCode, Connectors } from "../../../connectors/public.ts";
import type { Fault, RunTest } from "../../model.ts";

/** How long a provider that limits its rate asks to be left alone, in seconds. */
const RETRY_AFTER_SECONDS = "1";
/** No JSON and no text that anybody has written. */
const GARBAGE = '{"choices":[{"message":\u0000\u0007<<<';
/** Between two drops of a body that has no end. */
const DRIP_MS = 500;

/** What an attempt of a step is made to meet; undefined where it meets nothing. */
export function faultAt(test: RunTest | null, node_id: string, attempt: number): Fault["kind"] | undefined {
  const fault = test !== null && Object.hasOwn(test.faults, node_id) ? test.faults[node_id] : undefined;
  return fault !== undefined && attempt <= (fault.attempts ?? Number.POSITIVE_INFINITY) ? fault.kind : undefined;
}

const statuses = { rate_limited: 429, server_error: 500, garbage: 200 } as const;
const headers = {
  rate_limited: { "retry-after": RETRY_AFTER_SECONDS },
  server_error: {},
  garbage: { "content-type": "application/json" },
} as const;

/** The way to a provider on which every call meets the fault, as if the provider had answered so. */
export const faultyFetch =
  (kind: Fault["kind"]): typeof globalThis.fetch =>
  async (_, init) => {
    const signal = init?.signal ?? undefined;
    if (kind === "timeout") return silence(signal);
    if (kind === "slow_stream")
      return new Response(drops(signal), { status: 200, headers: { "content-type": "application/json" } });
    const body = kind === "garbage" ? GARBAGE : "{}";
    return new Response(body, { status: statuses[kind], headers: headers[kind] });
  };

/** The same of a single request. */
export const faultyRequest =
  (kind: Fault["kind"]) =>
  async ({ timeout_ms = 10_000, signal }: OutboundRequest): Promise<OutboundResult> => {
    if (kind === "timeout" || kind === "slow_stream") {
      const own = AbortSignal.timeout(timeout_ms);
      await silence(signal === undefined ? own : AbortSignal.any([own, signal])).catch(() => undefined);
      return { ok: false, error: { code: "timeout", message: "The host did not answer in time.", retryable: true } };
    }
    const body = Buffer.from(kind === "garbage" ? GARBAGE : "");
    return { ok: true, status: statuses[kind], headers: { ...headers[kind] }, body, truncated: false };
  };

const connectorFaults = {
  timeout: "connector_timeout",
  slow_stream: "connector_timeout",
  rate_limited: "connector_rate_limited",
  server_error: "connector_unavailable",
  garbage: "connector_answer_invalid",
} as const satisfies Record<Fault["kind"], ConnectorErrorCode>;

/** The same of a connector, which is silent or says what is wrong. */
export const faultyConnector =
  (kind: Fault["kind"]): Connectors["call"] =>
  async (_, { signal }) => {
    const code = connectorFaults[kind];
    if (code === "connector_timeout") return silence(signal);
    return { ok: false, code, message: `A made-up fault: ${kind}.` };
  };

/** Nobody answers, until whoever asks gives up. */
const silence = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    // Without a signal nobody would ever give up.
    else if (signal === undefined) reject(new Error("a fault needs a deadline"));
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });

/** A body that comes in drops until whoever reads it gives up. */
function drops(signal: AbortSignal | undefined): ReadableStream<Uint8Array> {
  let timer: NodeJS.Timeout | undefined;
  return new ReadableStream({
    start(controller) {
      timer = setInterval(() => controller.enqueue(new TextEncoder().encode(" ")), DRIP_MS);
      const end = () => {
        clearInterval(timer);
        controller.error(signal?.reason);
      };
      if (signal?.aborted) end();
      else signal?.addEventListener("abort", end, { once: true });
    },
    cancel: () => clearInterval(timer),
  });
}
