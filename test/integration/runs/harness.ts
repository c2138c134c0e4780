import { S3Client } from "@aws-sdk/client-s3";
import { inject } from "vitest";
import type { Graph } from "../../../functions/pipelines/graph/public.ts";
import { newRevision } from "../../../functions/pipelines/revisions/revision.ts";
import { revisionItem } from "../../../functions/pipelines/store.ts";
import { outcomeOf } from "../../../functions/runs/engine/records.ts";
import type { AttemptResult, Parked } from "../../../functions/runs/engine/rules/outcome.ts";
import type { PlanNode } from "../../../functions/runs/engine/rules/plan.ts";
import { type Ticket, wakingName } from "../../../functions/runs/engine/rules/ticket.ts";
import { runTask, type TaskDeps, type TaskOutput } from "../../../functions/runs/engine/task.ts";
import { isLive } from "../../../functions/runs/model.ts";
import { namedRun, startOf } from "../../../functions/runs/start/start.ts";
import {
  findRun,
  isParked,
  isSettled,
  type RunStep,
  runLogItem,
  runPendingItem,
  runStepItem,
  runValue,
  type StoredRun,
} from "../../../functions/runs/store.ts";
import * as sdk from "../../../shared/blobs/lazy/s3.ts";
import { runFiles } from "../../../shared/blobs/purposes.ts";
import { createBlobs } from "../../../shared/blobs/s3.ts";
import { auditItem, outboxItem } from "../../../shared/change/items.ts";
import { type Clock, systemClock } from "../../../shared/clock.ts";
import { dueItem } from "../../../shared/due/item.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import { UNSET } from "../../../shared/identity/settings.ts";
import { newId } from "../../../shared/ids.ts";
import { silentLog } from "../../../shared/observability/log.ts";
import { newTrace } from "../../../shared/tracing/context.ts";
import { Crash } from "../../support/faulty-table.ts";
import { awsConfig, stackTable } from "../../support/stack.ts";

const PIPELINE = "pip_01JDQ4X0Z5V8W3N7K2M9R6T1BC";
const USER = { type: "user", id: "usr_01JDQ4X0Z5V8W3N7K2M9R6T1BC" } as const;

export const blobs = () =>
  createBlobs(sdk, new S3Client({ ...awsConfig(), forcePathStyle: true }), inject("stack").outputs.BucketName ?? "");

/** Starts a run of this graph in an organization of its own. */
export async function startRun(
  graph: Graph,
  input: Json,
  timeout_seconds = 600,
  agents: Readonly<Record<string, number>> = {},
): Promise<StoredRun & { readonly tenant: string }> {
  const at = new Date();
  const tenant = newId("organization", at);
  const table = stackTable().of(tenant);
  const store = blobs();
  const of = { pipeline_id: PIPELINE, revision: 1, created_by: USER.id, created_at: at.toISOString() };
  const revision = await newRevision(store, tenant, { graph, secrets: {} }, of);
  const starter = { principal: USER, plan: "free", at, trace: newTrace() } as const;
  const named = namedRun({ plan: starter.plan, settings: UNSET }, at, timeout_seconds);
  const { run, writes } = startOf(table, starter, {
    ...named,
    kind: "pipeline",
    mode: "live",
    target_id: PIPELINE,
    pinned: { pipeline_id: PIPELINE, revision: 1, agents: { ...agents }, pipelines: {} },
    metadata: {},
    budget: null,
    labels: [],
    timeout_seconds,
    input: await store.store(runFiles(tenant, named), JSON.stringify(input)),
  });
  // Without the event: the deployed stack would start the run too.
  await table.transact([table.writes.create(revisionItem, revision), ...writes]);
  return { ...run, tenant };
}

export interface Drive {
  readonly table?: Table;
  readonly work: (
    node: PlanNode,
    attempt: number,
    call: number,
  ) => AttemptResult | Parked | Promise<AttemptResult | Parked>;
  /** Every task is delivered this often at once; the workflow hears one of the answers. */
  readonly copies?: number;
  readonly budget?: number;
  readonly clock?: Clock;
  readonly denial?: TaskDeps["denial"];
}

export interface Driven {
  /** How often each attempt was worked, and in which executions each node was. */
  readonly worked: ReadonlyMap<string, number>;
  readonly executionsOf: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Does what the state machine does, for all executions of a run side by side: repeats a task that crashed, starts forks
 * under their names once, goes on. Pauses are skipped, and each step that waits is woken twice at once.
 */
export async function drive(run: StoredRun & { readonly tenant: string }, options: Drive): Promise<Driven> {
  const { table = stackTable(), copies = 1, budget } = options;
  const worked = new Map<string, number>();
  const started = new Set<string>();
  const branches: Promise<void>[] = [];
  const executionsOf = new Map<string, Set<string>>();
  const depsOf = (execution: string) => ({
    table,
    blobs: blobs(),
    clock: options.clock ?? systemClock,
    denial: options.denial ?? (async () => undefined),
    log: silentLog,
    worker:
      ({ store }: Parameters<TaskDeps["worker"]>[0]) =>
      async ({ node, attempt }: { node: PlanNode; attempt: number }) => {
        const key = `${node.id}/${attempt}`;
        worked.set(key, (worked.get(key) ?? 0) + 1);
        executionsOf.set(node.id, (executionsOf.get(node.id) ?? new Set()).add(execution));
        const result = await options.work(node, attempt, worked.get(key) ?? 1);
        if ("parked" in result) store.waits(node, attempt, { waits_for: "time", message: `${node.id} waits.` });
        return result;
      },
    ...(budget === undefined ? {} : { budget }),
  });
  const task = async (execution: string, ticket: Ticket | null, hops: number): Promise<TaskOutput> => {
    const deps = depsOf(execution);
    for (;;) {
      const input = { tenant: run.tenant, run_id: run.id, ticket, hops, execution };
      const answers = await Promise.allSettled(Array.from({ length: copies }, () => runTask(input, deps)));
      const heard = answers.findLast((answer) => answer.status === "fulfilled");
      if (heard !== undefined) return heard.value;
      for (const answer of answers)
        if (answer.status === "rejected" && !(answer.reason instanceof Crash)) throw answer.reason;
    }
  };
  const execute = async (name: string, first: Ticket | null): Promise<void> => {
    let next: { ticket: Ticket | null; hops: number } | undefined = { ticket: first, hops: 0 };
    while (next !== undefined) {
      const answer: TaskOutput = await task(name, next.ticket, next.hops);
      for (const fork of answer.forks) {
        if (started.has(fork.name)) continue;
        started.add(fork.name);
        branches.push(execute(fork.name, fork.ticket));
      }
      next = answer.ticket === null ? undefined : { ticket: answer.ticket, hops: answer.hops };
    }
  };
  const woken = ({ node_id: node, attempt }: RunStep) =>
    ["one", "two"].map((cause) => execute(wakingName(run.id, node, attempt, cause), { node, attempt, woken: true }));
  branches.push(execute(run.id, null));
  for (let i = 0; i < branches.length; i++) {
    await branches[i];
    if (i === branches.length - 1) for (const step of await waiting(run)) branches.push(...woken(step));
  }
  return { worked, executionsOf };
}

/** The steps of a run that goes on which wait to be woken. */
async function waiting(run: StoredRun & { readonly tenant: string }): Promise<RunStep[]> {
  const table = stackTable().of(run.tenant);
  const found = await findRun(table, run.id);
  if (found === undefined || !isLive(found.state.status)) return [];
  return (await all(table.all(runStepItem, { of: { run_id: run.id } }))).filter(isParked);
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Everything that the table holds of a run. */
export async function look(run: StoredRun & { readonly tenant: string }) {
  const table = stackTable().of(run.tenant);
  const store = blobs();
  const found = await findRun(table, run.id);
  if (found === undefined) throw new Error(`there is no run ${run.id}`);
  const steps = await all(table.all(runStepItem, { of: { run_id: run.id } }));
  const log = await all(table.all(runLogItem, { of: { run_id: run.id } }));
  const pending = await all(table.all(runPendingItem, { of: { run_id: run.id } }));
  const day = run.created_at.slice(0, 10);
  const events = (await all(table.all(outboxItem, { of: { day } }))).map(({ envelope }) => envelope);
  const audit = await all(table.all(auditItem, { of: { month: day.slice(0, 7) } }));
  const outcomes = new Map(
    await Promise.all(
      steps
        .filter((step) => isSettled(step) && step.retry_in_ms === null)
        .map(async (step) => [step.node_id, await outcomeOf(step, store)] as const),
    ),
  );
  const output = await runValue(table, store, run.id, "output");
  return { ...found, steps, log, pending, events, audit, outcomes, output };
}

/**
 * The deployed stack hears of runs from the same table and would work them: what tells it of these is left out of their
 * transactions.
 */
export function unheard(input: unknown): void {
  const { TransactItems = [] } = input as { TransactItems?: { Put?: { Item?: Record<string, unknown> } }[] };
  const tells = ({ Put }: (typeof TransactItems)[number]) =>
    /run\.(?:started|returned|completed|failed|stopped)/.test(String(Put?.Item?.envelope));
  TransactItems.splice(0, TransactItems.length, ...TransactItems.filter((item) => !tells(item)));
}

/** It would look at them after a while, too: no index shows it what is due. In its place, since a refusal names items by theirs. */
export function unwatched(input: unknown): void {
  const { TransactItems = [] } = input as { TransactItems?: { Put?: { Item?: Record<string, unknown> } }[] };
  for (const { Put } of TransactItems)
    if (Put?.Item?.item_type === dueItem.type)
      for (const name of Object.keys(Put.Item)) if (name.startsWith("gsi")) delete Put.Item[name];
}
