import { eventWrites } from "../../../shared/change/commit.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { Problem } from "../../../shared/errors.ts";
import { callsMade, resumeCalls } from "../../../shared/outbound/trace.ts";
import { timeoutOf } from "../../pipelines/graph/public.ts";
import { childStart } from "../calls/child.ts";
import { endChildren } from "../calls/ending.ts";
import { costsOf, outcomesOf, returned, runsBefore } from "../calls/returned.ts";
import { type Calls, ended, nextCalls, noCalls } from "../calls/rules/calls.ts";
import { failed, mapped } from "../calls/rules/spec.ts";
import {
  CallsMoved,
  calledId,
  callsWrites,
  runCallsItem,
  type StoredCalls,
  TOO_MANY_WITHIN,
  withinWrite,
} from "../calls/store.ts";
import type { AgentTask } from "../engine/call-agent.ts";
import type { Work } from "../engine/dynamo-store.ts";
import type { AttemptResult, Parked } from "../engine/rules/outcome.ts";
import type { Waiting } from "../engine/rules/store.ts";
import { messageOf, variablesOf } from "../engine/work-agent.ts";
import type { WorkDeps } from "../engine/work-deps.ts";
import { runContext } from "../log/entries.ts";
import { DEFAULT_TIMEOUT_SECONDS, isLive, MAX_OUTPUT_BYTES } from "../model.ts";
import { runItem, runStateItem, storeJson } from "../store.ts";
import { ask, type Supervisor } from "./ask.ts";
import { type Delegated, decidedIn, doneOf, numbered } from "./past.ts";
import { type Done, reported, summary } from "./rules/report.ts";
import { runRoundItem } from "./store.ts";

export interface SupervisorTask extends Omit<AgentTask<Supervisor>, "inputs"> {
  readonly left_ms: number;
}

/** Of as many as are woken at once all but one have to look again. */
const TRIES = 40;
const AGAIN_MS = 50;
/** The workflow looks again at once: there are more to start than one transaction takes, or there is nothing to wait for. */
const AT_ONCE_MS = 1;
/** Looked at again after this, should nobody be told that a worker has ended. */
const LOOK_AGAIN_SECONDS = 300;
/** What comes before and after the call to the model takes its time, too. */
const GRACE_SECONDS = 60;

const parked = (at_once: boolean): Parked => (at_once ? { parked: true, pause_ms: AT_ONCE_MS } : { parked: true });

/**
 * Asks the supervising agent in rounds. What it delegates are runs of the workers' agents, for which the step waits; when all
 * of a round have ended it is asked again, with what came back. Several may be woken by them: one of them asks, and what it
 * asked for and paid is kept before anything follows from it.
 */
export async function workSupervisor(
  task: SupervisorTask,
  wait: Waiting | undefined,
  deps: WorkDeps,
): Promise<AttemptResult | Parked> {
  const input = await mapped(task.step.config.input_mapping, task.scope);
  if (!input.ok) return input;
  const asked = { message: messageOf(input.value), variables: variablesOf(input.value) };
  return wait === undefined ? begin(task, asked, deps) : goOn(task, asked, deps);
}

interface Message {
  readonly message: string;
  readonly variables: Readonly<Record<string, string>>;
}

async function begin(task: SupervisorTask, asked: Message, deps: WorkDeps): Promise<AttemptResult | Parked> {
  const { node, attempt, run, table, store } = task;
  const calls: StoredCalls = {
    run_id: run.id,
    node_id: node.id,
    attempt,
    begun_at: timestamp(deps.clock.now()),
    ...noCalls,
    open: [],
    ...{ tokens_in: 0, tokens_out: 0, cost_usd_micros: 0 },
    verdict: null,
    supervised: { round: 0, delegated: 0, asking: null },
    change: 1,
    expires_at: run.expires_at,
  };
  const next = await decided(task, asked, calls, { done: [], reasons: [] }, deps);
  if ("ok" in next) return next;
  store.waits(node, attempt, {
    ...waitsFor(deps, `${node.id} waits for its workers.`),
    writes: [table.writes.create(runCallsItem, { ...calls, ...next.set }), ...next.writes],
    events: next.events,
  });
  store.starts(next.ids);
  return parked(next.at_once);
}

async function goOn(task: SupervisorTask, asked: Message, deps: WorkDeps): Promise<AttemptResult | Parked> {
  const { node, attempt, run, table, store } = task;
  for (let tries = 1; tries <= TRIES; tries++) {
    const read = await table.get(runCallsItem, { run_id: run.id, node_id: node.id, attempt });
    if (read?.supervised === undefined) return failed("calls_missing", "What the step waited for is gone.");
    store.waits(node, attempt, waitsFor(deps, ""));
    const moved = await moveOn(task, asked, { ...read, supervised: read.supervised }, deps);
    if (moved !== "again") return moved;
    await new Promise((resolve) => setTimeout(resolve, Math.random() * AGAIN_MS));
  }
  throw new Error(`others take ${node.id} on all the time`);
}

type Supervised = StoredCalls & { readonly supervised: NonNullable<StoredCalls["supervised"]> };

/** One move from how the calls were read: starts what waits for its turn, or has the agent asked once all have ended. */
async function moveOn(
  task: SupervisorTask,
  asked: Message,
  read: Supervised,
  deps: WorkDeps,
): Promise<AttemptResult | Parked | "again"> {
  const { table, store } = task;
  const { supervised } = read;
  const back = await returned(table, read);
  const calls = ended(read, outcomesOf(back));
  const next = nextCalls(calls, wantedOf(task, supervised.delegated));
  const own = supervised.asking?.by === store.execution;
  if (next.over === undefined) {
    if (next.start.length === 0) return parked(false);
    const { delegated } = await decidedIn(table, deps.blobs, read, supervised.round);
    const started = await starts(task, read, delegated, next.start, deps);
    const set = { ...withOpen(next.calls), ...costsOf(read, back) };
    const committed = await take(task, read, set, started, deps);
    if (committed !== "taken") return committed;
    store.starts(started.ids);
    return parked(next.more);
  }
  if (!own) {
    const { asking } = supervised;
    const now = deps.clock.now();
    if (asking !== null && Date.parse(asking.until) > now.getTime()) return parked(false);
    const until = timestamp(addSeconds(now, task.within(timeoutOf(task.step)) / 1_000 + GRACE_SECONDS));
    const set = {
      ...withOpen(calls),
      ...costsOf(read, back),
      supervised: { ...supervised, asking: { by: store.execution, until } },
    };
    const committed = await take(task, read, set, { writes: [], events: [] }, deps);
    return committed === "taken" ? "again" : committed;
  }
  const { delegated, reasons, calls: made } = await decidedIn(table, deps.blobs, read, supervised.round);
  resumeCalls(made);
  const done = await doneOf(table, deps.blobs, read, delegated);
  if (done === undefined) {
    noteAll(task, read, undefined);
    return failed("output_too_large", `The answers are together larger than ${MAX_OUTPUT_BYTES} bytes of JSON.`);
  }
  const then = await decided(task, asked, read, { done, reasons }, deps);
  if ("ok" in then) return then;
  const committed = await take(task, read, then.set, then, deps);
  if (committed !== "taken") return committed;
  store.starts(then.ids);
  return parked(then.at_once);
}

/** What a decision to delegate writes, and what it makes of the calls. */
interface Round extends Started {
  readonly set: Partial<StoredCalls>;
  /** The workflow looks again at once. */
  readonly at_once: boolean;
}

/** Asks what is done next: the step's result where it is done or cannot go on, else the next round. */
async function decided(
  task: SupervisorTask,
  { message, variables }: Message,
  read: StoredCalls,
  { done, reasons }: { readonly done: readonly Done[]; readonly reasons: readonly string[] },
  deps: WorkDeps,
): Promise<AttemptResult | Round> {
  const { step, node, attempt, run, table } = task;
  const { supervised = { round: 0, delegated: 0, asking: null } } = read;
  const round = supervised.round + 1;
  const last = round > step.config.max_rounds;
  if (last && !done.some(({ outcome }) => outcome === "succeeded")) {
    noteAll(task, read, undefined);
    return failed(
      "delegations_failed",
      `None of ${done.length} tasks has succeeded in ${supervised.round} rounds.`,
      true,
    );
  }
  const question = { round, message: reported(message, done), variables, before: done.length };
  const before = callsMade().length;
  const { decision, spent } = await ask(task, deps, question);
  const made = callsMade().slice(before);
  noteAll(task, read, spent);
  if (!decision.ok) return decision;
  if (decision.is.finish) {
    const stopped_by = last ? "max_rounds" : "supervisor";
    const why = [...reasons, decision.is.reason];
    return { ok: true, output: summary(decision.is.text, done, why, { rounds: supervised.round, stopped_by }) };
  }
  const delegated = numbered(decision.is.delegations, round, supervised.delegated);
  const total = supervised.delegated + delegated.filter(({ index }) => index !== null).length;
  const next = nextCalls({ ...read, open: [] }, wantedOf(task, total));
  const started = await starts(task, read, delegated, next.start, deps);
  const kept = await storeJson(
    deps.blobs,
    table.tenant,
    run,
    decision.is.delegations.map(({ task, worker }) => ({ task, worker: worker === null ? null : { ...worker } })),
  );
  const of = { run_id: run.id, node_id: node.id, attempt, round };
  const { reason } = decision.is;
  return {
    ...started,
    writes: [
      table.writes.create(runRoundItem, {
        ...of,
        reason,
        delegations: kept,
        calls: [...made],
        expires_at: run.expires_at,
      }),
      ...started.writes,
      ...(spent?.usage ?? []),
    ],
    set: {
      ...withOpen(next.calls),
      ...together(read, spent),
      supervised: { round, delegated: total, asking: null },
    },
    at_once: next.more || next.calls.open.length === 0,
  };
}

/** Notes for the step's outcome what all rounds have cost, and a decision that is not among them yet. */
function noteAll({ node, attempt, store }: SupervisorTask, read: StoredCalls, spent: Work | undefined): void {
  const { model = null, retrieved, usage = [] } = spent ?? {};
  store.note(node, attempt, { model, ...together(read, spent), retrieved, usage });
}

const together = ({ tokens_in, tokens_out, cost_usd_micros }: StoredCalls, spent: Work | undefined) => ({
  tokens_in: tokens_in + (spent?.tokens_in ?? 0),
  tokens_out: tokens_out + (spent?.tokens_out ?? 0),
  cost_usd_micros: cost_usd_micros + (spent?.cost_usd_micros ?? 0),
});

/** None of them has to succeed: what failed is told to the supervisor. */
const wantedOf = ({ step, run }: SupervisorTask, total: number) => ({
  total,
  concurrency: Math.min(step.config.max_workers, run.allowance),
  needed: 0,
});

const withOpen = ({ next, open, succeeded, failed }: Calls) => ({ next, open: [...open], succeeded, failed });

const waitsFor = ({ clock }: Pick<WorkDeps, "clock">, message: string) =>
  ({ waits_for: "runs", look_at: addSeconds(clock.now(), LOOK_AGAIN_SECONDS), message }) as const;

/** Commits a move from how the calls were read. One run too many within the outermost is a failure of the step. */
async function take(
  task: SupervisorTask,
  read: StoredCalls,
  set: Partial<StoredCalls>,
  { writes, events }: Pick<Started, "writes" | "events">,
  { clock }: Pick<WorkDeps, "clock">,
): Promise<AttemptResult | Parked | "taken" | "again"> {
  const { run, table } = task;
  try {
    const told = eventWrites(table.table, runContext(table, run, clock.now()), events);
    await table.transact([...callsWrites(table, read, set), ...writes, ...told]);
    return "taken";
  } catch (error) {
    if (error instanceof Problem && error.code === "quota_exceeded") {
      if (read.open.length > 0) await endOpen(task, read, { clock });
      return failed("quota_exceeded", TOO_MANY_WITHIN);
    }
    if (!(error instanceof CallsMoved)) throw error;
    const state = await table.get(runStateItem, { run_id: run.id });
    return isLive(state?.status ?? "stopped") ? "again" : parked(false);
  }
}

/** Ends workers that still go on, and notes what all of it has cost. */
async function endOpen(task: SupervisorTask, read: StoredCalls, deps: Pick<WorkDeps, "clock">): Promise<void> {
  const { table } = task;
  const runs = await table.table.batch(read.open.map((index) => table.read(runItem, { id: calledId(read, index) })));
  const there = runs.filter((run) => run !== undefined);
  await endChildren(table, there, deps);
  noteAll(task, { ...read, ...costsOf(read, await returned(table, read)) }, undefined);
}

interface Started extends Pick<Awaited<ReturnType<typeof childStart>>, "writes"> {
  readonly ids: readonly string[];
  readonly events: readonly Awaited<ReturnType<typeof childStart>>["event"][];
}

/** What starting the runs of these numbers writes and tells: each is a run of its worker's agent. */
async function starts(
  { step, node, attempt, run, table, left_ms }: SupervisorTask,
  calls: StoredCalls,
  delegated: readonly Delegated[],
  indexes: readonly number[],
  { blobs, clock }: WorkDeps,
): Promise<Started> {
  const at = clock.now();
  const timeout_seconds = Math.max(1, Math.min(DEFAULT_TIMEOUT_SECONDS, Math.floor(left_ms / 1_000)));
  const before = await runsBefore(table, run, node.id, indexes);
  const abreast = Math.min(step.config.max_workers, run.allowance);
  const children = await Promise.all(
    indexes.map(async (index, i) => {
      const one = delegated.find((delegated) => delegated.index === index);
      if (one?.worker == null) throw new Error(`${node.id} has no task ${index}`);
      const id = calledId(calls, index);
      const { agent_id, version } = one.worker;
      // A decision that is made anew may give this number to another worker.
      const same = before[i]?.target_id === agent_id ? before[i] : undefined;
      const child = { id, index, input: { message: one.task }, timeout_seconds, before: same, abreast };
      const called = { kind: "agent", agent_id, version } as const;
      return { id, ...(await childStart({ table, blobs, run }, called, { node_id: node.id, attempt }, child, at)) };
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
