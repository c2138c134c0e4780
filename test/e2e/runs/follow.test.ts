import { createParser, type EventSourceMessage } from "eventsource-parser";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { takeLease } from "../../../shared/limits/leases.ts";
import { plans } from "../../../shared/limits/plans.ts";
import { type Company, unique } from "../../support/api.ts";
import { stackTable } from "../../support/stack.ts";
import { ended, graphOf, type Lab, lab, pages, pipelineWith, testRun } from "./setup.ts";

let one: Lab;
let company: Company;
let pipeline_id: string;

beforeAll(async () => {
  one = await lab();
  company = one.company;
  const agent = (id: string) => ({
    id,
    kind: "agent",
    config: { agent_id: one.agent_id, input_mapping: `run.input & " ${id}"` },
  });
  pipeline_id = await pipelineWith(
    company,
    graphOf(
      [{ id: "in", kind: "input" }, agent("first"), agent("second"), { id: "out", kind: "output" }],
      [
        ["in", "first"],
        ["first", "second"],
        ["second", "out"],
      ],
    ),
  );
});

interface Seen extends EventSourceMessage {
  readonly at: number;
}

/** Reads a stream of events to its end, or until `enough`. */
async function follow(path: string, headers = {}, enough: (event: Seen) => boolean = () => false): Promise<Seen[]> {
  const seen: Seen[] = [];
  const abort = new AbortController();
  const answer = await fetch(`${inject("stack").streamUrl}/api/v1${path}`, {
    headers: { authorization: `Bearer ${company.token}`, ...headers },
    signal: abort.signal,
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toContain("text/event-stream");
  const parser = createParser({
    onEvent: (event) => {
      const one = { ...event, at: Date.now() };
      if (event.event !== "heartbeat") seen.push(one);
      if (enough(one)) abort.abort();
    },
  });
  const decoder = new TextDecoder();
  try {
    for await (const chunk of answer.body ?? []) parser.feed(decoder.decode(chunk, { stream: true }));
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  }
  return seen;
}

const openStream = (path: string, headers = {}) =>
  fetch(`${inject("stack").streamUrl}/api/v1${path}`, {
    headers: { authorization: `Bearer ${company.token}`, accept: "text/event-stream", ...headers },
  });

describe("a run that has ended and been read", () => {
  it("answers 204, by which an EventSource knows not to come again; one with something to tell stays 200", async () => {
    const id = await testRun(company, pipeline_id, { input: unique() });
    await ended(company, id);
    const last = (await pages(company, `/runs/${id}/logs`)).length;
    for (const [path, headers] of [
      [`/runs/${id}/events`, { "last-event-id": String(last) }],
      [`/runs/${id}/events?after=${last}`, {}],
      [`/runs/${id}/events?after=${last + 100}`, {}],
    ] as const) {
      const answer = await openStream(path, headers);
      expect([path, answer.status, await answer.text()]).toEqual([path, 204, ""]);
    }
    expect((await follow(`/runs/${id}/events?after=${last - 1}`)).map(({ event }) => event)).toEqual(["run.completed"]);
  });
});

describe("the streams of an organization", () => {
  it("are bounded by its plan: beyond it 402 names limit and usage, and a stream that ends makes room", async () => {
    const { company: other, agent_id } = await lab();
    const table = stackTable().of(other.organization_id);
    for (let i = 0; i < plans.free.streams - 1; i++) await takeLease(table, "free", "streams", 180, () => new Date());
    const started = await other.call("POST", `/agents/${agent_id}/runs`, { input: "[[delay:3000]]" });
    const open = () =>
      fetch(`${inject("stack").streamUrl}/api/v1/runs/${started.body.id}/events`, {
        headers: { authorization: `Bearer ${other.token}` },
      });
    const first = await open();
    expect(first.status).toBe(200);
    const refused = await open();
    expect(refused.status).toBe(402);
    expect(await refused.json()).toMatchObject({ code: "quota_exceeded", resource: "streams", limit: 20, usage: 20 });
    await first.text();
    const again = await open();
    expect(again.status).toBe(200);
    await again.text();
  });
});

describe("following a run", () => {
  it("gives its log as it happens and ends with it", async () => {
    const id = await testRun(company, pipeline_id, { input: `[[delay:2000]] ${unique()}` });
    const seen = await follow(`/runs/${id}/events`);
    const log = await pages(company, `/runs/${id}/logs`);
    expect(seen.map(({ data }) => JSON.parse(data))).toEqual(log);
    expect(seen.map((event) => event.id)).toEqual(log.map(({ sequence }) => String(sequence)));
    expect(seen.map(({ event }) => event)).toEqual([
      "run.started",
      "run.running",
      "step.completed",
      "step.started",
      "step.completed",
      "step.started",
      "step.completed",
      "step.completed",
      "run.completed",
    ]);
    const at = (type: string, node: string) =>
      seen.find(({ event, data }) => event === type && JSON.parse(data).node_id === node)?.at ?? 0;
    // Live: the first step's begin was told while it worked, not with its end.
    expect(at("step.completed", "first") - at("step.started", "first")).toBeGreaterThan(1_000);
  });

  it("can be resumed anywhere by Last-Event-ID or after, missing and repeating nothing", async () => {
    const id = await testRun(company, pipeline_id, { input: `[[delay:700]] ${unique()}` });
    const first = await follow(`/runs/${id}/events`, {}, ({ event }) => event === "step.started");
    const last = first.at(-1)?.id ?? "";
    const [rest, same] = await Promise.all([
      follow(`/runs/${id}/events`, { "last-event-id": last }),
      follow(`/runs/${id}/events?after=${last}`),
    ]);
    expect(same.map(({ data }) => data)).toEqual(rest.map(({ data }) => data));
    const log = await pages(company, `/runs/${id}/logs`);
    expect([...first, ...rest].map(({ data }) => JSON.parse(data).sequence)).toEqual(
      log.map(({ sequence }) => sequence),
    );
    const run = await ended(company, id);
    expect(run.status).toBe("completed");
    const polled = await company.call("GET", `/runs/${id}/logs?after=${log.length - 2}`);
    expect(polled.body.items).toEqual(log.slice(-2));
  });
});
