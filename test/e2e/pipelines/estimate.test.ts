import { beforeAll, describe, expect, inject, it } from "vitest";
import { askedOf } from "../../support/agents.ts";
import { type Company, unique } from "../../support/api.ts";
import { roomyCompany } from "../../support/plans.ts";
import {
  activeAgent,
  type Edge,
  ended,
  graphOf,
  type Node,
  pages,
  pipelineWith,
  redraw,
  testRun,
} from "../runs/setup.ts";

const price = { input: 1_000_000, output: 2_000_000 };
const sizes = { context_window_tokens: 2_000, max_output_tokens: 300 };

/** Two models of the scripted server; `bare` says nothing of its sizes. */
async function models(company: Company): Promise<void> {
  const of = (name: string, more: object) => ({
    name,
    provider_model_id: `scripted-${name}`,
    supports: { response_schema: true },
    price,
    ...more,
  });
  const answer = await company.call("PUT", "/models/providers/scripted", {
    base_url: `${inject("stack").modelServerUrl}/v1`,
    api_key: "scripted-key-0123456789",
    models: [
      of("small", sizes),
      of("large", { ...sizes, price: { input: 3_000_000, output: 9_000_000 } }),
      of("bare", {}),
    ],
  });
  expect(answer.status).toBe(200);
}

const verdict = {
  type: "object",
  properties: { verdict: { type: "string" } },
  required: ["verdict"],
  additionalProperties: false,
};
const messages = [
  "",
  "[[fail:503 times=1]]",
  "[[fail:500]]",
  "[[say:no JSON]]",
  "[[tokens:in=1900,out=290]]",
  "[[cut]]",
];

describe("the estimate of a pipeline", () => {
  let company: Company;
  let plain: string;
  let judging: string;

  /** A company with its models, and an agent of each kind. */
  const lab = async () => {
    const own = await roomyCompany();
    await models(own);
    const plainOne = await activeAgent(own, { model_id: "scripted/small" });
    const judgingOne = await activeAgent(own, {
      model_id: "scripted/small",
      fallback_model_ids: ["scripted/large"],
      response_schema: verdict,
      max_tokens: 100,
    });
    return { company: own, plain: plainOne, judging: judgingOne };
  };

  beforeAll(async () => {
    ({ company, plain, judging } = await lab());
  });

  it("adds up what each node comes to: attempts, steps of the agent, every model that may be asked", async () => {
    const nodes: Node[] = [
      { id: "in", kind: "input" },
      { id: "a", kind: "agent", config: { agent_id: plain, retry: { max_attempts: 2 } } },
      { id: "b", kind: "agent", config: { agent_id: judging } },
      { id: "out", kind: "output" },
    ];
    const chain: Edge[] = [
      ["in", "a"],
      ["a", "b"],
      ["b", "out"],
    ];
    const id = await pipelineWith(company, graphOf(nodes, chain));
    const { status, body } = await company.call("GET", `/pipelines/${id}/estimate`);
    expect(status).toBe(200);
    const small = 12 * (2_000 + 2 * 300);
    expect(body).toMatchObject({
      revision: 2,
      steps: { at_most: 4 },
      model_calls: { at_most: 2 * 12 + 2 * 12 },
      tokens_in: { at_most: 4 * 12 * 2_000 },
      tokens_out: { at_most: 2 * 12 * 300 + 2 * 12 * 100 },
      cost_usd_micros: { at_most: 2 * small + 12 * (2_000 + 200) + 12 * (3 * 2_000 + 9 * 100) },
      longest_path: { node_ids: ["in", "a", "b", "out"] },
      unbounded: [],
    });
    const each = await pages(company, `/pipelines/${id}/estimate/nodes`);
    expect(each.map(({ node_id, attempts, model_calls }) => [node_id, attempts.at_most, model_calls.at_most])).toEqual([
      ["a", 2, 24],
      ["b", 1, 24],
      ["in", 1, 0],
      ["out", 1, 0],
    ]);
    const first = await company.call("GET", `/pipelines/${id}/estimate?revision=1`);
    expect(first.body).toMatchObject({ revision: 1, steps: { at_most: 0 } });
    expect((await company.call("GET", `/pipelines/${id}/estimate?revision=9`)).status).toBe(404);
    expect((await company.call("GET", `/pipelines/${id}/estimate?revision=x`)).status).toBe(422);
    const two = await company.call("GET", `/pipelines/${id}/estimate/nodes?limit=2`);
    const rest = `/pipelines/${id}/estimate/nodes?limit=2&cursor=${encodeURIComponent(two.body.next_cursor)}`;
    expect((await company.call("GET", rest)).body.items).toHaveLength(2);
    expect((await company.call("GET", `${rest}x`)).status).toBe(422);
  });

  it("adds up pipelines within pipelines as often as they may run, and says which run within themselves", async () => {
    const chain = (node: Node) =>
      graphOf(
        [{ id: "in", kind: "input" }, node, { id: "out", kind: "output" }],
        [
          ["in", node.id],
          [node.id, "out"],
        ],
      );
    const made = async (node: Node) => {
      const id = await pipelineWith(company, chain(node), "custom");
      const active = await company.call("POST", `/pipelines/${id}/activate`, {});
      expect(active.status, active.text).toBe(200);
      return id;
    };
    const of = async (id: string) => (await company.call("GET", `/pipelines/${id}/estimate`)).body;
    const talks = await made({ id: "a", kind: "agent", config: { agent_id: plain } });
    const repeats = await made({ id: "l", kind: "loop", config: { pipeline_id: talks, max_iterations: 3 } });
    const each = await made({
      id: "m",
      kind: "map",
      config: { pipeline_id: repeats, list: "input", max_items: 5, retry: { max_attempts: 2 } },
    });
    const once = (await of(talks)).cost_usd_micros.at_most;
    expect(once).toBeGreaterThan(0);
    expect(await of(each)).toMatchObject({
      steps: { at_most: 3 },
      model_calls: { at_most: 12 * 3 * 5 * 2 },
      cost_usd_micros: { at_most: once * 3 * 5 * 2 },
      unbounded: [],
    });
    const pinned = { pipeline_id: talks, revision: 1 };
    const empty = await pipelineWith(company, chain({ id: "s", kind: "sub_pipeline", config: pinned }), "custom");
    expect(await of(empty)).toMatchObject({ model_calls: { at_most: 0 }, unbounded: [] });
    await redraw(company, talks, chain({ id: "s", kind: "sub_pipeline", config: { pipeline_id: each } }));
    expect((await company.call("POST", `/pipelines/${talks}/activate`, {})).status).toBe(200);
    const absent = Array.from({ length: 60 }, (_, i): Node => {
      const pipeline_id = `pip_01JDQ4X0Z5V8W3N7K2M9R6T${String(i).padStart(3, "0")}`;
      return { id: `s${i}`, kind: "sub_pipeline", config: { pipeline_id } };
    });
    const many = graphOf(
      [{ id: "in", kind: "input" }, ...absent, { id: "out", kind: "output" }],
      absent.flatMap(({ id }): Edge[] => [
        ["in", id],
        [id, "out"],
      ]),
    );
    expect((await company.call("PUT", `/pipelines/${empty}/graph`, many)).status).toBe(200);
    const reasons = new Set(
      (await of(empty)).unbounded.map(({ reason }: { reason: string }) => reason.replace(/pip_\w+/, "…")),
    );
    expect([...reasons]).toEqual([
      "Pipeline … is not there, or is not active.",
      "More than 50 different pipelines run within this one.",
    ]);
    const { model_calls, unbounded } = await of(each);
    expect(model_calls).toEqual({ at_most: null });
    expect(unbounded).toEqual([{ node_id: "m", reason: `Pipeline ${each} runs within itself.` }]);
  });

  it("says why something has no bound, in place of a number", async () => {
    const bare = await activeAgent(company, { model_id: "scripted/bare" });
    const nodes: Node[] = [
      { id: "in", kind: "input" },
      { id: "a", kind: "agent", config: { agent_id: bare } },
      { id: "b", kind: "agent", config: { agent_id: plain } },
      { id: "out", kind: "output" },
    ];
    const id = await pipelineWith(
      company,
      graphOf(nodes, [
        ["in", "a"],
        ["a", "b"],
        ["b", "out"],
      ]),
    );
    const { body } = await company.call("GET", `/pipelines/${id}/estimate`);
    expect(body).toMatchObject({
      model_calls: { at_most: 24 },
      tokens_in: { at_most: null },
      tokens_out: { at_most: null },
      cost_usd_micros: { at_most: null },
    });
    expect(body.unbounded.map(({ node_id }: { node_id: string }) => node_id)).toEqual(["a", "a"]);
  });

  it("is never below what runs come to, of random graphs whose models fail, answer garbage and break off", async () => {
    const worked = { calls: 0, failed: 0 };
    // Each graph draws from a seed of its own: what they are together does not hang on which of them comes first.
    const one = async (own: number) => {
      let seed = own;
      const below = (n: number) => {
        seed = (seed * 48_271) % 2_147_483_647;
        return seed % n;
      };
      const { company, plain, judging } = await lab();
      // A provider that fails five times within two minutes is left alone for a while (ADR 82).
      let outages = 0;
      const said = (agent_id: string, max_attempts: number): string => {
        const message = messages[below(messages.length)] ?? "";
        const each = message.includes("times=1") ? 1 : max_attempts * (agent_id === judging ? 2 : 1);
        const costs = /fail|cut/.test(message) ? each : 0;
        if (outages + costs > 4) return "[[say:no JSON]]";
        outages += costs;
        return message;
      };
      const mark = unique("estimate");
      const nodes: Node[] = [{ id: "in", kind: "input" }];
      const edges: Edge[] = [];
      for (let branch = 0; branch <= below(3) + 1; branch++) {
        let from = "in";
        for (let step = 0; step <= below(2); step++) {
          const id = `b${branch}-${step}`;
          const agent_id = below(2) === 0 ? plain : judging;
          const max_attempts = below(3) + 1;
          const config = {
            agent_id,
            input_mapping: JSON.stringify(`${said(agent_id, max_attempts)} ${mark} ${id}`),
            retry: { max_attempts, backoff_ms: 0 },
            on_failure: "fallback",
            fallback: { text: "none" },
          };
          nodes.push({ id, kind: "agent", config });
          edges.push([from, id]);
          from = id;
        }
        edges.push([from, "m"]);
      }
      nodes.push(
        { id: "m", kind: "merge", config: { strategy: "summarize", agent_id: plain } },
        { id: "out", kind: "output" },
      );
      edges.push(["m", "out"]);
      const id = await pipelineWith(company, graphOf(nodes, edges));
      const { body: estimate } = await company.call("GET", `/pipelines/${id}/estimate`);
      const run = await ended(company, await testRun(company, id), 120);
      for (const member of ["steps", "tokens_in", "tokens_out", "cost_usd_micros"])
        expect([member, run.totals[member] <= estimate[member].at_most]).toEqual([member, true]);
      const asked = await askedOf(mark);
      worked.calls += asked.length;
      worked.failed += asked.filter(({ outcome }) => outcome !== 200).length;
      const of = await pages(company, `/pipelines/${id}/estimate/nodes`);
      for (const { node_id, tokens_in, cost_usd_micros } of of) {
        const steps = (await pages(company, `/runs/${run.id}/steps`)).filter((step) => step.node_id === node_id);
        const total = (name: string) => steps.reduce((sum, step) => sum + step[name], 0);
        expect([node_id, total("tokens_in") <= tokens_in.at_most]).toEqual([node_id, true]);
        expect([node_id, total("cost_usd_micros") <= cost_usd_micros.at_most]).toEqual([node_id, true]);
      }
    };
    for (const seeds of [
      [7, 11, 13],
      [17, 19, 23],
    ])
      await Promise.all(seeds.map(one));
    expect(worked.calls).toBeGreaterThan(20);
    expect(worked.failed).toBeGreaterThan(3);
  });
});
