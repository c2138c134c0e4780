import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Company } from "../../support/api.ts";
import { type Receiver, startReceiver } from "../../support/receiver.ts";
import { type Edge, ended, graphOf, lab, type Node, pipelineWith, redraw, testRun } from "./setup.ts";

/** Nothing is asked of a graph without a pattern. */
const FREE = "custom";

let company: Company;
let agent_id: string;
let receiver: Receiver;

beforeAll(async () => {
  ({ company, agent_id } = await lab());
  receiver = await startReceiver();
});
afterAll(() => receiver.close());

// biome-ignore lint/suspicious/noExplicitAny: a step of any kind
const stepsOf = async (run_id: string): Promise<Record<string, any>> => {
  const { body } = await company.call("GET", `/runs/${run_id}/steps?limit=100`);
  return Object.fromEntries(body.items.map((step: { node_id: string }) => [step.node_id, step]));
};

async function retried(run_id: string, body: object = {}) {
  const answer = await company.call("POST", `/runs/${run_id}/retry`, body);
  if (answer.status !== 202) throw new Error(`not retried: ${answer.text}`);
  return ended(company, answer.body.id);
}

describe("a run that failed", () => {
  it("is retried from the failed step: what succeeded is taken over, and neither done nor paid again", async () => {
    const path = "/flaky";
    receiver.reply(
      path,
      { status: 503 },
      { status: 200, headers: { "content-type": "application/json" }, body: '{"stored":true}' },
    );
    const nodes: Node[] = [
      { id: "in", kind: "input" },
      { id: "before", kind: "http", config: { method: "POST", url: `${receiver.url}/before`, body: "input" } },
      { id: "draw", kind: "router", config: { strategy: "random", branches: [{ handle: "a" }, { handle: "b" }] } },
      { id: "a", kind: "transform", config: { expression: '{"message": "A"}' } },
      { id: "b", kind: "transform", config: { expression: '{"message": "B"}' } },
      { id: "both", kind: "merge", config: { strategy: "merge_json" } },
      { id: "write", kind: "agent", config: { agent_id } },
      { id: "store", kind: "http", config: { method: "POST", url: `${receiver.url}${path}`, body: "input" } },
      { id: "out", kind: "output", config: { mapping: "input.body" } },
    ];
    const edges: Edge[] = [
      ["in", "before"],
      ["before", "draw"],
      ["draw", "a", "a"],
      ["draw", "b", "b"],
      ["a", "both"],
      ["b", "both"],
      ["both", "write"],
      ["write", "store"],
      ["store", "out"],
    ];
    const pipeline = await pipelineWith(company, graphOf(nodes, edges), FREE);
    const first = await ended(company, await testRun(company, pipeline, { input: { message: "Hello" } }));
    expect([first.status, first.error.node_id]).toEqual(["failed", "store"]);
    expect(first.totals.tokens_in).toBeGreaterThan(0);

    const second = await retried(first.id);
    expect(second).toMatchObject({
      status: "completed",
      output: { stored: true },
      retry_of_run_id: first.id,
      recorded_run_id: first.id,
      totals: { tokens_in: 0, tokens_out: 0, cost_usd_micros: 0 },
    });
    const [was, is] = [await stepsOf(first.id), await stepsOf(second.id)];
    for (const id of ["before", "write"]) {
      expect(is[id]).toMatchObject({ status: "completed", recorded_run_id: first.id, tokens_in: 0 });
      expect(is[id].output).toEqual(was[id].output);
    }
    expect(is.store.recorded_run_id).toBeNull();
    expect(is.draw.handle).toBe(was.draw.handle);
    expect(receiver.at("/before").length).toBe(1);
    expect(receiver.at(path).length).toBe(2);

    const anew = await retried(first.id, { from: "start" });
    expect(anew).toMatchObject({ status: "completed", recorded_run_id: null });
    expect(anew.totals.tokens_in).toBeGreaterThan(0);
    expect(receiver.at("/before").length).toBe(2);
  });

  it("is retried within the runs within it", async () => {
    const path = "/inner";
    receiver.reply(path, { status: 200 }, { status: 200 }, { status: 503 }, { status: 200 });
    const chain = (...some: Node[]) => {
      const all: Node[] = [{ id: "in", kind: "input" }, ...some, { id: "out", kind: "output" }];
      return graphOf(
        all,
        all.slice(1).map(({ id }, i): Edge => [all[i]?.id ?? "", id]),
      );
    };
    const call: Node = {
      id: "call",
      kind: "http",
      config: { method: "POST", url: `${receiver.url}${path}`, body: "input" },
    };
    const inner = await pipelineWith(
      company,
      chain(call, { id: "item", kind: "transform", config: { expression: "run.input.item" } }),
      FREE,
    );
    await company.call("POST", `/pipelines/${inner}/activate`, {});
    const map: Node = { id: "map", kind: "map", config: { pipeline_id: inner, list: "input.list", concurrency: 1 } };
    const outer = await pipelineWith(company, chain(map), FREE);
    const first = await ended(company, await testRun(company, outer, { input: { list: [1, 2, 3] } }));
    expect(first.error.code).toBe("run_within_failed");
    expect(receiver.at(path).length).toBe(3);
    const second = await retried(first.id);
    expect(second).toMatchObject({ status: "completed", output: [1, 2, 3] });
    // Two items had succeeded: only the third is called again.
    expect(receiver.at(path).length).toBe(4);
  });
});

describe("a run that is run again with something changed", () => {
  // A plan has room for few pipelines.
  beforeAll(async () => {
    ({ company, agent_id } = await lab());
  });

  it("does only what is other work, and is compared with the first step by step", async () => {
    const nodes = (expression: string): Node[] => [
      { id: "in", kind: "input" },
      { id: "call", kind: "http", config: { method: "POST", url: `${receiver.url}/again`, body: "input" } },
      { id: "write", kind: "agent", config: { agent_id, input_mapping: '"Hello"' } },
      { id: "shape", kind: "transform", config: { expression } },
      { id: "out", kind: "output" },
    ];
    const edges: Edge[] = [
      ["in", "call"],
      ["call", "write"],
      ["write", "shape"],
      ["shape", "out"],
    ];
    const pipeline = await pipelineWith(company, graphOf(nodes("$uppercase(input.text)"), edges), FREE);
    const first = await ended(company, await testRun(company, pipeline, { input: { n: 1 } }));
    expect(first.status).toBe("completed");
    await redraw(company, pipeline, graphOf(nodes("$lowercase(input.text)"), edges));

    const again = async (body: object) => {
      const answer = await company.call("POST", `/runs/${first.id}/rerun`, body);
      if (answer.status !== 202) throw new Error(`not again: ${answer.text}`);
      return ended(company, answer.body.id);
    };
    const revised = await again({ revision: first.pinned.revision + 1 });
    expect(revised).toMatchObject({ status: "completed", recorded_run_id: first.id, totals: { tokens_in: 0 } });
    expect(revised.output).toBe(first.output.toLowerCase());
    expect(receiver.at("/again").length).toBe(1);
    const compared = await company.call("GET", `/runs/${revised.id}/comparison/${first.id}`);
    expect(compared.body).toMatchObject({ same_output: false, differences: 2 });
    const changes = Object.fromEntries(
      compared.body.steps.map((one: { node_id: string; change: string }) => [one.node_id, one.change]),
    );
    expect(changes).toEqual({ in: "same", call: "same", write: "same", shape: "output", out: "output" });

    // Another input is other work for the call, and for the agent after it, which is given what the call came to.
    const other = await again({ input: { n: 2 } });
    const steps = await stepsOf(other.id);
    expect([steps.call.recorded_run_id, steps.write.recorded_run_id]).toEqual([null, null]);
    expect(receiver.at("/again").length).toBe(2);
    expect((await again({ reuse: "nothing" })).totals.tokens_in).toBeGreaterThan(0);
  });

  it("keeps what was pinned within it, though that has changed", async () => {
    const inner = (expression: string) =>
      graphOf(
        [
          { id: "in", kind: "input" },
          { id: "is", kind: "transform", config: { expression } },
          { id: "out", kind: "output" },
        ],
        [
          ["in", "is"],
          ["is", "out"],
        ],
      );
    const sub = await pipelineWith(company, inner('"first"'), FREE);
    await company.call("POST", `/pipelines/${sub}/activate`, {});
    const outer = await pipelineWith(
      company,
      graphOf(
        [
          { id: "in", kind: "input" },
          { id: "sub", kind: "sub_pipeline", config: { pipeline_id: sub } },
          { id: "out", kind: "output" },
        ],
        [
          ["in", "sub"],
          ["sub", "out"],
        ],
      ),
      FREE,
    );
    const first = await ended(company, await testRun(company, outer, { input: {} }));
    await redraw(company, sub, inner('"second"'));
    await company.call("POST", `/pipelines/${sub}/activate`, {});
    const { body } = await company.call("POST", `/runs/${first.id}/rerun`, { input: { other: true } });
    expect(await ended(company, body.id)).toMatchObject({ output: "first", pinned: first.pinned });
    expect((await ended(company, await testRun(company, outer, { input: {} }))).output).toBe("second");
  });

  it("names what there is", async () => {
    const pipeline = await pipelineWith(
      company,
      graphOf(
        [
          { id: "in", kind: "input" },
          { id: "out", kind: "output" },
        ],
        [["in", "out"]],
      ),
      FREE,
    );
    const run = await ended(company, await testRun(company, pipeline, { input: {} }));
    const wrong = await company.call("POST", `/runs/${run.id}/rerun`, { agent_versions: { [agent_id]: 1 } });
    expect([wrong.status, wrong.body.errors?.[0]?.path ?? wrong.body.issues?.[0]?.path]).toEqual([
      422,
      `agent_versions.${agent_id}`,
    ]);
    expect((await company.call("POST", `/runs/${run.id}/rerun`, { revision: 99 })).status).toBe(404);
    const other = await company.call("GET", `/runs/${run.id}/comparison/run_01JDQ4X0Z5V8W3N7K2M9R6T1BC`);
    expect(other.status).toBe(404);
  });
});
