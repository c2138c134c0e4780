import { afterEach, describe, expect, it } from "vitest";
import { newDefinition } from "../../../functions/agents/model.ts";
import { agentVersionItem } from "../../../functions/agents/store.ts";
import { connectors } from "../../../functions/connectors/public.ts";
import { createModelInvoker } from "../../../functions/models/public.ts";
import { modelProviderItem } from "../../../functions/models/store.ts";
import { graphSchema } from "../../../functions/pipelines/graph/public.ts";
import { calledId, MOST_WITHIN, runCallsItem, runWithinItem } from "../../../functions/runs/calls/store.ts";
import { endRun } from "../../../functions/runs/control/ending.ts";
import { runTask, type TaskInput } from "../../../functions/runs/engine/task.ts";
import { workerOf } from "../../../functions/runs/engine/work.ts";
import type { WorkDeps } from "../../../functions/runs/engine/work-deps.ts";
import { runContext } from "../../../functions/runs/log/entries.ts";
import { isLive } from "../../../functions/runs/model.ts";
import { findRun, runItem, runStateItem, storeJson } from "../../../functions/runs/store.ts";
import { usageItem } from "../../../functions/usage/store.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { compileExpression } from "../../../shared/expressions/expression.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { silentLog } from "../../../shared/observability/log.ts";
import { createSecrets } from "../../../shared/secrets/index.ts";
import { Crash, faultyTable, onWrites } from "../../support/faulty-table.ts";
import { organizationNamed } from "../../support/organization.ts";
import { seeded } from "../../support/plan-simulate.ts";
import { stackTable } from "../../support/stack.ts";
import { provider, text } from "../../unit/models/provider-server.ts";
import { memoryKeys } from "../../unit/secrets/memory-keys.ts";
import { all, blobs, look, startRun } from "./harness.ts";

const BOSS = "agt_01JDQ4X0Z5V8W3N7K2M9R6T1BC";
const HELPER = "agt_01JDQ4X0Z5V8W3N7K2M9R6T1BD";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const graph = (config: object) =>
  graphSchema.parse({
    nodes: [
      { id: "in", kind: "input", label: "in", config: {} },
      {
        id: "lead",
        kind: "supervisor",
        label: "lead",
        config: { agent_id: BOSS, workers: [{ name: "a", agent_id: HELPER }], max_workers: 10, ...config },
      },
      { id: "out", kind: "output", label: "out", config: {} },
    ],
    connections: [
      { id: "1", source: "in", target: "lead" },
      { id: "2", source: "lead", target: "out" },
    ],
  });

/** The deployed stack hears of runs from the same table and would work them. */
function unheard(input: unknown): void {
  const { TransactItems = [] } = input as { TransactItems?: { Put?: { Item?: Record<string, unknown> } }[] };
  const tells = ({ Put }: (typeof TransactItems)[number]) =>
    /run\.(?:started|returned|completed|failed|stopped)/.test(String(Put?.Item?.envelope));
  TransactItems.splice(0, TransactItems.length, ...TransactItems.filter((item) => !tells(item)));
}

const tasks = (round: number, count: number) =>
  JSON.stringify({
    finish: false,
    answer: "",
    delegations: Array.from({ length: count }, (_, i) => ({ worker: "a", task: `${round}.${i}` })),
    reason: "More.",
  });
const finish = JSON.stringify({ finish: true, answer: "Done.", delegations: [], reason: "Enough." });

interface Course {
  readonly config?: object;
  readonly fails?: (index: number) => boolean;
  /** Of a worker's death at a write. */
  readonly deaths?: number;
  /** Runs that have been started within the run before. */
  readonly before?: number;
}

/**
 * A supervisor whose provider says these, one after the other. Its workers' runs end in any order; each end wakes the step by
 * three at once, and writes of theirs meet a death of their worker.
 */
async function supervised(
  answers: Parameters<typeof provider>,
  seed: number,
  { config = {}, fails = () => false, deaths = 0.2, before = 0 }: Course = {},
) {
  const random = seeded(seed);
  const server = await provider(...answers);
  cleanups.push(server.close);
  const pinned = { [BOSS]: 1, [HELPER]: 1 };
  const run = await startRun(graph(config), { message: "Mend the roof." }, 600, pinned);
  const table = stackTable();
  const { writes } = table.of(run.tenant);
  const at = run.created_at;
  const agent = async (agent_id: string, name: string) => {
    const definition = { name, agent_type: "task", model_id: "lab/m", ...usual };
    const snapshot = await blobs().store(
      `versions/${run.tenant}/${agent_id}/`,
      JSON.stringify({ definition, contexts: [], tools: [] }),
    );
    const version = { id: `agv_${agent_id.slice(4)}`, agent_id, number: 1, changelog: "", rolled_back_to: null };
    return writes.put(agentVersionItem, {
      ...version,
      created_by: "t",
      created_at: at,
      organization_id: run.tenant,
      snapshot,
    });
  };
  await table.transact([
    await agent(BOSS, "Boss"),
    await agent(HELPER, "Helper"),
    writes.create(organizationItem, organizationNamed(run.tenant)),
    writes.create(modelProviderItem, providerOf(run.tenant, server.origin, at)),
    ...(before === 0
      ? []
      : [writes.put(runWithinItem, { run_id: run.id, started: before, expires_at: run.expires_at })]),
  ]);
  const sound = faultyTable((_, input) => {
    unheard(input);
    return undefined;
  });
  const own = sound.of(run.tenant);
  const deps: WorkDeps = {
    // A death within a call to the model would be taken for a failure of that (repeated.test.ts).
    table: sound,
    blobs: blobs(),
    files: { bytes: async () => undefined },
    secrets: createSecrets({ keys: memoryKeys() }),
    invoker: createModelInvoker({ outbound: server.outbound, bedrock: { region: "eu-central-1" } }),
    invokerBy: (way) =>
      createModelInvoker({ outbound: server.outbound, bedrock: { region: "eu-central-1" }, through: () => way }),
    outbound: server.outbound,
    connectors,
    compile_expression: compileExpression,
    clock: systemClock,
  };
  const task = (execution: string, ticket: TaskInput["ticket"], by: Table) =>
    runTask(
      { tenant: run.tenant, run_id: run.id, hops: 0, execution, ticket },
      {
        table: by,
        blobs: blobs(),
        clock: systemClock,
        log: silentLog,
        denial: async () => undefined,
        worker: workerOf(deps),
      },
    );
  /** As the workflow does: a task that died is repeated, in the same execution. */
  const survived = async (execution: string, ticket: TaskInput["ticket"]) => {
    for (;;) {
      const death = onWrites(() => (random() < deaths ? (random() < 0.5 ? "before" : "after") : undefined));
      const dies = faultyTable((command, input) => {
        unheard(input);
        return death(command);
      });
      try {
        return await task(execution, ticket, dies);
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      }
    }
  };
  const walked = async (execution: string, first: TaskInput["ticket"]): Promise<void> => {
    for (let ticket = first; ; ) {
      const { ticket: next, forks } = await survived(execution, ticket);
      const branches = forks.filter(({ run_id }) => run_id === run.id);
      await Promise.all(branches.map((fork) => walked(fork.name, fork.ticket)));
      if (next === null) return;
      ticket = next;
    }
  };
  await walked(run.id, null);
  let most = 0;
  for (let turn = 0; ; turn++) {
    const found = await findRun(own, run.id);
    if (found === undefined || !isLive(found.state.status)) break;
    if (turn > 200) throw new Error("it does not end");
    const calls = await own.get(runCallsItem, { run_id: run.id, node_id: "lead", attempt: 1 });
    const open = calls?.open ?? [];
    const states = await table.batch(
      open.map((i) => own.read(runStateItem, { run_id: calls === undefined ? "" : calledId(calls, i) })),
    );
    const live = open.filter((_, i) => isLive(states[i]?.status ?? "failed"));
    most = Math.max(most, live.length);
    await Promise.all(
      live
        .filter(() => random() < 0.6)
        .map(async (index) => {
          const child = calls === undefined ? undefined : await own.get(runItem, { id: calledId(calls, index) });
          if (child === undefined) throw new Error("no child");
          const end = fails(index)
            ? ({ status: "failed", error: { code: "x", message: "It broke." } } as const)
            : ({
                status: "completed",
                output: await storeJson(blobs(), run.tenant, child, { text: `answer ${index}` }),
              } as const);
          await endRun(own, runContext(own, child, new Date()), child, end);
        }),
    );
    const woken = { node: "lead", attempt: 1, woken: true } as const;
    await Promise.all([1, 2, 3].map((one) => walked(`wake-${turn}-${one}`, woken)));
  }
  const seen = await look(run);
  const children = await all(own.all(runItem, { index: "gsi4", of: { parent_run_id: run.id } }));
  const step = seen.steps.find(({ node_id }) => node_id === "lead");
  const day = new Date().toISOString().slice(0, 10);
  const usage = await all(own.all(usageItem, { index: "gsi1", of: { day } }));
  return { ...seen, step, children, usage, most, requests: server.requests, id: run.id };
}

const providerOf = (tenant: string, origin: string, at: string) => ({
  name: "lab",
  type: "openai_compatible" as const,
  display_name: "Lab",
  base_url: `${origin}/v1`,
  resource_name: null,
  api_version: null,
  deployment: null,
  api_key_last4: null,
  models: [
    { name: "m", provider_model_id: "m", max_output_tokens: 50_000, price: { input: 1_000_000, output: 1_000_000 } },
  ],
  updated_at: at,
  organization_id: tenant,
  sealed_api_key: null,
  created_at: at,
  etag: "e",
});

/** Answers by what has come back: the n-th where so many rounds are told. */
const byRound =
  (answers: readonly string[], tokens?: [number, number]): Parameters<typeof provider>[0] =>
  (response, { body }) => {
    const rounds = [...JSON.stringify(body.messages).matchAll(/## Round (\d+),/g)].map(([, round]) => Number(round));
    text(answers[Math.max(0, ...rounds)] ?? "", tokens)(response);
  };

const usual = Object.fromEntries(
  Object.entries(newDefinition).flatMap(([name, schema]) => {
    const value = schema.safeParse(undefined);
    return value.success ? [[name, value.data]] : [];
  }),
);

describe("a supervisor, on the table", () => {
  it.each([1, 2, 3, 4])(
    "has each task done once, though workers die and several are woken at once, and all is paid once (%i)",
    async (seed) => {
      const answers = [byRound([tasks(1, 4), tasks(2, 2), finish], [100, 10])];
      const { state, output, children, step, usage, run } = await supervised(answers, seed, {
        fails: (index) => index === 1,
      });
      expect([state.status, run.error]).toEqual(["completed", null]);
      expect(output).toMatchObject({ text: "Done.", rounds: 2, stopped_by: "supervisor" });
      const { delegations } = output as { delegations: { task: string; outcome: string; text: string }[] };
      expect(delegations.map(({ task, outcome, text }) => [task, outcome, text])).toEqual([
        ["1.0", "succeeded", "answer 0"],
        ["1.1", "failed", "It broke."],
        ["1.2", "succeeded", "answer 2"],
        ["1.3", "succeeded", "answer 3"],
        ["2.0", "succeeded", "answer 4"],
        ["2.1", "succeeded", "answer 5"],
      ]);
      expect(children.map(({ called_by }) => called_by?.index).toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
      expect([step?.tokens_in, step?.tokens_out]).toEqual([300, 30]);
      expect(new Set(usage.map(({ source_id }) => source_id))).toEqual(
        new Set([1, 2, 3].map((round) => `${run.id}/lead/1/${round}`)),
      );
    },
  );

  it.each([5, 6])("asks once in each round, however many are woken by its end (%i)", async (seed) => {
    const answers = [byRound([tasks(1, 5), tasks(2, 5), finish], [100, 10])];
    const { state, requests, step, usage } = await supervised(answers, seed, { deaths: 0 });
    expect(state.status).toBe("completed");
    expect([requests.length, usage.length, step?.tokens_in]).toEqual([3, 3, 300]);
    // Each round's request names the span that is kept of it.
    const spans = requests.map(({ headers }) => String(headers.traceparent).split("-")[2]);
    expect(step?.calls.map(({ span_id }) => span_id)).toEqual(spans);
    expect(step?.calls.map(({ number }) => number)).toEqual([1, 2, 3]);
  });

  it("has no more done side by side than it may", async () => {
    const answers = [byRound([tasks(1, 3), tasks(2, 3), finish], [1, 1])];
    const { state, most } = await supervised(answers, 7, { config: { max_workers: 3 }, deaths: 0 });
    expect(state.status).toBe("completed");
    expect(most).toBeLessThanOrEqual(3);
  });

  it("counts what its model does not say it has used", async () => {
    const { state, step, usage } = await supervised([byRound([tasks(1, 1), finish])], 8, { deaths: 0 });
    expect(state.status).toBe("completed");
    expect(usage.map(({ estimated }) => estimated)).toEqual([true, true]);
    expect(step?.tokens_in).toBe(usage.reduce((sum, { tokens_in }) => sum + tokens_in, 0));
    expect(step?.tokens_in).toBeGreaterThan(0);
  });

  it.each([
    ["no JSON", "Let me think."],
    ["a worker whom nobody knows", tasks(1, 1).replace('"worker":"a"', '"worker":"b"')],
    ["more tasks than it may", tasks(1, 11)],
  ])("fails with one outcome where its model answers %s, also when it is asked to mend that", async (_, answer) => {
    const { state, run, step, children } = await supervised([byRound([answer], [100, 10])], 12);
    expect([state.status, run.error?.code, children]).toEqual(["failed", "response_schema_mismatch", []]);
    expect(step?.tokens_in).toBe(200);
  });

  it("keeps what earlier rounds cost where a later decision fails, and fails once", async () => {
    const { state, run, step, children } = await supervised([byRound([tasks(1, 2), "Hm."], [100, 10])], 9);
    expect([state.status, run.error?.code]).toEqual(["failed", "response_schema_mismatch"]);
    // The first decision, the second and its mending.
    expect([step?.tokens_in, children.length]).toEqual([300, 2]);
  });

  it("fails where its model does not answer in time, with what came before kept", async () => {
    const slow: Parameters<typeof provider>[0] = (response, received) => {
      if (!JSON.stringify(received.body.messages).includes("## Round 1,"))
        byRound([tasks(1, 1)], [100, 10])(response, received);
    };
    const { state, run, step } = await supervised([slow], 10, { config: { timeout_ms: 1_000 }, deaths: 0 });
    expect([state.status, run.error?.code]).toEqual(["failed", "model_timeout"]);
    expect(step?.tokens_in).toBe(100);
  });

  it("starts no more within one run than a run may have, and leaves none behind", async () => {
    const answers = [byRound([tasks(1, 5), tasks(2, 5), finish], [100, 10])];
    const { state, run, step, children } = await supervised(answers, 11, { before: MOST_WITHIN - 7 });
    expect([state.status, run.error?.code]).toEqual(["failed", "quota_exceeded"]);
    expect(children.filter(({ status }) => isLive(status))).toEqual([]);
    expect([children.length, step?.tokens_in]).toEqual([5, 200]);
  });
});
