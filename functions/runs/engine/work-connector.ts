import type { Scope } from "../../../shared/expressions/expression.ts";
import { wellFormed } from "../../../shared/text.ts";
import { type ConnectorAnswer, type Connectors, connectorErrors } from "../../connectors/public.ts";
import { type GraphNode, timeoutOf } from "../../pipelines/graph/public.ts";
import { mapped } from "../calls/rules/spec.ts";
import type { AttemptResult } from "./rules/outcome.ts";
import type { TaskDeps } from "./task.ts";

type Of = Parameters<TaskDeps["worker"]>[0];

/** The request of a node, and what of its run it needs. */
export interface ConnectorTask {
  readonly step: Extract<GraphNode, { kind: "connector" }>;
  readonly scope: Scope;
  readonly run: Pick<Of["run"], "id">;
  readonly table: Pick<Of["table"], "tenant">;
  readonly within: (wanted_ms: number) => number;
}

/** Asks a connector and gives its answer. */
export type AskConnector = Connectors["call"];

/**
 * Asks the node's connector. Every attempt carries the same idempotency key, since all are the same request. What it answers is
 * the output. A connector that keeps silent is given up when the node's time is over, whether it listens or not.
 */
export async function workConnector(
  { step, scope, run, table, within }: ConnectorTask,
  deps: {
    readonly connectors: Pick<Connectors, "call">;
    readonly between?: { connector(own: AskConnector): AskConnector } | undefined;
  },
): Promise<AttemptResult> {
  const { connector_id = "", input_mapping } = step.config;
  const input = await mapped(input_mapping, scope);
  if (!input.ok) return input;
  const signal = AbortSignal.timeout(within(timeoutOf(step)));
  const own: AskConnector = (of, request) => inTime(deps.connectors.call(of, request), request.signal);
  const ask = deps.between?.connector(own) ?? own;
  const request = { connector_id, input: input.value, idempotency_key: `${run.id}-${step.id}`, signal };
  const answer = await ask(table, request);
  if (answer.ok) return { ok: true, output: wellFormed(answer.output) };
  const { code, message, retry_after_ms } = answer;
  return { ok: false, error: { code, message }, ...connectorErrors[code], retry_after_ms };
}

const LATE: ConnectorAnswer = {
  ok: false,
  code: "connector_timeout",
  message: "The connector did not answer in time.",
};

/** An answer, or that there was none when the time was over. */
async function inTime(asked: Promise<ConnectorAnswer>, signal: AbortSignal): Promise<ConnectorAnswer> {
  const { promise: over, resolve } = Promise.withResolvers<ConnectorAnswer>();
  const end = () => resolve(LATE);
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  // Who was told to stop may say so by an error.
  const answered = asked.catch((error: unknown) => {
    if (signal.aborted) return LATE;
    throw error;
  });
  return Promise.race([answered, over]).finally(() => signal.removeEventListener("abort", end));
}
