import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { EventSourceParserStream } from "eventsource-parser/stream";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { circuitItem, markWrite } from "../../../functions/models/circuits/store.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { createAgent, scriptedModel } from "../../support/agents.ts";
import { type Company, eventually, registerCompany, unique } from "../../support/api.ts";
import { stackTable } from "../../support/stack.ts";
import { outboxTexts } from "../../support/traces.ts";
import { activeAgent, ended, graphOf, pipelineWith, testRun } from "../runs/setup.ts";

/** A provider that is well or not, as the test says, and counts who asks it. */
let server: Server;
let well = false;
let asked = 0;
let company: Company;
let agent: { id: string };

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume().on("end", () => {
      asked += 1;
      const message = { role: "assistant", content: "It is well." };
      const answer = {
        id: "c",
        object: "chat.completion",
        created: 1,
        model: "m",
        choices: [{ index: 0, message, finish_reason: "stop" }],
        usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
      };
      response.writeHead(well ? 200 : 500, { "content-type": "application/json" });
      response.end(JSON.stringify(well ? answer : {}));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const base_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  company = await registerCompany();
  await scriptedModel(company);
  const models = [{ name: "m", provider_model_id: "m", price: { input: 0, output: 0 } }];
  const stored = await company.call("PUT", "/models/providers/lab", { base_url, models });
  expect(stored.status).toBe(200);
  agent = await createAgent(company, { model_id: "lab/m" });
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const circuit = async () => (await company.call("GET", "/models/providers/lab")).body.circuit;
const execute = (id = agent.id) => company.call("POST", `/agents/${id}/execute`, { message: unique("Are you well?") });

/** Lets calls fail until the provider is left alone. A failure after an answer is not counted, so it may take more than five. */
async function breakIt(): Promise<void> {
  well = false;
  const statuses: number[] = [];
  while (statuses.at(-1) !== 503 && statuses.length < 20) statuses.push((await execute()).status);
  expect(new Set(statuses.slice(0, -1))).toEqual(new Set([502]));
  expect(await circuit()).toMatchObject({ state: "open", recent_failures: 5 });
}

const table = () => stackTable().of(company.organization_id);
const open = async () => [...((await table().get(organizationItem, {}))?.open_circuits ?? [])];

const askedBy = (config: object) =>
  graphOf(
    [
      { id: "in", kind: "input" },
      { id: "ask", kind: "agent", config },
      { id: "out", kind: "output" },
    ],
    [
      ["in", "ask"],
      ["ask", "out"],
    ],
  );

/** The events of a streamed execution. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into data of many shapes
async function streamed(id: string): Promise<{ event: string; data: any }[]> {
  const answer = await fetch(`${inject("stack").streamUrl}/api/v1/agents/${id}/execute/stream`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${company.token}` },
    body: JSON.stringify({ message: unique("Are you well?") }),
  });
  expect(answer.status).toBe(200);
  if (answer.body === null) throw new Error("no body");
  const parts = answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  const events = [];
  for await (const { event = "", data } of parts) events.push({ event, data: JSON.parse(data) });
  return events;
}

const circuitEvents = async () =>
  (await outboxTexts(company))
    .map((text) => JSON.parse(text).envelope)
    .filter(({ type }: { type: string }) => type.includes("circuit"))
    .map(({ type, data, actor }) => ({ type, by: data.by, actor: actor.type }));

describe("a provider that fails", () => {
  it("is left alone: calls fail at once, or go to the next model, until one that tries is answered", async () => {
    expect(await circuit()).toEqual({
      state: "closed",
      since: null,
      retry_at: null,
      recent_failures: 0,
      last_error: null,
    });
    await breakIt();
    expect(await circuit()).toMatchObject({
      last_error: { code: "model_unavailable", model: "lab/m" },
      retry_at: expect.any(String),
    });
    const before = asked;
    const refused = await execute();
    expect([refused.status, refused.body.code, refused.body.reason]).toEqual([
      503,
      "provider_unavailable",
      "provider_unavailable",
    ]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    const careful = await createAgent(company, { model_id: "lab/m", fallback_model_ids: ["scripted/small"] });
    const answer = await execute(careful.id);
    expect([answer.status, answer.body.model]).toEqual([200, "scripted/small"]);
    expect(answer.body.tried).toMatchObject([{ model: "lab/m", code: "provider_unavailable", tokens_in: 0 }]);
    expect(asked).toBe(before);
    well = true;
    const healed = await eventually(async () => {
      const one = await execute();
      return one.status === 200 ? one : undefined;
    }, "the provider is tried");
    expect(healed.body.content).toBe("It is well.");
    expect(await circuit()).toMatchObject({ state: "closed", recent_failures: 0, retry_at: null });
    expect(await circuitEvents()).toEqual([
      { type: "model_provider.circuit_opened", by: undefined, actor: "system" },
      { type: "model_provider.circuit_closed", by: "probe", actor: "system" },
    ]);
  });

  it("is called again at once where somebody says so, which is told with who it was", async () => {
    await breakIt();
    well = true;
    expect((await execute()).status).toBe(503);
    const reset = await company.call("POST", "/models/providers/lab/reset-circuit");
    expect([reset.status, reset.body.circuit.state]).toEqual([200, "closed"]);
    expect((await execute()).status).toBe(200);
    const again = await company.call("POST", "/models/providers/lab/reset-circuit");
    expect([again.status, again.body.circuit.state]).toEqual([200, "closed"]);
    const events = await circuitEvents();
    expect(events).toHaveLength(4);
    expect(events.at(-1)).toEqual({ type: "model_provider.circuit_closed", by: "reset", actor: "user" });
    // Left over by another change of the organization: it would cost a read in each call.
    await table().touch(markWrite(table(), "lab", true));
    await company.call("POST", "/models/providers/lab/reset-circuit");
    expect(await open()).toEqual([]);
    const others = await company.call("POST", "/models/providers/nobody-here/reset-circuit");
    expect(others.status).toBe(404);
  });

  it("is asked neither by streams nor by steps of runs; a step that may be tried again comes when the provider may be", async () => {
    const careful = await createAgent(company, { model_id: "lab/m", fallback_model_ids: ["scripted/small"] });
    const agent_id = await activeAgent(company, { model_id: "lab/m" });
    const once = await pipelineWith(company, askedBy({ agent_id }), "custom");
    const retry = { max_attempts: 2, backoff_ms: 100 };
    const twice = await pipelineWith(company, askedBy({ agent_id, retry }), "custom");
    await breakIt();
    // Longer than runs need to begin.
    const retry_at = new Date(Date.now() + 40_000).toISOString();
    await table().apply(circuitItem, table().writes.update(circuitItem, { provider: "lab" }, { set: { retry_at } }));
    const before = asked;
    const input = { message: unique("Are you well?") };
    const [failing, waiting] = [await testRun(company, once, { input }), await testRun(company, twice, { input })];
    const refused = await streamed(agent.id);
    expect(refused.at(-1)).toMatchObject({ event: "error", data: { code: "provider_unavailable" } });
    const answered = await streamed(careful.id);
    expect(answered.at(-1)).toMatchObject({ event: "done", data: { model: "scripted/small" } });
    expect(await ended(company, failing)).toMatchObject({
      status: "failed",
      error: { code: "provider_unavailable", node_id: "ask" },
    });
    expect(asked).toBe(before);
    well = true;
    expect((await ended(company, waiting, 120)).status).toBe("completed");
    expect(asked).toBe(before + 1);
    const { body } = await company.call("GET", `/runs/${waiting}/steps?limit=100`);
    const steps = body.items.filter(({ node_id }: { node_id: string }) => node_id === "ask");
    expect(steps).toMatchObject([
      { attempt: 1, status: "failed", retried: true, error: { code: "provider_unavailable" } },
      { attempt: 2, status: "completed" },
    ]);
    expect(steps[1].started_at >= retry_at).toBe(true);
    expect(await circuit()).toMatchObject({ state: "closed" });
  });

  it("is called again at once with other settings", async () => {
    await breakIt();
    const stored = await company.call("GET", "/models/providers/lab");
    const { base_url, models } = stored.body;
    expect(await open()).toEqual(["lab"]);
    const put = await company.call("PUT", "/models/providers/lab", { base_url, models });
    expect([put.status, put.body.circuit.state]).toEqual([200, "closed"]);
    expect(await open()).toEqual([]);
    expect((await circuitEvents()).at(-1)).toEqual({
      type: "model_provider.circuit_closed",
      by: "settings",
      actor: "user",
    });
    await table().touch(markWrite(table(), "lab", true));
    await company.call("PUT", "/models/providers/lab", { base_url, models });
    expect(await open()).toEqual([]);
    well = true;
    expect((await execute()).status).toBe(200);
  });

  it("in tests that are made to meet faults is not blamed for them", async () => {
    for (let i = 0; i < 6; i++) {
      const body = { input: { message: unique("Fault") }, faults: { agent: { kind: "server_error" } } };
      const tested = await company.call("POST", `/test/agents/${agent.id}`, body);
      expect([tested.status, tested.body.status]).toEqual([200, "failed"]);
    }
    expect(await circuit()).toMatchObject({ state: "closed", recent_failures: 0 });
  });
});
