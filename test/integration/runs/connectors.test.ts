import { expect, it } from "vitest";
import { connectorFindings } from "../../../functions/pipelines/graph/connectors.ts";
import { graphSchema } from "../../../functions/pipelines/graph/public.ts";
import { workConnector } from "../../../functions/runs/engine/work-connector.ts";
import { Cassette } from "../../../functions/runs/trial/cassette.ts";
import { scriptedConnectors } from "../../support/connectors.ts";
import { stackTable } from "../../support/stack.ts";
import { blobs, drive, look, startRun } from "./harness.ts";

const CRM = "con_01JDQ4X0Z5V8W3N7K2M9R6T1BC";

const graphOf = (config: object, connections: readonly (readonly [string, string, string?])[]) =>
  graphSchema.parse({
    nodes: [
      { id: "in", kind: "input", label: "In", config: {} },
      { id: "ask", kind: "connector", label: "Ask", config: { connector_id: CRM, ...config } },
      { id: "out", kind: "output", label: "Out", config: {} },
    ],
    connections: connections.map(([source, target, source_handle], i) => ({
      id: `c${i}`,
      source,
      target,
      ...(source_handle === undefined ? {} : { source_handle }),
    })),
  });

const straight = [
  ["in", "ask"],
  ["ask", "out"],
] as const;

it("a graph that asks connectors which are not there, or switched off, says so by node; the port of this version has none", async () => {
  const table = stackTable().of("org_01JDQ4X0Z5V8W3N7K2M9R6T1BC");
  const graph = graphOf({}, straight);
  const codes = async (of: Parameters<typeof connectorFindings>[0]) =>
    (await connectorFindings(of, table, graph)).map(({ code, node_ids }) => [code, ...node_ids]);
  const script = () => ({ ok: true, output: null }) as const;
  expect(await codes(scriptedConnectors({ [CRM]: script }))).toEqual([]);
  expect(await codes(scriptedConnectors({ [CRM]: script }, { inactive: [CRM] }))).toEqual([
    ["connector_inactive", "ask"],
  ]);
  expect(await codes(scriptedConnectors({}))).toEqual([["connector_not_found", "ask"]]);
});

it("a run asks a connector again as its node says, under one key, and goes on with the answer", async () => {
  const run = await startRun(graphOf({ retry: { max_attempts: 3, backoff_ms: 0 } }, straight), { id: 7 });
  const connectors = scriptedConnectors({
    [CRM]: ({ input }, nth) =>
      nth < 3
        ? { ok: false, code: "connector_unavailable", message: "Down." }
        : { ok: true, output: { found: input, nth } },
  });
  await drive(run, {
    work: async ({ node }) => {
      if (node?.kind !== "connector") throw new Error("a connector node");
      const scope = { input: { id: 7 }, run: { input: { id: 7 } }, steps: {} };
      return workConnector({ step: node, scope, run, table: run, within: (ms) => ms }, { connectors });
    },
  });
  const seen = await look(run);
  expect(seen.run.status).toBe("completed");
  expect(seen.output).toEqual({ found: { id: 7 }, nth: 3 });
  expect(connectors.asked).toHaveLength(3);
  expect(new Set(connectors.asked.map(({ idempotency_key }) => idempotency_key)).size).toBe(1);
});

it("what a connector answered is kept on a cassette, and answered from it without asking", async () => {
  const graph = graphOf({}, straight);
  const [, step] = graph.nodes;
  if (step?.kind !== "connector") throw new Error("a connector node");
  const told = (cassette: object) => ({ node_id: null, draft: false, faults: {}, as_user_id: null, cassette });
  const asks = async (cassette: object, input: unknown, answer: string) => {
    const run = await startRun(graph, null);
    const table = stackTable().of(run.tenant);
    const connectors = scriptedConnectors({ [CRM]: () => ({ ok: true, output: answer }) });
    const between = new Cassette({ table, blobs: blobs() }, { ...run, test: told(cassette) } as never, "ask", 1);
    const task = { step, scope: { input: input as never, run: { input: null }, steps: {} }, run, table };
    const result = await workConnector({ ...task, within: (ms) => ms }, { connectors, between }).catch(
      (error) => error,
    );
    return { run, result, asked: connectors.asked.length, table, between, connectors, task };
  };
  const first = await asks({ record: true, replay_run_id: null, on_miss: "fail" }, { id: 1 }, "recorded");
  expect([first.result, first.asked]).toEqual([{ ok: true, output: "recorded" }, 1]);
  const replay = async (input: unknown) => {
    const of = { ...first.run, test: told({ record: false, replay_run_id: first.run.id, on_miss: "fail" }) };
    const between = new Cassette({ table: first.table, blobs: blobs() }, of as never, "ask", 1);
    const task = { ...first.task, scope: { input: input as never, run: { input: null }, steps: {} } };
    return workConnector({ ...task, within: (ms) => ms }, { connectors: first.connectors, between }).catch(
      (error: Error) => error.message,
    );
  };
  expect(await replay({ id: 1 })).toEqual({ ok: true, output: "recorded" });
  expect(await replay({ id: 2 })).toContain("has no answer to the connector");
  expect(first.connectors.asked).toHaveLength(1);
});
