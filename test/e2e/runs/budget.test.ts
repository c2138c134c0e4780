import { beforeAll, describe, expect, it } from "vitest";
import { askedOf, scriptedModel } from "../../support/agents.ts";
import { type Company, registerCompany } from "../../support/api.ts";
import { activeAgent, type Edge, ended, graphOf, type Node, pages, pipelineWith, redraw, testRun } from "./setup.ts";

const writers = ["w1", "w2", "w3", "w4", "w5"];
/** What each call of the agent uses; what it may come to at worst is a little more. */
const USED = 250;

let company: Company;
let agent_id: string;
let pipeline_id: string;

/** Five agents side by side, asked the same. */
const parallel = (config: object) => {
  const nodes: Node[] = [
    { id: "in", kind: "input" },
    ...writers.map((id) => ({ id, kind: "agent", config: { agent_id, ...config } })),
    { id: "all", kind: "merge", config: { strategy: "concat" } },
    { id: "out", kind: "output" },
  ];
  const edges = writers.flatMap((id): Edge[] => [
    ["in", id],
    [id, "all"],
  ]);
  return graphOf(nodes, [...edges, ["all", "out"]]);
};

const asks = (what: string) => ({ message: `${what} [[tokens:in=100 out=150]] [[delay:200]]` });

beforeAll(async () => {
  company = await registerCompany();
  const model_id = await scriptedModel(company);
  agent_id = await activeAgent(company, { model_id, max_tokens: 200 });
  pipeline_id = await pipelineWith(company, parallel({}), "custom");
});

describe("a run's budget", () => {
  it("for two of five agents side by side lets exactly two be asked; the others fail, under their policy", async () => {
    await redraw(company, pipeline_id, parallel({ on_failure: "fallback", fallback: { text: "none" } }));
    const budget = { tokens: 2 * USED + 150 };
    const id = await testRun(company, pipeline_id, { input: asks("Two may write of the sea."), budget });
    const run = await ended(company, id);
    expect(run).toMatchObject({
      status: "completed",
      budget: { tokens: budget.tokens, cost_usd_micros: null, spent: { tokens: 2 * USED, cost_usd_micros: 800 } },
      totals: { tokens_in: 200, tokens_out: 300, cost_usd_micros: 800 },
    });
    expect(run.budget.reserved).toEqual({ tokens: 0, cost_usd_micros: 0 });
    const steps = (await pages(company, `/runs/${id}/steps`)).filter(({ kind }) => kind === "agent");
    const failed = steps.filter(({ error }) => error !== null);
    expect(failed.map(({ error }) => error.code)).toEqual(Array(3).fill("budget_exceeded"));
    expect(failed[0].error.message).toMatch(
      /^The run's budget is 650 tokens; 500 are spent, and this call may need \d+\.$/,
    );
    expect(await askedOf("Two may write of the sea.")).toHaveLength(2);
    const listed = await company.call("GET", `/runs?pipeline_id=${pipeline_id}`);
    expect(listed.body.items[0].budget).toEqual({ tokens: budget.tokens, cost_usd_micros: null });
  });

  it("fails the run where nothing stands in; its retry has the same budget, or the one that it is given", async () => {
    await redraw(company, pipeline_id, parallel({ retry: { max_attempts: 3, backoff_ms: 0 } }));
    const budget = { cost_usd_micros: 2 * 400 + 150 };
    const input = asks("Two may write of the moor.");
    const run = await ended(company, await testRun(company, pipeline_id, { input, budget }));
    expect(run).toMatchObject({ status: "failed", error: { code: "budget_exceeded" } });
    expect(run.error.message).toMatch(/^The run's budget is 950 micro-US-dollars; 800 are spent/);
    const trail = await company.call("GET", `/audit/resources/run/${run.id}`);
    const entry = trail.body.items.find(({ action }: { action: string }) => action === "run.failed");
    expect(entry).toMatchObject({ outcome: "denied", reason: "budget" });

    const same = await company.call("POST", `/runs/${run.id}/retry`, {});
    expect(same.body.budget).toMatchObject({ cost_usd_micros: 950, spent: { cost_usd_micros: 0 } });
    // What succeeded is taken over and costs nothing, so two more are paid.
    expect((await ended(company, same.body.id)).budget.spent.cost_usd_micros).toBe(800);

    const more = await company.call("POST", `/runs/${same.body.id}/retry`, { budget: { cost_usd_micros: 2_000 } });
    const whole = await ended(company, more.body.id);
    expect([whole.status, whole.budget.spent.cost_usd_micros]).toEqual(["completed", 400]);
    const free = await company.call("POST", `/runs/${run.id}/rerun`, { budget: null });
    expect((await ended(company, free.body.id)).budget).toBeNull();
  });

  it("is shared by the runs within it, and is the reason for which their step fails", async () => {
    const inner = await pipelineWith(
      company,
      graphOf(
        [
          { id: "in", kind: "input" },
          { id: "agent", kind: "agent", config: { agent_id, input_mapping: "input.item" } },
          { id: "out", kind: "output" },
        ],
        [
          ["in", "agent"],
          ["agent", "out"],
        ],
      ),
      "custom",
    );
    const active = await company.call("POST", `/pipelines/${inner}/activate`, {});
    expect(active.status, active.text).toBe(200);
    const map = { pipeline_id: inner, list: "input.items", concurrency: 4, succeed: "any" };
    const outer = await pipelineWith(
      company,
      graphOf(
        [
          { id: "in", kind: "input" },
          { id: "each", kind: "map", config: map },
          { id: "out", kind: "output" },
        ],
        [
          ["in", "each"],
          ["each", "out"],
        ],
      ),
      "custom",
    );
    const items = Array.from({ length: 4 }, (_, i) => asks(`Line ${i} of a poem about budgets.`));
    const tokens = 2 * USED + 150;
    const run = await ended(company, await testRun(company, outer, { input: { items }, budget: { tokens } }));
    expect([run.status, run.budget.spent.tokens]).toEqual(["completed", 2 * USED]);
    const children = (await company.call("GET", `/runs?parent_run_id=${run.id}`)).body.items;
    const ends = children.map(({ status, error }: { status: string; error: { code: string } | null }) => [
      status,
      error?.code,
    ]);
    expect(ends.sort()).toEqual([
      ["completed", undefined],
      ["completed", undefined],
      ["failed", "budget_exceeded"],
      ["failed", "budget_exceeded"],
    ]);
    const child = await company.call("GET", `/runs/${children[0].id}`);
    expect(child.body.budget).toEqual(run.budget);

    const tight = await ended(company, await testRun(company, outer, { input: { items }, budget: { tokens: 10 } }));
    expect(tight).toMatchObject({ status: "failed", error: { code: "budget_exceeded" } });
  });

  it("is refused where it names nothing, or nothing that can be spent", async () => {
    for (const budget of [{}, { tokens: 0 }, { cost_usd_micros: 0.5 }, { usd: 1 }]) {
      const answer = await company.call("POST", `/agents/${agent_id}/runs`, { input: "Hello", budget });
      expect([answer.status, answer.body.code]).toEqual([422, "validation_failed"]);
    }
  });
});
