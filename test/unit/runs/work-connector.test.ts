import { describe, expect, it } from "vitest";
import { type ConnectorErrorCode, connectorErrors } from "../../../functions/connectors/public.ts";
import { graphSchema } from "../../../functions/pipelines/graph/rules/nodes.ts";
import { type ConnectorTask, workConnector } from "../../../functions/runs/engine/work-connector.ts";
import { faultyConnector } from "../../../functions/runs/trial/rules/faults.ts";
import { type ConnectorScript, scriptedConnectors } from "../../support/connectors.ts";

const ID = "con_01JDQ4X0Z5V8W3N7K2M9R6T1BC";

/** What a connector node comes to whose connector answers by this script. */
async function work(script: ConnectorScript, config: object = {}, input: unknown = { id: 7 }) {
  const node = { id: "ask", kind: "connector", label: "Ask", config: { connector_id: ID, ...config } };
  const [step] = graphSchema.parse({ nodes: [node], connections: [] }).nodes;
  if (step?.kind !== "connector") throw new Error("a connector node");
  const task: ConnectorTask = {
    step,
    scope: { input: input as never, run: { input: null }, steps: {} },
    run: { id: "run_1" },
    table: { tenant: "org_1" },
    within: (wanted_ms) => wanted_ms,
  };
  const connectors = scriptedConnectors({ [ID]: script });
  return { result: await workConnector(task, { connectors }), asked: connectors.asked };
}

describe("a connector node", () => {
  it("asks what its mapping makes, under one key, and gives the answer", async () => {
    const { result, asked } = await work(({ input }) => ({ ok: true, output: { rows: [input] } }), {
      input_mapping: { order: "input.id" },
    });
    expect(result).toEqual({ ok: true, output: { rows: [{ order: 7 }] } });
    expect(asked).toMatchObject([
      { tenant: "org_1", connector_id: ID, input: { order: 7 }, idempotency_key: "run_1-ask" },
    ]);
  });

  it("asks its input where it has no mapping, and gives no text that is none", async () => {
    const { result, asked } = await work(() => ({ ok: true, output: { text: "a\ud800" } }));
    expect(asked[0]?.input).toEqual({ id: 7 });
    expect(result).toEqual({ ok: true, output: { text: "a\ufffd" } });
  });

  it("asks nobody when its mapping fails", async () => {
    const { result, asked } = await work(() => ({ ok: true, output: 1 }), { input_mapping: '$error("no")' });
    expect([result.ok, asked.length]).toEqual([false, 0]);
  });

  it.each(Object.keys(connectorErrors) as ConnectorErrorCode[])("fails with %s as the port says", async (code) => {
    const { result } = await work(() => ({ ok: false, code, message: "Why.", retry_after_ms: 5 }));
    const { retryable } = connectorErrors[code];
    expect(result).toEqual({ ok: false, error: { code, message: "Why." }, retryable, retry_after_ms: 5 });
  });

  it.each<[string, ConnectorScript]>([
    ["keeps silent", () => new Promise(() => {})],
    [
      "stops with an error when it is told to",
      ({ signal }) =>
        new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(new Error("stopped")), { once: true }),
        ),
    ],
  ])("gives one up that %s", async (_, script) => {
    const { result } = await work(script, { timeout_ms: 100 });
    expect(result).toMatchObject({ ok: false, error: { code: "connector_timeout" }, retryable: true });
  });

  it("lets what nobody foresees be seen", async () => {
    await expect(work(() => Promise.reject(new Error("a defect")))).rejects.toThrow("a defect");
  });

  it.each([
    ["timeout", "connector_timeout", true],
    ["slow_stream", "connector_timeout", true],
    ["rate_limited", "connector_rate_limited", true],
    ["server_error", "connector_unavailable", true],
    ["garbage", "connector_answer_invalid", false],
  ] as const)("that is made to meet %s fails with %s", async (kind, code, retryable) => {
    const { result } = await work((request) => faultyConnector(kind)({ tenant: "org_1" }, request), {
      timeout_ms: 100,
    });
    expect(result).toMatchObject({ ok: false, error: { code }, retryable });
  });
});
