import { expect, it } from "vitest";
import type { Graph } from "../../../functions/pipelines/graph/public.ts";
import { watch } from "../../../functions/runs/consumers.ts";
import { endRun, openRun } from "../../../functions/runs/control/ending.ts";
import type { Workflow } from "../../../functions/runs/control/workflow.ts";
import { runItem, runWatch } from "../../../functions/runs/store.ts";
import { auditItem } from "../../../shared/change/items.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { silentLog } from "../../../shared/observability/log.ts";
import { dueOf } from "../../support/due.ts";
import { stackTable } from "../../support/stack.ts";
import { startRun } from "./harness.ts";

const graph: Graph = { nodes: [], connections: [] };

/** A run that has been accepted, with a workflow of the test's and a clock that it moves. */
async function accepted(failure: () => string | undefined = () => undefined) {
  const run = await startRun(graph, {});
  const table = stackTable().of(run.tenant);
  const started: string[] = [];
  const workflow: Workflow = {
    start: async (_, id) => {
      started.push(id);
    },
    failure: async () => failure(),
    wake: async (_, __, ___, name) => {
      started.push(name);
    },
    stop: async () => {},
    input: async () => undefined,
  };
  let now = new Date(run.created_at);
  const deps = { table: table.table, clock: { now: () => now }, log: silentLog, workflow };
  const worker = dueWorker(table.table, { [runWatch.kind]: (due) => watch(due, deps) });
  /** What is due next comes due, `copies` times at once. */
  const comeDue = async (copies = 1) => {
    const [due] = await dueOf(run.tenant);
    if (due === undefined) throw new Error("nothing is due");
    now = new Date(Math.max(now.getTime(), Date.parse(due.at)));
    const { tenant, kind, ref, at } = due;
    await Promise.all(Array.from({ length: copies }, () => worker({ tenant, kind, ref, at })));
  };
  const due = async () => (await dueOf(run.tenant)).map(({ kind, ref, at }) => [kind, ref, at]);
  const after = (seconds: number) => timestamp(addSeconds(new Date(run.created_at), seconds));
  const status = async () => table.get(runItem, { id: run.id });
  const context = {
    tenant: run.tenant,
    actor: { type: "system", id: "test" },
    trace_id: "t",
    request: null,
    audit_days: 400,
  } as const;
  return { run, table, started, comeDue, due, after, status, context: { ...context, at: new Date() } };
}

it("a run is watched from the transaction that accepts it to the one that ends it", async () => {
  const { run, table, due, after, context } = await accepted();
  expect(await due()).toEqual([["run_watch", run.id, after(120)]]);
  await endRun(table, context, run, { status: "stopped" });
  expect(await due()).toEqual([]);
});

it("a run whose start was lost, and its event with it, is started again until it has begun", async () => {
  const { run, table, started, comeDue, due, after } = await accepted();
  await comeDue();
  expect([started, await due()]).toEqual([[run.id], [["run_watch", run.id, after(240)]]]);
  await comeDue(3);
  expect(new Set(started)).toEqual(new Set([run.id]));
  expect(await due()).toEqual([["run_watch", run.id, after(360)]]);
  await openRun(table, run, new Date());
  const before = started.length;
  await comeDue();
  expect(started).toHaveLength(before);
  expect(await due()).toEqual([["run_watch", run.id, run.deadline_at]]);
});

it("a run whose workflow failed before its first step is failed, though nobody was told of it", async () => {
  const { comeDue, due, status } = await accepted(() => "timed_out");
  await comeDue();
  expect(await status()).toMatchObject({
    status: "failed",
    error: { code: "workflow_failed", message: "The workflow of the run ended as timed_out." },
  });
  expect(await due()).toEqual([]);
});

it.each(["queued", "running"] as const)(
  "a %s run ends at its deadline whatever event was lost, once",
  async (state) => {
    const { run, table, comeDue, due, status } = await accepted();
    if (state === "running") await openRun(table, run, new Date());
    for (let looks = 0; looks < 20 && (await due())[0]?.[2] !== run.deadline_at; looks++) await comeDue();
    expect((await status())?.status).toBe(state);
    await comeDue(3);
    expect(await status()).toMatchObject({ status: "timed_out", finished_at: run.deadline_at });
    expect(await due()).toEqual([]);
    const { items } = await table.page(auditItem, { index: "gsi2", of: { resource_key: `run:${run.id}` }, limit: 10 });
    expect(items.map(({ action, actor }) => [action, actor])).toEqual([
      ["run.timed_out", { type: "system", id: "run_deadline" }],
    ]);
  },
);
