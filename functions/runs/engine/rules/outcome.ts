import type { Json } from "../../../../shared/expressions/json.ts";
import { DEFAULT_SOURCE_HANDLE, ERROR_HANDLE } from "../../../pipelines/graph/public.ts";
import type { RunChoice } from "../../model.ts";
import { edgeAt, type Plan, type PlanNode, type Resolution } from "./plan.ts";

/** Why a step failed. The code is for programs, the message for people. */
export interface StepError {
  readonly code: string;
  readonly message: string;
}

/** What one attempt of a node's work came to. */
export type AttemptResult =
  | {
      readonly ok: true;
      readonly output: Json;
      readonly handle?: string;
      readonly blocked?: readonly number[];
      readonly choice?: RunChoice;
    }
  | {
      readonly ok: false;
      readonly error: StepError;
      /** false: another attempt would fail the same way. */
      readonly retryable?: boolean;
      /** What the other side asks to be left alone for, as in `Retry-After`. */
      readonly retry_after_ms?: number | undefined;
    };

/**
 * The work is not done in this task: the step waits, and whoever knows that it may go on wakes it. Then the same work is asked
 * again, looks at what has come of it, and answers with a result or waits on; so it may be woken too often, never too seldom.
 */
export interface Parked {
  readonly parked: true;
  /** The workflow itself wakes it after so many milliseconds; left out, somebody else does. */
  readonly pause_ms?: number;
}

/** What was committed for a step. Everything that follows from a step follows from this alone, so it can be repeated after a crash. */
export type Outcome =
  | {
      readonly status: "completed";
      readonly output: Json;
      /** The handle that was chosen. */
      readonly handle: string;
      /** Edges of that handle whose own condition did not hold. */
      readonly blocked: readonly number[];
      readonly choice?: RunChoice;
      /** The failure that the fallback stands in for. */
      readonly recovered_from?: StepError;
    }
  /** `handle` under the policy error_edge; without it the run fails. */
  | { readonly status: "failed"; readonly error: StepError; readonly handle?: string }
  | { readonly status: "skipped" }
  /** The attempt failed and another one follows. */
  | { readonly status: "retrying"; readonly error: StepError; readonly retry_in_ms: number };

export const skipped: Outcome = { status: "skipped" };

/** A longer pause than an hour is more likely a mistake than a plan. */
const MAX_BACKOFF_MS = 3_600_000;

/**
 * What an attempt's result means under the node's policy: done, another attempt, the fallback, the error edge, or the
 * run's failure. The pause before another attempt is the longer of the policy's and of what the other side asks for;
 * one that `left_ms`, the run's time, does not hold is a failure at once.
 */
export function settle({ node }: PlanNode, attempt: number, result: AttemptResult, left_ms = Infinity): Outcome {
  if (result.ok) {
    const { output, handle = DEFAULT_SOURCE_HANDLE, blocked = [], choice } = result;
    return { status: "completed", output, handle, blocked, ...(choice === undefined ? {} : { choice }) };
  }
  const { error } = result;
  const config = node?.config;
  const attempts = config?.retry?.max_attempts ?? 1;
  if (result.retryable !== false && attempt < attempts) {
    const backoff = (config?.retry?.backoff_ms ?? 0) * 2 ** (attempt - 1);
    const retry_in_ms = Math.min(Math.max(backoff, result.retry_after_ms ?? 0), MAX_BACKOFF_MS);
    if (retry_in_ms < left_ms) return { status: "retrying", error, retry_in_ms };
  }
  if (config?.on_failure === "fallback") {
    // A branching node has no handle "output"; the value goes by its default.
    const handle = ("default" in config ? config.default : undefined) ?? DEFAULT_SOURCE_HANDLE;
    return { status: "completed", output: config.fallback ?? null, handle, blocked: [], recovered_from: error };
  }
  return config?.on_failure === "error_edge"
    ? { status: "failed", error, handle: ERROR_HANDLE }
    : { status: "failed", error };
}

/** Whether the outcome ends the run in failure. */
export const failsRun = (outcome: Outcome): outcome is Extract<Outcome, { status: "failed" }> =>
  outcome.status === "failed" && outcome.handle === undefined;

/** Whether an edge is taken after its source's outcome. A sink's edge to the end is taken when the sink ran. */
export function edgeTaken(plan: Plan, ordinal: number, outcome: Outcome): boolean {
  if (outcome.status === "skipped" || outcome.status === "retrying") return false;
  const { handle } = edgeAt(plan, ordinal);
  if (outcome.handle === undefined || (handle !== undefined && handle !== outcome.handle)) return false;
  return outcome.status === "failed" || !outcome.blocked.includes(ordinal);
}

/** The worklist that follows from an outcome: each outgoing edge of the node, taken or untaken. */
export function resolutions(plan: Plan, node: PlanNode, outcome: Outcome): Resolution {
  const taken: number[] = [];
  const untaken: number[] = [];
  for (const edge of node.outgoing) (edgeTaken(plan, edge, outcome) ? taken : untaken).push(edge);
  return { taken, untaken };
}

/** What travels along a taken edge: the output, or `{error: {code, message}, node_id}` along an error edge. */
export function edgeValue(node: PlanNode, outcome: Outcome): Json {
  if (outcome.status === "completed") return outcome.output;
  if (outcome.status !== "failed") return null;
  return { error: { code: outcome.error.code, message: outcome.error.message }, node_id: node.id };
}
