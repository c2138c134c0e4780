import type { Blobs } from "../../../shared/blobs/blobs.ts";
import { eventWrites } from "../../../shared/change/commit.ts";
import { type Clock, timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Scope } from "../../../shared/expressions/expression.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import { commonLimits, graphLimits } from "../../pipelines/graph/public.ts";
import type { DynamoRunStore } from "../engine/dynamo-store.ts";
import type { AttemptResult, Parked } from "../engine/rules/outcome.ts";
import type { PlanNode } from "../engine/rules/plan.ts";
import type { Waiting } from "../engine/rules/store.ts";
import { runContext } from "../log/entries.ts";
import { isLive } from "../model.ts";
import { type RunState, runItem, runStateItem, type StoredRun } from "../store.ts";
import { type CallingNode, calledPipeline, childStart } from "./child.ts";
import { endChildren } from "./ending.ts";
import { outputsOf } from "./outputs.ts";
import { type Calls, ended, nextCalls, noCalls } from "./rules/calls.ts";
import { type CallSpec, type Fallen, failed, specOf } from "./rules/spec.ts";
import { CallsMoved, calledId, callsWrites, runCallsItem, type StoredCalls } from "./store.ts";

export interface CallsTask {
  readonly step: CallingNode;
  readonly node: PlanNode;
  readonly attempt: number;
  readonly scope: Scope;
  readonly left_ms: number;
  readonly table: TenantTable;
  readonly run: StoredRun;
  readonly store: Pick<DynamoRunStore, "waits" | "note" | "starts">;
}

interface CallsDeps {
  readonly blobs: Pick<Blobs, "store" | "load">;
  readonly clock: Clock;
}

/** Of those who are woken at once each but one looks again, and no more may go on at once than these. */
const TRIES = 2 * graphLimits.concurrency;

/** The workflow looks again at once: more are to be started than one transaction takes. */
const AT_ONCE_MS = 1;

/**
 * Runs pipelines as runs of their own and waits for them. Whoever is woken looks which have ended and starts the next; the
 * end of each wakes the step, and of several who are woken at once one takes the calls on and the others look again.
 */
export async function workCalls(
  task: CallsTask,
  wait: Waiting | undefined,
  deps: CallsDeps,
): Promise<AttemptResult | Parked> {
  const called = calledPipeline(task.step, task.run);
  if (called === undefined) return failed("pipeline_missing", "The node names no pipeline that the run has pinned.");
  const spec = await specOf(task.step, task.scope);
  if (!spec.ok) return spec;
  return wait === undefined ? begin(task, spec, called, deps) : goOn(task, spec, called, deps);
}

type Called = NonNullable<ReturnType<typeof calledPipeline>>;

async function begin(task: CallsTask, spec: CallSpec, called: Called, deps: CallsDeps) {
  const { node, attempt, run, table, store } = task;
  const next = nextCalls(noCalls, spec.wanted);
  if (next.over === "failed") return spec.refused();
  if (next.over === "done") return { ok: true, output: [] } as const;
  const begun_at = timestamp(deps.clock.now());
  const calls: StoredCalls = {
    run_id: run.id,
    node_id: node.id,
    attempt,
    begun_at,
    ...next.calls,
    open: [...next.calls.open],
    tokens_in: 0,
    tokens_out: 0,
    cost_usd_micros: 0,
    change: 1,
    expires_at: run.expires_at,
  };
  const children = await starts(task, called, calls, next.start, async (index) => spec.inputOf(index), deps);
  store.waits(node, attempt, {
    waits_for: "runs",
    until: new Date(run.deadline_at),
    message: `${node.id} waits for ${spec.wanted.total === 1 ? "a run" : "runs"} of ${called.pipeline_id}.`,
    writes: [table.writes.create(runCallsItem, calls), ...children.writes],
    events: children.events,
  });
  store.starts(children.ids);
  return parked(next.more);
}

const parked = (more: boolean): Parked => (more ? { parked: true, pause_ms: AT_ONCE_MS } : { parked: true });

async function goOn(task: CallsTask, spec: CallSpec, called: Called, deps: CallsDeps) {
  const { node, attempt, run, table, store } = task;
  for (let tries = 1; tries <= TRIES; tries++) {
    const read = await table.get(runCallsItem, { run_id: run.id, node_id: node.id, attempt });
    if (read === undefined) return failed("calls_missing", "What the step waited for is gone.");
    const back = await returned(table, read);
    const now = { ...ended(read, outcomesOf(back)), ...costsOf(read, back) };
    const result = await conclude(task, spec, read, now, back, deps);
    if (result !== undefined) return result;
    const next = nextCalls(now, spec.wanted);
    if (next.over !== undefined) throw new Error(`${node.id} is over and has come to nothing`);
    if (next.start.length === 0 && back.size === 0) {
      store.waits(node, attempt, { waits_for: "runs", until: new Date(run.deadline_at), message: "" });
      return parked(false);
    }
    const inputOf = async (index: number) => spec.inputOf(index, await previous(table, deps, read, spec, index));
    const children = await starts(task, called, read, next.start, inputOf, deps);
    try {
      const set = { ...next.calls, open: [...next.calls.open], ...costsOf(read, back) };
      const events = eventWrites(table.table, runContext(table, run, deps.clock.now()), children.events);
      await table.transact([...callsWrites(table, read, set), ...children.writes, ...events]);
    } catch (error) {
      if (!(error instanceof CallsMoved)) throw error;
      if (await isOver(table, run.id)) return parked(false);
      continue;
    }
    store.starts(children.ids);
    store.waits(node, attempt, { waits_for: "runs", until: new Date(run.deadline_at), message: "" });
    return parked(next.more);
  }
  throw new Error(`others take ${node.id} on all the time`);
}

const isOver = async (table: TenantTable, run_id: string) =>
  !isLive((await table.get(runStateItem, { run_id }))?.status ?? "stopped");

/** What the step comes to, where that is clear: what still goes on is ended then. */
async function conclude(
  task: CallsTask,
  spec: CallSpec,
  read: StoredCalls,
  now: Calls & Costs,
  back: Back,
  { blobs, clock }: CallsDeps,
): Promise<AttemptResult | undefined> {
  const { node, attempt, table, store } = task;
  const { over } = nextCalls(now, spec.wanted);
  const latest = [...back].findLast(([, { status }]) => status === "completed")?.[0];
  const asked = over !== "failed" && spec.ends !== undefined && latest !== undefined;
  const [output = null] = asked ? await outputsOf(table, blobs, [calledId(read, latest)]) : [];
  const enough = asked && (await spec.ends?.(output)) === true;
  if (over === undefined && !enough) return undefined;
  const { tokens_in, tokens_out, cost_usd_micros } = now;
  store.note(node, attempt, { model: null, tokens_in, tokens_out, cost_usd_micros, usage: [] });
  const open = now.open.map((index) => calledId(read, index));
  const runs = await table.table.batch(open.map((id) => table.read(runItem, { id })));
  await endChildren(
    table,
    runs.filter((run) => run !== undefined),
    { clock },
  );
  if (over === "failed") return spec.failure(await firstFallen(table, read, back));
  if (enough) return { ok: true, output };
  const ids = Array.from({ length: now.next }, (_, index) => calledId(read, index));
  return spec.result(await outputsOf(table, blobs, spec.takes === "last" ? ids.slice(-1) : ids));
}

/** Runs that have ended since the calls were read, by index. */
type Back = ReadonlyMap<number, RunState>;

async function returned(table: TenantTable, read: StoredCalls): Promise<Back> {
  const states = await table.table.batch(
    read.open.map((index) => table.read(runStateItem, { run_id: calledId(read, index) })),
  );
  return new Map(
    read.open.flatMap((index, i) => {
      const state = states[i];
      return state === undefined || isLive(state.status) ? [] : [[index, state] as const];
    }),
  );
}

const outcomesOf = (back: Back) => new Map([...back].map(([index, { status }]) => [index, status === "completed"]));

type Costs = Pick<StoredCalls, "tokens_in" | "tokens_out" | "cost_usd_micros">;

function costsOf({ tokens_in, tokens_out, cost_usd_micros }: Costs, back: Back): Costs {
  return [...back.values()].reduce(
    (sum, state) => ({
      tokens_in: sum.tokens_in + state.tokens_in,
      tokens_out: sum.tokens_out + state.tokens_out,
      cost_usd_micros: sum.cost_usd_micros + state.cost_usd_micros,
    }),
    { tokens_in, tokens_out, cost_usd_micros },
  );
}

async function firstFallen(table: TenantTable, read: StoredCalls, back: Back): Promise<Fallen | undefined> {
  const [index] = [...back].find(([, { status }]) => status !== "completed") ?? [];
  if (index === undefined) return undefined;
  const run = await table.get(runItem, { id: calledId(read, index) });
  return run === undefined ? undefined : { index, run_id: run.id, status: run.status, error: run.error };
}

/** What the run before this one came to, for kinds that carry it on. */
async function previous(
  table: TenantTable,
  { blobs }: CallsDeps,
  read: StoredCalls,
  { takes }: CallSpec,
  index: number,
): Promise<Json | undefined> {
  if (takes !== "last" || index === 0) return undefined;
  return (await outputsOf(table, blobs, [calledId(read, index - 1)]))[0] ?? null;
}

async function starts(
  { step, node, attempt, run, table, left_ms }: CallsTask,
  called: Called,
  calls: StoredCalls,
  indexes: readonly number[],
  inputOf: (index: number) => Promise<Json>,
  { blobs, clock }: CallsDeps,
) {
  const at = clock.now();
  const timeout_seconds = Math.max(1, Math.min(step.config.timeout_seconds ?? Infinity, Math.floor(left_ms / 1_000)));
  const of = { ...called, node_id: node.id, attempt };
  const before = await runsBefore(table, run, node.id, indexes);
  const children = await Promise.all(
    indexes.map(async (index, i) => {
      const id = calledId(calls, index);
      const child = { id, index, input: await inputOf(index), timeout_seconds, before: before[i] };
      return { id, ...(await childStart({ table, blobs, run }, of, child, at)) };
    }),
  );
  return {
    ids: children.map(({ id }) => id),
    writes: children.flatMap(({ writes }) => writes),
    events: children.map(({ event }) => event),
  };
}

/** Of a run that takes over what another came to: the runs that the node had run there, by these indexes. */
async function runsBefore(
  table: TenantTable,
  { recorded_run_id }: StoredRun,
  node_id: string,
  indexes: readonly number[],
): Promise<readonly (StoredRun | undefined)[]> {
  if (recorded_run_id === null || indexes.length === 0) return [];
  const attempts = Array.from({ length: commonLimits.max_attempts }, (_, i) => i + 1);
  const found = await table.table.batch(
    attempts.map((attempt) => table.read(runCallsItem, { run_id: recorded_run_id, node_id, attempt })),
  );
  const calls = found.findLast((one) => one !== undefined);
  if (calls === undefined) return [];
  return table.table.batch(indexes.map((index) => table.read(runItem, { id: calledId(calls, index) })));
}
