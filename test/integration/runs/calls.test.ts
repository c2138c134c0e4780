import { describe, expect, it } from "vitest";
import { graphSchema } from "../../../functions/pipelines/graph/public.ts";
import { calledId, MOST_WITHIN, runCallsItem, runWithinItem } from "../../../functions/runs/calls/store.ts";
import { workCalls } from "../../../functions/runs/calls/work.ts";
import { endRun } from "../../../functions/runs/control/ending.ts";
import { runTask, type TaskInput } from "../../../functions/runs/engine/task.ts";
import { runContext } from "../../../functions/runs/log/entries.ts";
import { isLive } from "../../../functions/runs/model.ts";
import { findRun, runItem, runStateItem, storeJson } from "../../../functions/runs/store.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import { quotaItem } from "../../../shared/limits/quota.ts";
import { silentLog } from "../../../shared/observability/log.ts";
import { Crash, faultyTable, onWrites } from "../../support/faulty-table.ts";
import { seeded } from "../../support/plan-simulate.ts";
import { stackTable } from "../../support/stack.ts";
import { thorough } from "../../support/thorough.ts";
import { all, blobs, look, startRun, unheard, unwatched } from "./harness.ts";

const INNER = "pip_01JDQ4X0Z5V8W3N7K2M9R6T1BD";

const graph = (config: object) =>
  graphSchema.parse({
    nodes: [
      { id: "in", kind: "input", label: "in", config: {} },
      { id: "map", kind: "map", label: "map", config: { pipeline_id: INNER, revision: 1, list: "input", ...config } },
      { id: "out", kind: "output", label: "out", config: {} },
    ],
    connections: [
      { id: "1", source: "in", target: "map" },
      { id: "2", source: "map", target: "out" },
    ],
  });

/** Nothing here is about speed: ten thousand runs take a while. */
const HOURS = 2 * 3_600_000;

interface Course {
  readonly fails?: (index: number) => boolean;
  readonly output?: (index: number) => Json;
  /** Runs that have been started within the run before. */
  readonly before?: number;
}

/**
 * Runs a map over so many items, whose runs end in any order, several at a time; each end wakes the step by as many copies,
 * and every other write of theirs meets a death of its worker.
 */
async function mapped(
  length: number,
  config: object,
  seed: number,
  { fails = () => false, output = (index) => ({ index }), before = 0 }: Course = {},
) {
  const random = seeded(seed);
  const run = await startRun(
    graph(config),
    Array.from({ length }, (_, i) => i),
    HOURS / 1_000,
  );
  const table = stackTable();
  if (before > 0) {
    const { writes } = table.of(run.tenant);
    const counted = { run_id: run.id, started: before, expires_at: run.expires_at };
    await table.transact([writes.put(runWithinItem, counted)]);
  }
  const own = faultyTable((_, input) => {
    unheard(input);
    unwatched(input);
    return undefined;
  }).of(run.tenant);
  const task = (input: Omit<TaskInput, "tenant" | "run_id" | "hops" | "execution">, by: Table) =>
    runTask(
      { tenant: run.tenant, run_id: run.id, hops: 0, execution: "e", ...input },
      {
        table: by,
        blobs: blobs(),
        clock: systemClock,
        log: silentLog,
        denial: async () => undefined,
        worker: (of) => (one) => {
          const step = one.node.node;
          if (step?.kind !== "map") throw new Error("a map");
          return workCalls({ ...of, ...one, step }, one.wait, { blobs: blobs(), clock: systemClock });
        },
      },
    );
  const survived = async (input: Parameters<typeof task>[0]) => {
    for (;;) {
      const death = onWrites(() => (random() < 0.3 ? (random() < 0.5 ? "before" : "after") : undefined));
      const dies = faultyTable((command, input) => {
        unheard(input);
        unwatched(input);
        return death(command);
      });
      try {
        return await task(input, dies);
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      }
    }
  };
  let next = (await survived({ ticket: null })).ticket;
  const first = next;
  while (next !== null) next = (await survived({ ticket: next })).ticket;
  if (first === null || !("node" in first)) throw new Error("no step");
  const woken = { node: "map", attempt: 1, woken: true } as const;
  let most = 0;
  for (;;) {
    const found = await findRun(own, run.id);
    if (found === undefined || !isLive(found.state.status)) break;
    const calls = await own.get(runCallsItem, { run_id: run.id, node_id: "map", attempt: 1 });
    if (calls === undefined) throw new Error("no calls");
    const states = await table.batch(calls.open.map((i) => own.read(runStateItem, { run_id: calledId(calls, i) })));
    const live = calls.open.filter((_, i) => isLive(states[i]?.status ?? "failed"));
    most = Math.max(most, live.length);
    const ending = live.filter(() => random() < 0.6);
    await Promise.all(
      ending.map(async (index) => {
        const child = await own.get(runItem, { id: calledId(calls, index) });
        if (child === undefined) throw new Error("no child");
        const end = fails(index)
          ? ({ status: "failed", error: { code: "x", message: "It broke." } } as const)
          : ({ status: "completed", output: await storeJson(blobs(), run.tenant, child, output(index)) } as const);
        await endRun(own, runContext(own, child, new Date()), child, end);
      }),
    );
    await Promise.all([1, 2, 3].map(() => walked(woken)));
  }
  const seen = await look(run);
  return { ...seen, most, run: { ...run, ...seen.run } };

  async function walked(ticket: TaskInput["ticket"]): Promise<void> {
    for (let at = ticket; at !== null; ) {
      const { ticket: then, forks } = await survived({ ticket: at });
      await Promise.all(forks.filter(({ run_id }) => run_id === run.id).map((fork) => walked(fork.ticket)));
      at = then;
    }
  }
}

describe("a step that runs pipelines, on the table, though workers die and several are woken at once", () => {
  it.each([1, 2, 3])("starts each once and gives their outputs in order (%i)", async (seed) => {
    const length = 27;
    const { output, most, run, state } = await mapped(length, { concurrency: 12 }, seed);
    expect(state.status).toBe("completed");
    expect(output).toEqual(Array.from({ length }, (_, index) => ({ index })));
    expect(most).toBeLessThanOrEqual(12);
    const own = stackTable().of(run.tenant);
    const children = await all(own.all(runItem, { index: "gsi4", of: { parent_run_id: run.id } }));
    expect(children.map(({ called_by }) => called_by?.index).sort((a = 0, b = 0) => a - b)).toEqual(
      Array.from({ length }, (_, i) => i),
    );
    // They are part of the run: only that one had a place of the plan, and has given it back.
    expect((await own.get(quotaItem, { resource: "live_runs" }))?.used).toBe(0);
  });

  it.runIf(thorough)("ends with 10,000 items, each begun once, the results in order", { timeout: HOURS }, async () => {
    const length = 10_000;
    const { output, state, run } = await mapped(length, { concurrency: 100, max_items: length }, 7);
    expect(state.status).toBe("completed");
    expect(output).toEqual(Array.from({ length }, (_, index) => ({ index })));
    const own = stackTable().of(run.tenant);
    expect((await own.get(runWithinItem, { run_id: run.id }))?.started).toBe(length);
  });

  it("ends what still goes on when too many have failed", async () => {
    const { state, run } = await mapped(20, { concurrency: 6 }, 4, { fails: (index) => index === 2 });
    expect(state.status).toBe("failed");
    const own = stackTable().of(run.tenant);
    const children = await all(own.all(runItem, { index: "gsi4", of: { parent_run_id: run.id } }));
    expect(children.filter(({ status }) => isLive(status))).toEqual([]);
    expect(children.filter(({ error }) => error?.code === "parent_ended").length).toBeGreaterThan(0);
  });

  it("fails where the outputs are together more than an output may be, and reads none of their files", async () => {
    const output = (index: number) => `${index}`.padEnd(300_000, "x");
    const { state, run } = await mapped(4, {}, 5, { output });
    expect([state.status, run.error?.code]).toEqual(["failed", "output_too_large"]);
  });

  it("starts no more within one run than a run may have, and leaves none behind", async () => {
    const { state, run } = await mapped(12, { concurrency: 5 }, 6, { before: MOST_WITHIN - 7 });
    expect([state.status, run.error?.code]).toEqual(["failed", "quota_exceeded"]);
    const own = stackTable().of(run.tenant);
    const children = await all(own.all(runItem, { index: "gsi4", of: { parent_run_id: run.id } }));
    expect(children.length).toBeLessThanOrEqual(7);
    expect(children.filter(({ status }) => isLive(status))).toEqual([]);
    expect((await own.get(runWithinItem, { run_id: run.id }))?.started).toBeLessThanOrEqual(MOST_WITHIN);
  });
});
