import type * as z from "zod";
import type { Blob } from "../../../shared/blobs/blobs.ts";
import { type ChangeContext, eventWrites } from "../../../shared/change/commit.ts";
import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import { unavailable } from "../../../shared/dynamo/retry.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { runEvents } from "../events.ts";
import { aboutRun, type LogDraft, logEntry, logWrite, Overtaken, stateWrite } from "../log/entries.ts";
import { number } from "../log/pending.ts";
import { type Denial, type EndStatus, isLive, type LogType } from "../model.ts";
import { leave } from "../queue/places.ts";
import { type RunState, runItem, runValueItem, runWatch, type StoredRun } from "../store.ts";

/** How a run ends. */
export type Ending =
  | { readonly status: "completed"; readonly output: Blob }
  | {
      readonly status: "failed";
      readonly error: { readonly code: string; readonly message: string };
      readonly node_id?: string;
    }
  | { readonly status: "timed_out" }
  /** By somebody; with `error`, because the step `node_id` was denied. */
  | {
      readonly status: "stopped";
      readonly error?: { readonly code: Denial; readonly message: string };
      readonly node_id?: string;
    };

const endings: Readonly<Record<EndStatus, { level: LogDraft["level"]; type: LogType; message: string }>> = {
  completed: { level: "info", type: "run.completed", message: "The run is complete." },
  failed: { level: "error", type: "run.failed", message: "The run failed" },
  stopped: { level: "warn", type: "run.stopped", message: "The run was stopped." },
  timed_out: { level: "error", type: "run.timed_out", message: "The run took longer than it may." },
};

/** Everything that the end of a run writes and tells; from this state, which must still be live. */
export function ending(
  table: TenantTable,
  run: StoredRun,
  state: RunState,
  at: Date,
  end: Ending,
): {
  readonly writes: Write[];
  readonly events: [EventDraft, ...EventDraft[]];
  readonly next: RunState;
  readonly run: StoredRun;
} {
  const { status } = end;
  const told = endings[status];
  const error =
    "error" in end && end.error !== undefined
      ? { ...end.error, ...(end.node_id === undefined ? {} : { node_id: end.node_id }) }
      : null;
  const set = { status, finished_at: timestamp(at), error };
  const next = { ...state, status, sequence: state.sequence + 1 };
  const entry = {
    ...told,
    message: error === null ? told.message : `${told.message}: ${error.message}`,
    node_id: error?.node_id ?? null,
    data: error === null ? {} : { code: error.code },
  };
  const { steps, tokens_in, tokens_out, cost_usd_micros } = state;
  const data = { ...aboutRun(run), totals: { steps, tokens_in, tokens_out, cost_usd_micros } };
  return {
    writes: [
      stateWrite(table, state, { entries: 1, status }),
      table.writes.update(runItem, { id: run.id }, { set }),
      logWrite(table, state, next.sequence, logEntry(at, entry)),
      // Taken in the transaction that let the run in: every run ends once, so none is lost.
      ...leave(table, run, state),
      runWatch.clear(table, run.id),
      ...(end.status === "completed"
        ? [
            table.writes.put(runValueItem, {
              run_id: run.id,
              name: "output",
              value: end.output,
              expires_at: run.expires_at,
            }),
          ]
        : []),
    ],
    events: [endEvent(run, end, data), ...returned(run, status)],
    next,
    run: { ...run, ...set },
  };
}

/** Whoever waits for it is told of a run within another. */
function returned(run: StoredRun, status: EndStatus): EventDraft[] {
  const { id, parent_run_id, called_by } = run;
  if (parent_run_id === null || called_by === null) return [];
  const { index, ...step } = called_by;
  return [
    draft(
      runEvents,
      "run.returned",
      { id: parent_run_id },
      { run_id: parent_run_id, ...step, index, child_run_id: id, status },
    ),
  ];
}

function endEvent(run: StoredRun, end: Ending, data: z.input<(typeof runEvents)["run.completed"]["data"]>): EventDraft {
  switch (end.status) {
    case "failed":
      return draft(
        runEvents,
        "run.failed",
        run,
        { ...data, error: end.error, node_id: end.node_id ?? null },
        end.error.code === "budget_exceeded" ? { outcome: "denied", reason: "budget" } : {},
      );
    case "stopped": {
      const reason = end.error?.code;
      const outcome = reason === "parent_ended" ? "cancelled" : "denied";
      const denied = reason === undefined ? {} : ({ outcome, reason } as const);
      return draft(runEvents, "run.stopped", run, { ...data, reason: reason ?? null }, denied);
    }
    default:
      return draft(runEvents, `run.${end.status}`, run, data);
  }
}

/** How often a change of a run's status is tried that commits of its steps overtake. */
const TRIES = 60;

/**
 * Commits a change of the run's status from its newest state, with nothing of its log pending. `undefined` stands for a
 * run that was deleted.
 */
export async function fromNewest<T>(
  table: TenantTable,
  run_id: string,
  commit: (state: RunState | undefined) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const state = await number(table, run_id);
    try {
      return await commit(state);
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
      if (attempt === TRIES) throw unavailable(error);
    }
  }
}

/**
 * Ends a run that still goes on; a run that is over stays as it is. Audit entry and event are part of the transaction.
 * @returns the state afterwards, undefined for a run that was deleted
 */
export function endRun(
  table: TenantTable,
  context: ChangeContext,
  run: StoredRun,
  end: Ending,
): Promise<RunState | undefined> {
  return fromNewest(table, run.id, async (state) => {
    if (state === undefined || !isLive(state.status)) return state;
    const { writes, events, next } = ending(table, run, state, context.at, end);
    await table.transact([...writes, ...eventWrites(table.table, context, events)]);
    return next;
  });
}

/** Marks a run as begun; one that has begun or is over stays as it is. */
export function openRun(table: TenantTable, run: StoredRun, at: Date): Promise<RunState | undefined> {
  return fromNewest(table, run.id, async (state) => {
    if (state?.status !== "queued") return state;
    await table.transact([
      stateWrite(table, state, { entries: 1, status: "running" }),
      table.writes.update(runItem, { id: run.id }, { set: { status: "running", started_at: timestamp(at) } }),
      logWrite(table, state, state.sequence + 1, logEntry(at, opened)),
    ]);
    return { ...state, status: "running", sequence: state.sequence + 1 };
  });
}

const opened = { level: "info", type: "run.running", message: "The run's first step begins." } as const;
