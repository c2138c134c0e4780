import { expect, it } from "vitest";
import { graphSchema } from "../../../functions/pipelines/graph/public.ts";
import { revisionItem } from "../../../functions/pipelines/store.ts";
import { wake } from "../../../functions/runs/control/waking.ts";
import { runTask, type TaskInput } from "../../../functions/runs/engine/task.ts";
import { workWait } from "../../../functions/runs/engine/work-wait.ts";
import { systemClock, timestamp } from "../../../shared/clock.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { silentLog } from "../../../shared/observability/log.ts";
import { dueOf } from "../../support/due.ts";
import { stackTable } from "../../support/stack.ts";
import { blobs, look, startRun } from "./harness.ts";

const graph = graphSchema.parse({
  nodes: [
    { id: "in", kind: "input", label: "in", config: {} },
    { id: "w", kind: "wait", label: "w", config: { seconds: 100 } },
    { id: "long", kind: "wait", label: "long", config: { seconds: 950 } },
    { id: "out", kind: "output", label: "out", config: {} },
  ],
  connections: [
    { id: "1", source: "in", target: "w" },
    { id: "2", source: "w", target: "long" },
    { id: "3", source: "long", target: "out" },
  ],
});

it("a step that waits is due from the transaction that parks it, is woken when it is due, and goes on once, however often", async () => {
  const run = await startRun(graph, { k: 1 }, 3_600);
  const table = stackTable();
  let now = new Date(run.created_at);
  const clock = { now: () => now };
  const later = (ms: number) => {
    now = new Date(now.getTime() + ms);
  };
  const executions: TaskInput[] = [];
  const workflow = {
    start: async () => {},
    failure: async () => undefined,
    stop: async () => {},
    input: async () => undefined,
    wake: async (tenant: string, run_id: string, ticket: { node: string; attempt: number }, execution: string) => {
      executions.push({ tenant, run_id, ticket: { ...ticket, woken: true }, hops: 0, execution });
    },
  };
  const task = (input: TaskInput) =>
    runTask(input, {
      table,
      blobs: blobs(),
      clock,
      log: silentLog,
      denial: async () => undefined,
      worker: (of) => (task) => {
        const step = task.node.node;
        if (step?.kind !== "wait") throw new Error("a wait");
        return workWait({ ...of, ...task, step }, task, { clock });
      },
    });
  const begin = { tenant: run.tenant, run_id: run.id, ticket: null, hops: 0, execution: run.id };
  const first = await task(begin);
  const paused = await task({ ...begin, ticket: first.ticket });
  expect(paused).toMatchObject({
    ticket: { node: "w", attempt: 1, woken: true },
    wait_until: timestamp(new Date(now.getTime() + 100_000)),
  });
  // Should whoever pauses not be heard of, it is woken a minute later.
  expect((await dueOf(run.tenant)).find(({ ref }) => ref === `${run.id}/w/1`)).toMatchObject({
    at: timestamp(new Date(now.getTime() + 160_000)),
  });
  // The pause is over: what came after it waits for longer than a workflow does.
  later(100_000);
  const done = await task({ ...begin, ticket: paused.ticket });
  expect(done.ticket).toBeNull();
  const [fork] = done.forks;
  if (fork === undefined) throw new Error("the step after it has no execution");
  expect(await task({ ...begin, ticket: fork.ticket, execution: fork.name })).toMatchObject({
    ticket: null,
    forks: [],
  });
  const due = (await dueOf(run.tenant)).find(({ ref }) => ref === `${run.id}/long/1`);
  expect(due).toMatchObject({ ref: `${run.id}/long/1`, at: timestamp(new Date(now.getTime() + 950_000)) });
  if (due === undefined) return;

  const worker = dueWorker(table, { run_wake: (one) => wake(one, { table, clock, log: silentLog, workflow }) });
  later(950_000);
  const { tenant, kind, ref, at } = due;
  await Promise.all([1, 2].map(() => worker({ tenant, kind, ref, at })));
  expect(new Set(executions.map(({ execution }) => execution)).size).toBe(1);
  // Woken by two at once, and once more when it is over.
  const [one] = executions;
  if (one === undefined) throw new Error("nobody was woken");
  await Promise.all([task(one), task({ ...one, execution: "another" })]);
  await task({ ...one, execution: "a third" });
  const { run: record, steps, log, events, output } = await look(run);
  const waiting = events.filter(({ type }) => type === "run.waiting").map(({ data }) => data);
  expect(waiting).toMatchObject(["w", "long"].map((node_id) => ({ run_id: run.id, node_id, waits_for: "time" })));
  expect([record.status, output]).toEqual(["completed", { k: 1 }]);
  expect(steps.filter(({ kind }) => kind === "wait").map(({ status, waits_for }) => [status, waits_for])).toEqual([
    ["completed", "time"],
    ["completed", "time"],
  ]);
  const told = (type: string) => log.filter((entry) => entry.type === type && entry.node_id === "long").length;
  expect([told("step.waiting"), told("step.completed")]).toEqual([1, 1]);
  // It is looked at again, and then no more.
  later(300_000);
  const again = (await dueOf(run.tenant)).find((one) => one.ref === ref);
  if (again !== undefined) await worker({ tenant, kind, ref, at: again.at });
  expect((await dueOf(run.tenant)).filter((one) => one.ref === ref)).toEqual([]);
});

it("a run whose pipeline was erased while it waited fails and says so", async () => {
  const run = await startRun(graph, {}, 3_600);
  const table = stackTable();
  const own = table.of(run.tenant);
  await own.transact([own.writes.remove(revisionItem, { pipeline_id: run.target_id, revision: 1 })]);
  const deps = { table, blobs: blobs(), clock: systemClock, log: silentLog, denial: async () => undefined };
  const worker = () => () => Promise.reject(new Error("nothing is worked"));
  const ticket = { node: "long", attempt: 1, woken: true } as const;
  const input = { tenant: run.tenant, run_id: run.id, ticket, hops: 0, execution: "woken" };
  expect(await runTask(input, { ...deps, worker })).toMatchObject({ ticket: null, forks: [] });
  const { run: record } = await look(run);
  expect([record.status, record.error?.code]).toEqual(["failed", "pipeline_purged"]);
});
