import { beforeAll, describe, expect, it } from "vitest";
import { type Company, eventually } from "../../support/api.ts";
import { type Edge, ended, graphOf, lab, type Node, pipelineWith, redraw, testRun } from "./setup.ts";

/** Nothing is asked of a graph without a pattern. */
const FREE = "custom";

let company: Company;
let agent_id: string;
let inner: string;
let outer: string;

const chain = (...nodes: Node[]) => {
  const all: Node[] = [{ id: "in", kind: "input" }, ...nodes, { id: "out", kind: "output" }];
  return graphOf(
    all,
    all.slice(1).map(({ id }, i): Edge => [all[i]?.id ?? "", id]),
  );
};

async function activated(graph: object, id?: string): Promise<string> {
  const pipeline = id ?? (await pipelineWith(company, graph, FREE));
  if (id !== undefined) await redraw(company, id, graph);
  const active = await company.call("POST", `/pipelines/${pipeline}/activate`, {});
  if (active.status !== 200) throw new Error(`not active: ${active.text}`);
  return pipeline;
}

/** What the outer pipeline comes to with this node. */
async function run(node: Node, input: unknown, more: object = {}) {
  await redraw(company, outer, chain(node));
  const id = await testRun(company, outer, { input, ...more });
  return ended(company, id);
}

beforeAll(async () => {
  ({ company, agent_id } = await lab());
  inner = await activated(
    chain({
      id: "double",
      kind: "transform",
      config: { expression: '{"n": input.n * 2, "item": input.item, "index": input.index}' },
    }),
  );
  outer = await pipelineWith(company, chain(), FREE);
});

describe("a pipeline within a pipeline", () => {
  it("is a run of its own, pinned when the outer one starts, and gives its output", async () => {
    const one = await run({ id: "sub", kind: "sub_pipeline", config: { pipeline_id: inner } }, { n: 4 });
    expect(one).toMatchObject({ status: "completed", output: { n: 8 }, pinned: { pipelines: { [inner]: 2 } } });
    const { body } = await company.call("GET", `/runs?parent_run_id=${one.id}`);
    expect(body.items).toMatchObject([
      {
        status: "completed",
        parent_run_id: one.id,
        called_by: { node_id: "sub", attempt: 1, index: 0 },
        depth: 2,
        trace_id: one.trace_id,
        pinned: { pipeline_id: inner, revision: 2 },
      },
    ]);
    const listed = await company.call("GET", `/runs?pipeline_id=${inner}`);
    expect(listed.body.items).toEqual([]);
  });

  it("counts what its agents cost to the step that runs it", async () => {
    const talks = await activated(chain({ id: "agent", kind: "agent", config: { agent_id } }));
    const one = await run({ id: "sub", kind: "sub_pipeline", config: { pipeline_id: talks } }, { message: "Hello" });
    const [child] = (await company.call("GET", `/runs?parent_run_id=${one.id}`)).body.items;
    expect(child.totals.tokens_in).toBeGreaterThan(0);
    expect(one.totals).toMatchObject({ tokens_in: child.totals.tokens_in, tokens_out: child.totals.tokens_out });
  });

  it("fails the step that runs it, under its policy", async () => {
    const breaks = await activated(chain({ id: "boom", kind: "transform", config: { expression: '$error("boom")' } }));
    const one = await run({ id: "sub", kind: "sub_pipeline", config: { pipeline_id: breaks } }, {});
    expect([one.status, one.error.code]).toEqual(["failed", "run_within_failed"]);
    const config = {
      pipeline_id: breaks,
      retry: { max_attempts: 2, backoff_ms: 0 },
      on_failure: "fallback",
      fallback: "none",
    };
    const two = await run({ id: "sub", kind: "sub_pipeline", config }, {});
    expect(two).toMatchObject({ status: "completed", output: "none" });
    const children = await company.call("GET", `/runs?parent_run_id=${two.id}`);
    expect(children.body.items.map((child: { called_by: { attempt: number } }) => child.called_by.attempt)).toEqual([
      2, 1,
    ]);
  });

  it("cannot be deleted while the outer run goes on, and goes with it", async () => {
    const quick = await activated(chain({ id: "id", kind: "transform", config: { expression: "input" } }), inner);
    const nodes: Node[] = [
      { id: "sub", kind: "sub_pipeline", config: { pipeline_id: quick } },
      { id: "wait", kind: "wait", config: { seconds: 3_000 } },
    ];
    await redraw(company, outer, chain(...nodes));
    const id = await testRun(company, outer);
    const child = await eventually(async () => {
      const [one] = (await company.call("GET", `/runs?parent_run_id=${id}`)).body.items;
      return one?.status === "completed" ? one : undefined;
    }, "it has run");
    const refused = await company.call("DELETE", `/runs/${child.id}`);
    expect([refused.status, refused.body.parent_run_id]).toEqual([409, id]);
    await company.call("POST", `/runs/${id}/stop`);
    expect((await company.call("DELETE", `/runs/${id}`)).status).toBe(204);
    await eventually(
      async () => ((await company.call("GET", `/runs/${child.id}`)).status === 404 ? true : undefined),
      "it is gone too",
    );
  });

  it("stops with the outer run", async () => {
    await activated(chain({ id: "wait", kind: "wait", config: { seconds: 3_000 } }), inner);
    await redraw(company, outer, chain({ id: "sub", kind: "sub_pipeline", config: { pipeline_id: inner } }));
    const id = await testRun(company, outer);
    const child = await eventually(
      async () => (await company.call("GET", `/runs?parent_run_id=${id}&limit=1`)).body.items[0],
      "it runs",
    );
    await company.call("POST", `/runs/${id}/stop`);
    expect(await ended(company, child.id)).toMatchObject({ status: "stopped", error: { code: "parent_ended" } });
  });

  it("that was never fit to run is refused where a node names its revision", async () => {
    const at = (await company.call("GET", `/pipelines/${inner}`)).body.revision;
    const unfit = { nodes: [{ id: "in", kind: "input", label: "in", config: {} }], connections: [] };
    expect((await company.call("PUT", `/pipelines/${inner}/graph`, unfit)).body.validation.valid).toBe(false);
    const sub = (revision: number) =>
      chain({ id: "sub", kind: "sub_pipeline", config: { pipeline_id: inner, revision } });
    await redraw(company, outer, sub(at + 1));
    const refused = await company.call("POST", `/pipelines/${outer}/runs`, { mode: "test" });
    expect([refused.status, refused.body.pipeline_id]).toEqual([409, inner]);
    expect(refused.body.detail).toContain(`cannot run in revision ${at + 1}`);
    await redraw(company, outer, sub(at));
    expect((await company.call("POST", `/pipelines/${outer}/runs`, { mode: "test" })).status).toBe(202);
  });

  it("cannot run within itself", async () => {
    const self = await activated(chain());
    const graph = chain({ id: "sub", kind: "sub_pipeline", config: { pipeline_id: self } });
    await company.call("PUT", `/pipelines/${self}/graph`, graph);
    const started = await company.call("POST", `/pipelines/${self}/runs`, { mode: "test" });
    expect([started.status, started.body.detail]).toEqual([
      409,
      `A pipeline runs within itself: ${self} → ${self}. Break the circle.`,
    ]);
  });
});

describe("a map", () => {
  beforeAll(async () => {
    await activated(
      chain({
        id: "double",
        kind: "transform",
        config: { expression: 'input.item = 13 ? $error("unlucky") : {"twice": input.item * 2, "at": input.index}' },
      }),
      inner,
    );
  });
  const map = (more: object = {}): Node => ({
    id: "map",
    kind: "map",
    config: { pipeline_id: inner, list: "input.list", concurrency: 7, ...more },
  });
  const list = (length: number) => Array.from({ length }, (_, i) => i + 100);

  it("runs each item once and gives the outputs in the order of the list", async () => {
    const one = await run(map(), { list: list(25) });
    expect(one.output).toEqual(list(25).map((item, at) => ({ twice: item * 2, at })));
    const { body } = await company.call("GET", `/runs?parent_run_id=${one.id}&limit=100`);
    expect(body.items.length).toBe(25);
  });

  it("of nothing is nothing; of no list, or of too long a one, is a failure", async () => {
    expect((await run(map(), { list: [] })).output).toEqual([]);
    expect((await run(map(), { list: "text" })).error.code).toBe("not_a_list");
    expect((await run(map({ max_items: 2 }), { list: [1, 2, 3] })).error.code).toBe("too_many_items");
  });

  it("takes failures as its policy says", async () => {
    const some = { list: [1, 13, 2] };
    expect((await run(map(), some)).error.code).toBe("run_within_failed");
    expect((await run(map({ succeed: "any" }), some)).output).toEqual([{ twice: 2, at: 0 }, null, { twice: 4, at: 2 }]);
    expect((await run(map({ succeed: "quorum", quorum: 3 }), some)).status).toBe("failed");
  });
});

describe("a loop", () => {
  beforeAll(async () => {
    await activated(chain({ id: "add", kind: "transform", config: { expression: '{"n": input.n + 1}' } }), inner);
  });
  const loop = (more: object): Node => ({ id: "loop", kind: "loop", config: { pipeline_id: inner, ...more } });
  const until = { path: "input.n", op: "gte", value: 3 };

  it("goes on with what came of the time before, until its condition holds", async () => {
    expect((await run(loop({ until }), { n: 0 })).output).toEqual({ n: 3 });
  });

  it("looks at what other steps have made", async () => {
    const nodes: Node[] = [
      { id: "goal", kind: "transform", config: { expression: "4" } },
      { id: "start", kind: "transform", config: { expression: '{"n": 2}' } },
      loop({ until: { path: "steps.goal.output", op: "eq", value: 4 } }),
    ];
    await redraw(company, outer, chain(...nodes));
    expect((await ended(company, await testRun(company, outer))).output).toEqual({ n: 3 });
  });

  it("ends at its limit as it says", async () => {
    expect((await run(loop({ until, max_iterations: 2 }), { n: 0 })).output).toEqual({ n: 2 });
    expect((await run(loop({ until, max_iterations: 2, at_limit: "fail" }), { n: 0 })).error.code).toBe("loop_limit");
    expect((await run(loop({ until, max_iterations: 3, at_limit: "fail" }), { n: 0 })).output).toEqual({ n: 3 });
  });
});
