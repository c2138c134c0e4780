import type { Clock } from "../../../shared/clock.ts";
import type { Scope } from "../../../shared/expressions/expression.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import type { Sealer } from "../../../shared/http/platform.ts";
import { parseForeignJson } from "../../../shared/json.ts";
import type { Outbound, OutboundRequest, OutboundResult } from "../../../shared/outbound/index.ts";
import { retryAfterMs } from "../../../shared/outbound/retry-after.ts";
import { answerText, isBinaryMediaType, isJsonMediaType } from "../../../shared/outbound/text.ts";
import { hiddenForms, redact } from "../../../shared/secrets/redact.ts";
import { wellFormed } from "../../../shared/text.ts";
import { type GraphNode, timeoutOf } from "../../pipelines/graph/public.ts";
import { openHeaders } from "../../pipelines/public.ts";
import type { AttemptResult } from "./rules/outcome.ts";
import { prepareTask } from "./rules/task.ts";
import type { TaskDeps } from "./task.ts";

type Of = Parameters<TaskDeps["worker"]>[0];

/** The request of a node, and what of its run it needs. */
export interface HttpTask {
  readonly step: Extract<GraphNode, { kind: "http" }>;
  readonly scope: Scope;
  readonly run: Pick<Of["run"], "id">;
  readonly table: Pick<Of["table"], "tenant">;
  readonly walk: Pick<Of["walk"], "secrets">;
  /** So long as the work wants to take, but no longer than the run has left. In milliseconds, like what it takes. */
  readonly within: (wanted_ms: number) => number;
}

/** What a host has answered, without the secrets that it was sent. */
export type HttpAnswer =
  | {
      readonly ok: true;
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Json;
    }
  | Extract<OutboundResult, { ok: false }>;

/** Sends a request and gives what it was answered. */
export type SendHttp = (request: OutboundRequest) => Promise<HttpAnswer>;

/** Statuses after which the same request may succeed. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Sends the node's request through the guarded client. Answers 2xx are the output; redirects are not followed, and
 * like 4xx and 5xx they are failures. Every attempt carries the same idempotency key, since all are the same request.
 * What the host echoes of the node's secret headers does not become output, nor part of what a test keeps.
 */
export async function workHttp(
  { step, scope, run, table, walk, within }: HttpTask,
  deps: {
    readonly outbound: Pick<Outbound, "request">;
    readonly secrets: Sealer;
    readonly clock: Clock;
    readonly between?: { request(own: SendHttp): SendHttp } | undefined;
  },
): Promise<AttemptResult> {
  const prepared = await prepareTask(step, scope);
  if (!prepared.ok) return { ...prepared, retryable: false };
  const { task } = prepared;
  if (task.kind !== "http") throw new Error(`${step.id} is no request`);
  const timeout_ms = within(timeoutOf(step));
  const hasBody = task.body !== undefined;
  const secrets = await openHeaders(deps.secrets, table.tenant, step, walk.secrets);
  const own = cleanly(deps.outbound, hiddenForms(Object.values(secrets)));
  const send = deps.between?.request(own) ?? own;
  const result = await send({
    method: task.method as OutboundRequest["method"],
    url: task.url,
    headers: lowerCase([
      ["idempotency-key", `${run.id}-${step.id}`],
      ...(hasBody ? [["content-type", "application/json"] as const] : []),
      ...Object.entries(task.headers),
      ...Object.entries(secrets),
    ]),
    ...(hasBody ? { body: JSON.stringify(task.body) } : {}),
    timeout_ms,
  });
  if (!result.ok) {
    const { code, message, retryable } = result.error;
    return { ok: false, error: { code: `http_${code}`, message }, retryable };
  }
  const { status, headers, body } = result;
  if (status < 200 || status > 299) {
    const error = { code: `http_status_${status}`, message: `The host answered with status ${status}.` };
    const retry_after_ms = retryAfterMs(headers, deps.clock.now().getTime());
    return { ok: false, error, retryable: PASSING.has(status), retry_after_ms };
  }
  return { ok: true, output: { status, headers, body } };
}

/** Nothing above it sees the stored secrets that a host echoes, in whatever charset or spelling it writes them. */
const cleanly =
  (outbound: Pick<Outbound, "request">, hidden: readonly string[]): SendHttp =>
  async (request) => {
    const result = await outbound.request(request);
    if (!result.ok) return redact(result, hidden);
    const { status, headers, body } = result;
    const answer = wellFormed({ status, headers, body: contentOf(headers["content-type"] ?? "", body) });
    return { ok: true, ...redact(answer, hidden) };
  };

/** Names of headers have no case: what is named later replaces what was named before. */
const lowerCase = (headers: readonly (readonly [string, string])[]): Record<string, string> =>
  Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));

/** JSON as its value, other text as text; nothing, and what is no text (pictures), as null. */
function contentOf(type: string, body: Buffer): Json {
  if (isBinaryMediaType(type)) return null;
  const text = answerText(body, type);
  if (text === "") return null;
  if (!isJsonMediaType(type)) return text;
  try {
    return parseForeignJson(text) as Json;
  } catch {
    return text;
  }
}
