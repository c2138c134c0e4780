import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLive } from "../../../functions/runs/model.ts";
import { runLogItem, runStateItem, runStepItem } from "../../../functions/runs/store.ts";
import { activeAgent, graphOf, type Lab, pipelineWith, testRun } from "../../e2e/runs/setup.ts";
import { scriptedModel } from "../../support/agents.ts";
import { eventually, registerCompany } from "../../support/api.ts";
import { type Receiver, startReceiver } from "../../support/receiver.ts";
import { stackTable } from "../../support/stack.ts";
import { killWorkers } from "./workers.ts";

/** `KAIZEN_BIG_FAULTS=1` runs the large one too, which takes many minutes. */
const sizes = process.env.KAIZEN_BIG_FAULTS === "1" ? [60, 300] : [60];
const LIFE_MS = 5_000;
const LAYERS = 4;

let one: Lab;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  const company = await registerCompany();
  // A call reserves the most that it may use, and a dead worker holds that for a while: with the model's own maximum a
  // dozen calls at once take the smallest plan's tokens of a month.
  const model_id = await scriptedModel(company);
  one = { company, agent_id: await activeAgent(company, { model_id, max_tokens: 100 }) };
});
afterAll(() => receiver.close());

/** Layers of agents, each layer joined before the next: wide fans, joins and long branches at once. */
function layered(nodes: number) {
  const width = Math.floor((nodes - 2 - LAYERS) / LAYERS);
  const layers = Array.from({ length: LAYERS }, (_, i) => i);
  const ids = (layer: number) => Array.from({ length: width }, (_, i) => `a${layer}_${i}`);
  const config = { agent_id: one.agent_id, input_mapping: '"[[delay:200]] go"' };
  return graphOf(
    [
      { id: "in", kind: "input" },
      ...layers.flatMap((layer) => [
        ...ids(layer).map((id) => ({ id, kind: "agent", config })),
        { id: `m${layer}`, kind: "merge", config: { strategy: "merge_json" } },
      ]),
      { id: "out", kind: "output" },
    ],
    [
      ...layers.flatMap((layer) =>
        ids(layer).flatMap((id) => [[layer === 0 ? "in" : `m${layer - 1}`, id] as const, [id, `m${layer}`] as const]),
      ),
      [`m${LAYERS - 1}`, "out"],
    ],
  );
}

describe("workers that live five seconds at a time", () => {
  it.each(sizes)(
    "end a run of %i nodes right, each step done once, and every event arrives within 90 s of the last kill",
    async (nodes) => {
      const { company } = one;
      const path = `/of-${nodes}`;
      const hook = await company.call("POST", "/webhooks", { name: path, url: receiver.url + path, events: ["run.*"] });
      expect(hook.status, hook.text).toBe(201);
      const graph = layered(nodes);
      const pipeline = await pipelineWith(company, graph);
      const own = stackTable().of(company.organization_id);
      const run_id = await testRun(company, pipeline);
      const stop = killWorkers(LIFE_MS);
      let killed = 0;
      const state = await eventually(
        async () => {
          const now = await own.get(runStateItem, { run_id });
          return now === undefined || isLive(now.status) ? undefined : now;
        },
        "the run ends",
        nodes * 10,
      ).finally(() => {
        killed = stop();
      });
      console.log(`${killed} workers were killed`);
      expect(killed).toBeGreaterThan(0);
      expect(state).toMatchObject({ status: "completed", steps: graph.nodes.length });
      const steps = await own.page(runStepItem, { of: { run_id }, limit: 1_000 });
      expect(steps.items.map(({ attempt, status }) => `${attempt} ${status}`)).toEqual(
        graph.nodes.map(() => "1 completed"),
      );
      const log = await own.page(runLogItem, { of: { run_id }, limit: 1_000 });
      const told = log.items.filter(({ type }) => /^(?:run\.(?:started|completed)|step\.completed)$/.test(type));
      const arrived = () => new Set(receiver.at(path).map(({ event }) => event.id));
      await eventually(async () => (arrived().size >= told.length ? true : undefined), `${told.length} events`, 90);
      expect(arrived().size).toBe(told.length);
    },
    45 * 60_000,
  );
});
