import type { Blobs } from "../../../shared/blobs/blobs.ts";
import { eventWrites } from "../../../shared/change/commit.ts";
import { addSeconds, type Clock, timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Scope } from "../../../shared/expressions/expression.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import { graphLimits } from "../../pipelines/graph/public.ts";
import type { DynamoRunStore } from "../engine/dynamo-store.ts";
import { tooCostly } from "../engine/rules/choice.ts";
import type { AttemptResult, Parked } from "../engine/rules/outcome.ts";
import type { PlanNode } from "../engine/rules/plan.ts";
import type { Waiting } from "../engine/rules/store.ts";
import { runContext } from "../log/entries.ts";
import { isLive, MAX_OUTPUT_BYTES } from "../model.ts";
import { runItem, runStateItem, type StoredRun } from "../store.ts";
import { type Called, type CallingNode, calledPipeline, childStart } from "./child.ts";
import { endChildren } from "./ending.ts";
import { outputsOf } from "./outputs.ts";
import { type Back, costsOf, outcomesOf, returned, runsBefore } from "./returned.ts";
import { type Calls, ended, nextCalls, noCalls } from "./rules/calls.ts";
import { type CallSpec, type Fallen, failed, specOf } from "./rules/spec.ts";
import {
  CallsMoved,
  calledId,
  callsWrites,
  runCallsItem,
  type StoredCalls,
  TOO_MANY_WITHIN,
  withinWrite,
} from "./store.ts";

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

/** Each end wakes somebody: of as many as may be woken at once all but one have to look again. */
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
  const spec = await specOf(task.step, task.scope, task.run.allowance);
  if (!spec.ok) return spec;
  return wait === undefined ? begin(task, spec, called, deps) : goOn(task, spec, called, deps);
}

async function begin(task: CallsTask, spec: CallSpec, called: Called, deps: CallsDeps) {
  const { node, attempt, run, table, store } = task;
  const next = nextCalls(noCalls, spec.wanted);
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
    verdict: null,
    change: 1,
    expires_at: run.expires_at,
  };
  const children = await starts(task, called, calls, next.start, async (index) => spec.inputOf(index), deps);
  store.waits(node, attempt, {
    ...waitsFor(
      deps,
      `${node.id} waits for ${spec.wanted.total === 1 ? "a run" : "runs"} of ${task.step.config.pipeline_id ?? "it"}.`,
    ),
    writes: [table.writes.create(runCallsItem, calls), ...children.writes],
    events: children.events,
  });
  store.starts(children.ids);
  return parked(next.more);
}

const parked = (more: boolean): Parked => (more ? { parked: true, pause_ms: AT_ONCE_MS } : { parked: true });

async function goOn(task: CallsTask, spec: CallSpec, called: Called, deps: CallsDeps) {
  const { node, attempt, run, table, store } = task;
  let refused = false;
  for (let tries = 1; tries <= TRIES; tries++) {
    const read = await table.get(runCallsItem, { run_id: run.id, node_id: node.id, attempt });
    if (read === undefined) return failed("calls_missing", "What the step waited for is gone.");
    if (read.verdict !== null) return concluded(task, spec, read, read.verdict, deps);
    const back = await returned(table, read);
    const calls = ended(read, outcomesOf(back));
    const verdict = refused ? TOO_MANY : await verdictOf(task, spec, read, calls, back, deps);
    const next = nextCalls(calls, spec.wanted);
    store.waits(node, attempt, waitsFor(deps, ""));
    if (verdict === null && next.start.length === 0 && back.size === 0) return parked(false);
    const indexes = verdict === null ? next.start : [];
    const inputOf = async (index: number) => spec.inputOf(index, await previous(table, deps, read, spec, index));
    const children = await starts(task, called, read, indexes, inputOf, deps);
    const now = verdict === null ? next.calls : calls;
    try {
      const set = { ...now, open: [...now.open], ...costsOf(read, back), verdict };
      const events = eventWrites(table.table, runContext(table, run, deps.clock.now()), children.events);
      await table.transact([...callsWrites(table, read, set), ...children.writes, ...events]);
    } catch (error) {
      if (error instanceof Problem && error.code === "quota_exceeded") {
        refused = true;
        continue;
      }
      if (!(error instanceof CallsMoved)) throw error;
      if (await isOver(table, run.id)) return parked(false);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * AGAIN_MS));
      continue;
    }
    if (verdict !== null) continue;
    store.starts(children.ids);
    return parked(next.more);
  }
  throw new Error(`others take ${node.id} on all the time`);
}

/** Others who were woken at the same moment are let pass. */
const AGAIN_MS = 50;

/** Looked at again after this, should nobody be told that one has ended. */
const LOOK_AGAIN_SECONDS = 300;

const waitsFor = ({ clock }: CallsDeps, message: string) =>
  ({ waits_for: "runs", look_at: addSeconds(clock.now(), LOOK_AGAIN_SECONDS), message }) as const;

const isOver = async (table: TenantTable, run_id: string) =>
  !isLive((await table.get(runStateItem, { run_id }))?.status ?? "stopped");

type Verdict = NonNullable<StoredCalls["verdict"]>;

/** Another run within the outermost one would be one too many. */
const TOO_MANY: Verdict = { is: "too_many", index: null };

/** What the step comes to, as soon as that is clear. It is kept before anything follows from it, so all who look say the same. */
async function verdictOf(
  { table }: CallsTask,
  spec: CallSpec,
  read: StoredCalls,
  calls: Calls,
  back: Back,
  { blobs }: CallsDeps,
): Promise<Verdict | null> {
  const { over } = nextCalls(calls, spec.wanted);
  if (over === "failed") {
    const [index = null] = [...back].find(([, { status }]) => status !== "completed") ?? [];
    return { is: "failed", index };
  }
  const index = [...back].findLast(([, { status }]) => status === "completed")?.[0];
  if (spec.ends !== undefined && index !== undefined) {
    const [output = null] = (await outputsOf(table, blobs, [calledId(read, index)])) ?? [];
    const holds = await spec.ends(output);
    if (holds === undefined) return { is: "too_costly", index };
    if (holds) return { is: "enough", index };
  }
  return over === "done" ? { is: "done", index: null } : null;
}

/** Carries a verdict out: ends what still goes on, adds up what all of it has cost, and says what it came to. */
async function concluded(
  task: CallsTask,
  spec: CallSpec,
  read: StoredCalls,
  { is, index }: Verdict,
  deps: CallsDeps,
): Promise<AttemptResult> {
  const { node, attempt, table, store } = task;
  const states = await endOpen(task, read, deps);
  const { tokens_in, tokens_out, cost_usd_micros } = costsOf(read, states);
  store.note(node, attempt, { model: null, tokens_in, tokens_out, cost_usd_micros, usage: [] });
  if (is === "too_costly") return tooCostly;
  if (is === "too_many") return failed("quota_exceeded", TOO_MANY_WITHIN);
  if (is === "failed") return spec.failure(await fallen(table, read, index));
  const all = Array.from({ length: read.next }, (_, i) => i);
  const wanted = is === "enough" && index !== null ? [index] : spec.takes === "last" ? all.slice(-1) : all;
  const outputs = await outputsOf(
    table,
    deps.blobs,
    wanted.map((one) => calledId(read, one)),
  );
  if (outputs === undefined)
    return failed("output_too_large", `The outputs are together larger than ${MAX_OUTPUT_BYTES} bytes of JSON.`);
  return is === "enough" ? { ok: true, output: outputs[0] ?? null } : spec.result(outputs);
}

/** Ends what still goes on. @returns how all of that stands then */
async function endOpen({ table }: CallsTask, read: StoredCalls, { clock }: CallsDeps): Promise<Back> {
  const runs = await table.table.batch(read.open.map((index) => table.read(runItem, { id: calledId(read, index) })));
  await endChildren(
    table,
    runs.filter((run) => run !== undefined),
    { clock },
  );
  return returned(table, read);
}

async function fallen(table: TenantTable, read: StoredCalls, index: number | null): Promise<Fallen | undefined> {
  if (index === null) return undefined;
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
  return (await outputsOf(table, blobs, [calledId(read, index - 1)]))?.[0] ?? null;
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
  const of = { node_id: node.id, attempt };
  const abreast = step.kind === "map" ? Math.min(step.config.concurrency, run.allowance) : 1;
  const before = await runsBefore(table, run, node.id, indexes);
  const children = await Promise.all(
    indexes.map(async (index, i) => {
      const id = calledId(calls, index);
      const child = { id, index, input: await inputOf(index), timeout_seconds, before: before[i], abreast };
      return { id, ...(await childStart({ table, blobs, run }, called, of, child, at)) };
    }),
  );
  return {
    ids: children.map(({ id }) => id),
    writes: [
      ...children.flatMap(({ writes }) => writes),
      ...(children.length === 0 ? [] : [withinWrite(table, run.root_run_id, run.expires_at, children.length)]),
    ],
    events: children.map(({ event }) => event),
  };
}
