import { describe, expect, it } from "vitest";
import { agentItem } from "../../../functions/agents/store.ts";
import { pipelineItem } from "../../../functions/pipelines/store.ts";
import { admitNext, watch } from "../../../functions/runs/consumers.ts";
import { ending, fromNewest, openRun } from "../../../functions/runs/control/ending.ts";
import type { Workflow } from "../../../functions/runs/control/workflow.ts";
import { isLive } from "../../../functions/runs/model.ts";
import { admitWaiting } from "../../../functions/runs/queue/admitting.ts";
import { LAST_POSITION } from "../../../functions/runs/queue/model.ts";
import { withPlace } from "../../../functions/runs/queue/places.ts";
import { queueOf } from "../../../functions/runs/queue/position.ts";
import { runLaneItem, runQueueItem } from "../../../functions/runs/queue/store.ts";
import { namedRun, startOf } from "../../../functions/runs/start/start.ts";
import { findRun, runLogItem, type StoredRun } from "../../../functions/runs/store.ts";
import { auditItem } from "../../../shared/change/items.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { UNSET } from "../../../shared/identity/settings.ts";
import { newId } from "../../../shared/ids.ts";
import { plans } from "../../../shared/limits/plans.ts";
import { quotaItem } from "../../../shared/limits/quota.ts";
import { silentLog } from "../../../shared/observability/log.ts";
import { newTrace } from "../../../shared/tracing/context.ts";
import { dueOf } from "../../support/due.ts";
import { Crash, type Fault, faultyTable, onWrites } from "../../support/faulty-table.ts";
import { organizationNamed } from "../../support/organization.ts";
import { stackTable } from "../../support/stack.ts";
import { all, unheard } from "./harness.ts";

const LIMIT = plans.free.live_runs;
const starterOf = (at: Date) =>
  ({ principal: { type: "user", id: "usr_x" }, plan: "free", at, trace: newTrace() }) as const;

/** An organization with so many places left. */
async function room(places: number, limits: Readonly<Record<string, number | null>> = {}) {
  const tenant = newId("organization", new Date());
  // The deployed stack would hear of ends and let runs in, too.
  const silent = faultyTable((_, input) => {
    unheard(input);
    return undefined;
  });
  const table = silent.of(tenant);
  await table.transact([
    table.writes.create(organizationItem, organizationNamed(tenant)),
    table.writes.put(quotaItem, { resource: "live_runs", used: LIMIT - places }),
    ...Object.entries(limits).map(([id, max_concurrent_runs]) => pipelineOf(id, max_concurrent_runs)),
    ...AGENTS.map(agentOf),
  ]);
  function agentOf(id: string) {
    const at = new Date().toISOString();
    return table.writes.put(agentItem, {
      id,
      organization_id: tenant,
      workspace_ids: [],
      name: id,
      description: "",
      agent_type: "task",
      model_id: "amazon-bedrock/claude-sonnet-4-5",
      fallback_model_ids: [],
      system_prompt: { inline: "" },
      temperature: 0,
      max_tokens: 0,
      response_schema: null,
      cache_prompt: false,
      guardrail: null,
      retrieval: { mode: "auto", model_id: "amazon-bedrock/titan-embed-text-v2", top_k: 8, budget_tokens: 16_000 },
      capabilities: [],
      tags: [],
      metadata: {},
      status: "active",
      active_version: 1,
      latest_version: 1,
      definition_number: 1,
      versioned_definition: 1,
      uses: 0,
      contexts: 0,
      tools: 0,
      owner_id: null,
      created_by: "usr_x",
      created_at: at,
      updated_at: at,
      archived_at: null,
      purge_at: null,
      etag: "e",
    });
  }
  function pipelineOf(id: string, max_concurrent_runs: number | null) {
    const at = new Date().toISOString();
    return table.writes.put(pipelineItem, {
      id,
      organization_id: tenant,
      workspace_ids: [],
      name: id,
      description: "",
      pattern: "sequential",
      tags: [],
      status: "active",
      revision: 1,
      graph_hash: "",
      active_revision: 1,
      node_count: 0,
      connection_count: 0,
      max_concurrent_runs,
      owner_id: null,
      created_by: "usr_x",
      created_at: at,
      updated_at: at,
      activated_at: at,
      archived_at: null,
      purge_at: null,
      active_agent_ids: [],
      live_id: id,
      live_name: id,
      etag: "e",
    });
  }
  const runs = new Map<string, StoredRun>();
  const begun: string[] = [];
  const workflow: Workflow = {
    start: async (_, id) => void begun.push(id),
    failure: async () => undefined,
    wake: async () => {},
    stop: async () => {},
    input: async () => undefined,
  };
  const deps = (on: Table = table.table) => ({ table: on, clock: { now: () => new Date() }, log: silentLog, workflow });
  /** Starts a run of a pipeline or agent; nobody is told of it. */
  const start = async (target_id: string, on: Table = table.table, at = new Date(), mode: "live" | "test" = "live") => {
    const own = on.of(tenant);
    const named = namedRun({ plan: "free", settings: UNSET }, at, 600);
    return withPlace(async (waiting_for) => {
      const { run, writes } = startOf(
        own,
        starterOf(at),
        {
          ...named,
          kind: target_id === PIPELINE ? "pipeline" : "agent",
          mode,
          target_id,
          pinned: { pipeline_id: null, revision: null, agents: {}, pipelines: {} },
          metadata: {},
          labels: [],
          timeout_seconds: 600,
          budget: null,
          limit: limits[target_id] ?? null,
          input: { inline: "{}" },
        },
        waiting_for,
      );
      runs.set(run.id, run);
      await own.transact(writes);
      if (waiting_for === undefined) begun.push(run.id);
      return { run, waiting_for };
    });
  };
  /** Without the event: the deployed stack would let runs in, too. */
  const end = (run: StoredRun, on: Table = table.table) => {
    const own = on.of(tenant);
    return fromNewest(own, run.id, async (state) => {
      if (state === undefined || !isLive(state.status)) return;
      await own.transact(ending(own, run, state, new Date(), { status: "stopped" }).writes);
    });
  };
  const admit = (on: Table = table.table) => admitWaiting(on.of(tenant), deps(on));
  const used = async (resource: string) => (await table.get(quotaItem, { resource }))?.used ?? 0;
  const held = async () => (await used("live_runs")) - (LIMIT - places);
  const lanes = () => all(table.all(runLaneItem, { of: {} }));
  const queue = async (run: StoredRun) => {
    const found = await findRun(table, run.id);
    return found === undefined ? undefined : queueOf(table, found.run, found.state);
  };
  const stateOf = async (run: StoredRun) => {
    const { items } = await table.page(auditItem, { index: "gsi2", of: { resource_key: `run:${run.id}` }, limit: 10 });
    const found = await findRun(table, run.id);
    return [found?.state.status, found?.run.error?.code, items.map(({ action, outcome }) => [action, outcome])];
  };
  return { tenant, table, runs, begun, deps, start, end, admit, used, held, lanes, queue, stateOf };
}

const agent = (n: number) => `agt_01JDQ4X0Z5V8W3N7K2M9R6T1B${n}`;
const AGENTS = [1, 2, 3, 9].map(agent);
const PIPELINE = "pip_01JDQ4X0Z5V8W3N7K2M9R6T1BC";

describe("a run without a place", () => {
  it("waits, says where, and is let in when one is given back", async () => {
    const { start, end, admit, begun, used, queue, table } = await room(1);
    const first = await start(agent(1));
    const second = await start(agent(1));
    const third = await start(agent(2));
    const fourth = await start(agent(1));
    expect([first, second, third, fourth].map(({ waiting_for }) => waiting_for)).toEqual([
      undefined,
      "organization",
      "organization",
      "organization",
    ]);
    expect(await queue(first.run)).toBeNull();
    expect(await queue(fourth.run)).toEqual({ position: 2, waiting_for: "organization" });
    expect([await used("queued_runs"), await used("live_runs")]).toEqual([3, LIMIT]);
    await admit();
    expect(begun).toEqual([first.run.id]);
    await end(first.run);
    await admit();
    expect(begun).toEqual([first.run.id, second.run.id]);
    expect(await queue(second.run)).toBeNull();
    expect(await queue(fourth.run)).toEqual({ position: 1, waiting_for: "organization" });
    const log = await all(table.all(runLogItem, { of: { run_id: second.run.id } }));
    expect(log.map(({ sequence, type }) => [sequence, type])).toEqual([
      [1, "run.started"],
      [2, "run.admitted"],
    ]);
  });

  it("that comes while others wait does not pass them, though a place is free for a moment", async () => {
    const { start, end, admit, begun } = await room(1);
    const first = await start(agent(1));
    const second = await start(agent(1));
    await end(first.run);
    const late = await start(agent(2));
    expect(late.waiting_for).toBe("organization");
    await admit();
    expect(begun).toEqual([first.run.id, second.run.id]);
    await end(second.run);
    await admit();
    await end(late.run);
    expect((await start(agent(3))).waiting_for).toBeUndefined();
    expect(begun).toHaveLength(4);
  });

  it("of a pipeline with a limit waits for the pipeline, and keeps nobody else out", async () => {
    const { start, end, admit, begun, lanes, queue } = await room(10, { [PIPELINE]: 2 });
    const runs = [];
    for (let i = 0; i < 4; i++) runs.push(await start(PIPELINE));
    expect(runs.map(({ waiting_for }) => waiting_for)).toEqual([undefined, undefined, "pipeline", "pipeline"]);
    expect((await start(agent(1))).waiting_for).toBeUndefined();
    await admit();
    expect(begun).toHaveLength(3);
    const [one, , , last] = runs;
    if (one === undefined || last === undefined) throw new Error("four have started");
    expect(await queue(last.run)).toEqual({ position: 2, waiting_for: "pipeline" });
    await end(one.run);
    await admit();
    expect(begun).toHaveLength(4);
    expect(await queue(last.run)).toEqual({ position: 1, waiting_for: "pipeline" });
    expect(await lanes()).toMatchObject([{ target_id: PIPELINE, running: 2, waiting: 1 }]);
  });

  it("that is ended leaves the queue and gives no place back that it never had", async () => {
    const { start, end, admit, begun, used, lanes, table } = await room(1, { [PIPELINE]: 1 });
    const first = await start(PIPELINE);
    const second = await start(PIPELINE);
    const third = await start(PIPELINE);
    await end(second.run);
    expect([await used("live_runs"), await used("queued_runs")]).toEqual([LIMIT, 1]);
    await end(first.run);
    await admit();
    expect(begun).toEqual([first.run.id, third.run.id]);
    await end(third.run);
    expect([await used("live_runs"), await used("queued_runs")]).toEqual([LIMIT - 1, 0]);
    expect(await lanes()).toMatchObject([{ running: 0, waiting: 0 }]);
    expect(await all(table.all(runQueueItem, { of: { target_id: PIPELINE } }))).toEqual([]);
  });

  it("is let in by whoever looks at it, should nobody be told of an end; its deadline counts from its acceptance", async () => {
    const { start, end, begun, deps, tenant, table } = await room(1);
    const first = await start(agent(1));
    const { run } = await start(agent(1));
    const due = async () => (await dueOf(tenant)).find(({ ref }) => ref === run.id);
    expect(Date.parse((await due())?.at ?? "") - Date.parse(run.created_at)).toBe(600_000);
    await end(first.run);
    const ref = { tenant, kind: "run_watch", ref: run.id, at: "" };
    const next = await watch(ref, deps());
    expect(begun).toEqual([first.run.id, run.id]);
    expect((next?.getTime() ?? 0) - Date.now()).toBeLessThan(121_000);

    const late = (await start(agent(1))).run;
    const clock = { now: () => new Date(Date.parse(late.deadline_at) + 1) };
    await watch({ ...ref, ref: late.id }, { ...deps(), clock });
    expect((await findRun(table, late.id))?.state.status).toBe("timed_out");
  });

  it("is let in when the plan has more places, should nobody end", async () => {
    const { start, begun, deps, tenant, table, queue } = await room(0);
    const { run } = await start(agent(1));
    await table.transact([table.writes.update(organizationItem, {}, { set: { plan: "enterprise" } })]);
    const event = {
      id: newId("event", new Date()),
      type: "organization.plan_changed",
      version: 1,
      organization_id: tenant,
      actor: { type: "user", id: "usr_x" },
      occurred_at: new Date().toISOString(),
      trace_id: newId("request", new Date()),
      data: { organization_id: tenant, name: "Acme", plan: "enterprise", previous_plan: "free" },
    } as const;
    await admitNext(event, deps());
    expect([begun, await queue(run)]).toEqual([[run.id], null]);
  });

  it("is told no further position than a bound, however many wait before it", async () => {
    const { start, table, queue } = await room(0);
    const before = Date.now() - 60_000;
    const ids = Array.from({ length: LAST_POSITION + 30 }, (_, i) => newId("run", new Date(before + i)));
    for (let i = 0; i < ids.length; i += 50)
      await table.transact(
        ids.slice(i, i + 50).map((run_id) =>
          table.writes.create(runQueueItem, {
            target_id: agent(1),
            run_id,
            expires_at: "2099-01-01T00:00:00.000Z",
          }),
        ),
      );
    const { run } = await start(agent(1));
    expect(await queue(run)).toEqual({ position: LAST_POSITION, waiting_for: "organization" });
    const [first] = ids;
    if (first === undefined) throw new Error("there are many");
    const early = await start(agent(1), undefined, new Date(before - 1));
    expect(await queue(early.run)).toMatchObject({ position: 1 });
  });

  it("is refused beyond what the plan lets wait, with limit and usage", async () => {
    const { start, table } = await room(0);
    await table.transact([table.writes.put(quotaItem, { resource: "queued_runs", used: 100 })]);
    await expect(start(agent(1))).rejects.toMatchObject({
      code: "quota_exceeded",
      status: 402,
      options: { members: { resource: "queued_runs", limit: 100, usage: 100 } },
    });
  });
});

describe("a run that waits is stopped with the reason instead of being let in, and leaves the queue,", () => {
  it.each(["draft", "archived"] as const)("where its pipeline is %s by then", async (status) => {
    const { start, end, admit, begun, used, lanes, stateOf, table } = await room(1, { [PIPELINE]: 1 });
    const first = await start(PIPELINE);
    // Apart from each other, so that they wait in this order.
    const later = (ms: number) => new Date(Date.now() + ms);
    const live = [await start(PIPELINE, undefined, later(1)), await start(PIPELINE, undefined, later(1_000))];
    const test = await start(PIPELINE, undefined, later(2_000), "test");
    const other = await start(agent(1));
    await table.transact([table.writes.update(pipelineItem, { id: PIPELINE }, { set: { status } })]);
    await end(first.run);
    await admit();
    expect(begun.at(-1)).toBe(other.run.id);
    await end(other.run);
    await admit();
    for (const { run } of live)
      expect(await stateOf(run)).toEqual(["stopped", "pipeline_inactive", [["run.stopped", "denied"]]]);
    if (status === "draft") {
      expect(begun.at(-1)).toBe(test.run.id);
      await end(test.run);
    } else expect(await stateOf(test.run)).toEqual(["stopped", "pipeline_inactive", [["run.stopped", "denied"]]]);
    expect([await used("queued_runs"), await used("live_runs")]).toEqual([0, LIMIT - 1]);
    for (const lane of await lanes()) expect(lane).toMatchObject({ running: 0, waiting: 0 });
  });

  it("where its agent is archived by then", async () => {
    const { start, end, admit, begun, used, stateOf, table } = await room(1);
    const first = await start(agent(1));
    const { run } = await start(agent(2));
    await table.transact([
      table.writes.update(agentItem, { id: agent(2) }, { set: { status: "archived", agent_type: "task" } }),
    ]);
    await end(first.run);
    await admit();
    expect(await stateOf(run)).toEqual(["stopped", "agent_archived", [["run.stopped", "denied"]]]);
    expect([begun, await used("queued_runs")]).toEqual([[first.run.id], 0]);
  });

  it("by whoever looks at it, where its organization is suspended or its pipeline inactive, though no place is free", async () => {
    const { start, used, stateOf, table, tenant, deps } = await room(0, { [PIPELINE]: null });
    const { run } = await start(PIPELINE);
    const late = await start(agent(1));
    await table.transact([table.writes.update(pipelineItem, { id: PIPELINE }, { set: { status: "draft" } })]);
    const look = (ref: string) => watch({ tenant, kind: "run_watch", ref, at: "" }, deps());
    expect(await look(run.id)).toBeUndefined();
    expect(await stateOf(run)).toEqual(["stopped", "pipeline_inactive", [["run.stopped", "denied"]]]);
    await table.transact([table.writes.update(organizationItem, {}, { set: { status: "suspended" } })]);
    expect(await look(late.run.id)).toBeUndefined();
    expect(await stateOf(late.run)).toEqual(["stopped", "organization_suspended", [["run.stopped", "denied"]]]);
    expect([await used("queued_runs"), await used("live_runs")]).toEqual([0, LIMIT]);
  });

  it("and many of them take several calls, each of which is brought about by the ends before", async () => {
    const { start, admit, used, table } = await room(1, { [PIPELINE]: 1 });
    await start(PIPELINE);
    for (let i = 0; i < 55; i++) await start(PIPELINE);
    await table.transact([table.writes.update(pipelineItem, { id: PIPELINE }, { set: { status: "draft" } })]);
    await table.transact([table.writes.put(quotaItem, { resource: "live_runs", used: LIMIT - 1 })]);
    await admit();
    expect(await used("queued_runs")).toBe(5);
    await admit();
    expect(await used("queued_runs")).toBe(0);
  });
});

describe("many runs at once", () => {
  it("take turns between agents and go by age within one", async () => {
    const { start, end, admit, begun, runs } = await room(1);
    const first = await start(agent(9));
    const began = Date.now();
    // Each a millisecond apart, so that their ids are in this order.
    for (const [i, n] of [1, 1, 1, 1, 2, 2, 3].entries()) await start(agent(n), undefined, new Date(began + i));
    let run = first.run;
    for (let i = 0; i < 7; i++) {
      await end(run);
      await Promise.all([admit(), admit(), admit()]);
      run = runs.get(begun.at(-1) ?? "") ?? run;
    }
    expect(begun.map((id) => runs.get(id)?.target_id)).toEqual([9, 1, 2, 3, 1, 2, 1, 1].map(agent));
    const ofOne = begun.filter((id) => runs.get(id)?.target_id === agent(1));
    expect(ofOne).toEqual([...ofOne].sort());
  });

  it.each([
    ["", 0],
    [", where workers die and answers get lost", 0.08],
  ])("never go on more than there are places, and all come to their end%s", { timeout: 240_000 }, async (_, chance) => {
    const faults: readonly Fault[] = ["before", "after", "conflict", "throttle", "cut", "lost", "fault"];
    const flaky = () =>
      chance === 0
        ? stackTable()
        : faultyTable(
            onWrites(() => (Math.random() < chance ? faults[Math.floor(Math.random() * faults.length)] : undefined)),
          );
    const { start, end, admit, begun, runs, held, used, lanes, table } = await room(5, { [PIPELINE]: 2 });
    const targets = [PIPELINE, agent(1), agent(2), PIPELINE, agent(3)];
    const seen: number[] = [];
    const seenOfPipeline: number[] = [];
    const see = async () => {
      seen.push(await held());
      seenOfPipeline.push((await lanes()).find(({ target_id }) => target_id === PIPELINE)?.running ?? 0);
    };
    /** What is done again until it is done, as messages and requests are. */
    const insist = async (work: (on: Table) => Promise<unknown>) => {
      for (;;) {
        try {
          return await work(flaky());
        } catch (error) {
          if (!(error instanceof Crash) && (error as { code?: string }).code !== "service_unavailable") throw error;
        }
      }
    };
    const started = Array.from({ length: 40 }, async (_, i) => {
      const target = targets[i % targets.length] ?? PIPELINE;
      try {
        await start(target, flaky());
      } catch (error) {
        if (!(error instanceof Crash) && (error as { code?: string }).code !== "service_unavailable") throw error;
      }
      await see();
    });
    await Promise.all(started);
    // Which were accepted is known by the table alone: a worker may have died after its write.
    const accepted: StoredRun[] = [];
    for (const run of runs.values()) if ((await findRun(table, run.id)) !== undefined) accepted.push(run);
    const open = new Set(accepted.map(({ id }) => id));
    for (let round = 0; open.size > 0 && round < 100; round++) {
      await Promise.all([insist(admit), insist(admit), insist(admit)]);
      await see();
      const now = await Promise.all([...open].map((id) => findRun(table, id)));
      const going = now.filter((one) => one !== undefined && isLive(one.state.status) && one.state.place !== "waiting");
      expect(going.length).toBeLessThanOrEqual(5);
      await Promise.all(
        going.map(async (one) => {
          if (one === undefined) return;
          await insist((on) => openRun(on.of(table.tenant), one.run, new Date()));
          await insist((on) => end(one.run, on));
          open.delete(one.run.id);
          await see();
        }),
      );
    }
    expect(open.size).toBe(0);
    expect(Math.max(...seen)).toBeLessThanOrEqual(5);
    expect(Math.max(...seenOfPipeline)).toBeLessThanOrEqual(2);
    expect([await held(), await used("queued_runs")]).toEqual([0, 0]);
    for (const lane of await lanes()) expect(lane).toMatchObject({ running: 0, waiting: 0 });
    if (chance === 0) expect([accepted.length, new Set(begun).size]).toEqual([40, 40]);
  });
});
