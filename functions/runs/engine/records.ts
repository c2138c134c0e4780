import type { Blob, Blobs } from "../../../shared/blobs/blobs.ts";
import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Retrieved } from "../../agents/retrieved/public.ts";
import { runEvents } from "../events.ts";
import { aboutRun, type LogDraft } from "../log/entries.ts";
import { loadJson, type RunStep, type StoredRun } from "../store.ts";
import type { Outcome } from "./rules/outcome.ts";
import type { PlanNode } from "./rules/plan.ts";

/** What a model's work came to beyond its outcome. */
export interface Spent {
  /** null where runs within it have been paid for. */
  readonly model: string | null;
  readonly tokens_in: number;
  readonly tokens_out: number;
  readonly cost_usd_micros: number;
  /** Passages that an agent was given. */
  readonly retrieved?: Retrieved | undefined;
}

/** The attempt of a step as it begins. */
export const begunStep = (
  run: Pick<StoredRun, "id" | "expires_at">,
  { id, node }: PlanNode,
  attempt: number,
  at: Date,
): RunStep => ({
  run_id: run.id,
  node_id: id,
  attempt,
  kind: node?.kind ?? "end",
  status: "running",
  started_at: timestamp(at),
  finished_at: null,
  model: null,
  tokens_in: 0,
  tokens_out: 0,
  cost_usd_micros: 0,
  error: null,
  output: null,
  handle: null,
  choice: null,
  blocked: [],
  retry_in_ms: null,
  wait_until: null,
  waits_for: null,
  approval_id: null,
  work_key: null,
  recorded_run_id: null,
  fault: null,
  replayed_calls: 0,
  agent: null,
  calls: [],
  sent: null,
  resources: [],
  prompt: null,
  retrieved: null,
  expires_at: run.expires_at,
});

/** The attempt with its outcome. */
export function settledStep(
  begun: RunStep,
  outcome: Outcome,
  output: Blob | null,
  spent: Spent | undefined,
  at: Date,
): RunStep {
  const { waiting_run_id: _, execution: __, ...attempt } = begun;
  const step = {
    ...attempt,
    ...spent,
    wait_until: null,
    finished_at: timestamp(at),
    retrieved: spent?.retrieved ?? null,
  };
  switch (outcome.status) {
    case "skipped":
      return { ...step, status: "skipped", started_at: null };
    case "completed": {
      const { handle, blocked, choice = null, recovered_from } = outcome;
      const error = recovered_from ?? null;
      return { ...step, status: "completed", output, handle, choice, blocked: [...blocked], error };
    }
    case "failed":
      return { ...step, status: "failed", error: outcome.error, handle: outcome.handle ?? null };
    case "retrying":
      return { ...step, status: "failed", error: outcome.error, retry_in_ms: outcome.retry_in_ms };
  }
}

/** The outcome that a settled attempt's record says. */
export async function outcomeOf(step: RunStep, blobs: Blobs): Promise<Outcome> {
  const { status, error, handle, output } = step;
  if (status === "skipped") return { status };
  if (status === "completed") {
    return {
      status,
      output: output === null ? null : await loadJson(blobs, output),
      handle: handle ?? "",
      blocked: step.blocked,
      ...(step.choice === null ? {} : { choice: step.choice }),
      ...(error === null ? {} : { recovered_from: error }),
    };
  }
  if (status !== "failed" || error === null) throw new Error(`step ${step.node_id} is ${status}, which is no outcome`);
  if (step.retry_in_ms !== null) return { status: "retrying", error, retry_in_ms: step.retry_in_ms };
  return { status, error, ...(handle === null ? {} : { handle }) };
}

/** What the log tells of an outcome. */
export function outcomeLog(step: RunStep, outcome: Outcome): LogDraft {
  const place = { node_id: step.node_id, attempt: step.attempt };
  const data = {
    kind: step.kind,
    ...(step.started_at === null || step.finished_at === null
      ? {}
      : { duration_ms: Date.parse(step.finished_at) - Date.parse(step.started_at) }),
    ...(step.model === null
      ? {}
      : {
          model: step.model,
          tokens_in: step.tokens_in,
          tokens_out: step.tokens_out,
          cost_usd_micros: step.cost_usd_micros,
        }),
    ...(step.error === null ? {} : { code: step.error.code }),
    ...(outcome.status === "completed" || outcome.status === "failed" ? { handle: outcome.handle ?? null } : {}),
  };
  switch (outcome.status) {
    case "skipped":
      return { ...place, level: "debug", type: "step.skipped", message: `${step.node_id} was skipped.`, data };
    case "completed":
      return outcome.recovered_from === undefined
        ? { ...place, level: "info", type: "step.completed", message: `${step.node_id} is complete.`, data }
        : {
            ...place,
            level: "warn",
            type: "step.completed",
            message: `${step.node_id} failed and goes on with its fallback: ${outcome.recovered_from.message}`,
            data,
          };
    case "failed":
      return {
        ...place,
        level: outcome.handle === undefined ? "error" : "warn",
        type: "step.failed",
        message: `${step.node_id} failed: ${outcome.error.message}`,
        data,
      };
    case "retrying":
      return {
        ...place,
        level: "warn",
        type: "step.retrying",
        message: `${step.node_id} failed and is tried again: ${outcome.error.message}`,
        data: { ...data, retry_in_ms: outcome.retry_in_ms },
      };
  }
}

/** What the log tells of an attempt that waits. */
export const waitingLog = ({ node_id, attempt, kind, waits_for, wait_until }: RunStep, message: string): LogDraft => ({
  level: "info",
  type: "step.waiting",
  node_id,
  attempt,
  message,
  data: { kind, waits_for, wait_until },
});

/** The event of it. */
export const waitingEvent = (run: StoredRun, { node_id, attempt, kind, waits_for, wait_until }: RunStep): EventDraft =>
  draft(
    runEvents,
    "run.waiting",
    { id: run.id },
    { ...aboutRun(run), node_id, attempt, step_kind: kind, waits_for: waits_for ?? "time", wait_until },
  );

/** The event that a step has ended, where it has. */
export function outcomeEvents(run: StoredRun, step: RunStep, { status }: Outcome): EventDraft[] {
  if (status !== "completed" && status !== "failed") return [];
  const { node_id, attempt, kind, error } = step;
  return [
    draft(
      runEvents,
      "run.step_completed",
      { id: run.id },
      { ...aboutRun(run), node_id, attempt, step_kind: kind, status, error },
    ),
  ];
}
