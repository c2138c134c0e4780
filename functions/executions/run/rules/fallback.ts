/** Failures that lie with a model or its provider, so that another one may answer. What lies with the request does not. */
const ANOTHER_MAY = new Set([
  "model_unavailable",
  "provider_unavailable",
  "model_not_found",
  "model_rate_limited",
  "model_timeout",
  "model_answer_invalid",
  "context_too_long",
  "provider_key_missing",
  "provider_key_invalid",
  "provider_quota_exceeded",
  "provider_address_blocked",
  "unknown_model",
]);

/** Less time than this makes no answer. */
const LEAST_MS = 2_000;
/** Whoever comes after a model that is silent needs time, too. */
const SHARE = 0.6;

/** Servers are asked for tools, resources and a prompt within this part of the time: the rest is the model's. */
const MATERIAL_SHARE = 0.5;

/** How long MCP servers may take, all together, before a model is asked. */
export const timeForMaterial = (timeout_ms: number): number => Math.max(0, Math.floor(timeout_ms * MATERIAL_SHARE));

/** A model that was asked and failed, and what it cost. */
export interface TriedModel {
  readonly model: string;
  readonly code: string;
  readonly tokens_in: number;
  readonly tokens_out: number;
  readonly cost_usd_micros: number;
}

/** What is to be known of the result of one model. */
interface Result {
  readonly ok: boolean;
  readonly error?: { readonly code: string; readonly retryable: boolean };
  readonly model: string;
  readonly usage: { readonly tokens_in: number; readonly tokens_out: number };
  readonly model_calls: number;
  readonly estimated: boolean;
  readonly cost_usd_micros: number;
  readonly retries: number;
  readonly tool_calls: readonly unknown[];
  readonly unrecorded: readonly unknown[];
}

/**
 * Whether the next model is asked: the failure is not the request's own, nothing has been said to a reader, and no tool was
 * called, which may have had effects.
 */
export const mayGoOn = ({ error, tool_calls }: Result, said: boolean): boolean =>
  error !== undefined && !said && tool_calls.length === 0 && ANOTHER_MAY.has(error.code);

/** How long a model gets of the time that is left; undefined where it is not worth asking. */
export function timeFor(left_ms: number, first: boolean, last: boolean): number | undefined {
  if (!first && left_ms < LEAST_MS) return undefined;
  return last ? left_ms : Math.floor(left_ms * SHARE);
}

/** The own model's failure is told; whether the work is worth repeating is as the last one says that was asked. */
const lastly = <E extends { readonly retryable: boolean }>(own: E, last: { readonly retryable: boolean } = own): E => ({
  ...own,
  retryable: own.retryable && last.retryable,
});

/**
 * One result of all models that were asked: the answer of the one that gave it, or the failure of the agent's own; usage and
 * cost of all.
 */
export function together<T extends Result>(results: readonly [T, ...T[]]): T & { readonly tried: TriedModel[] } {
  const [first] = results;
  const shown = results.find(({ ok }) => ok) ?? first;
  const sum = (pick: (one: Result) => number) => results.reduce((total, one) => total + pick(one), 0);
  const tried = results.flatMap(({ error, model, usage, cost_usd_micros }): TriedModel[] =>
    error === undefined ? [] : [{ model, code: error.code, ...usage, cost_usd_micros }],
  );
  return {
    ...shown,
    usage: { tokens_in: sum(({ usage }) => usage.tokens_in), tokens_out: sum(({ usage }) => usage.tokens_out) },
    model_calls: sum(({ model_calls }) => model_calls),
    estimated: results.some(({ estimated }) => estimated),
    cost_usd_micros: sum(({ cost_usd_micros }) => cost_usd_micros),
    retries: sum(({ retries }) => retries),
    // A tool that one of them called may have had effects: it is told, and the work is not repeated for the first one's failure.
    tool_calls: results.flatMap(({ tool_calls }) => tool_calls),
    ...(shown.error === undefined ? {} : { error: lastly(shown.error, results.at(-1)?.error) }),
    unrecorded: results.flatMap(({ unrecorded }) => unrecorded),
    tried,
  };
}
