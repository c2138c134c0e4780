import { createParser } from "eventsource-parser";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import type { LocalServer } from "../../../local/http.ts";
import { startModelServer } from "../../../local/model-server.ts";

let server: LocalServer;
beforeAll(async () => {
  server = await startModelServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await fetch(`${server.url}/_requests`, { method: "DELETE" });
});

const chat = (content: string, more: Record<string, unknown> = {}, init: RequestInit = {}) =>
  fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ model: "scripted-small", messages: [{ role: "user", content }], ...more }),
    ...init,
  });

const chunkSchema = z.looseObject({
  choices: z.array(
    z.looseObject({ delta: z.looseObject({ content: z.string().optional() }), finish_reason: z.string().nullable() }),
  ),
  usage: z.looseObject({ total_tokens: z.number() }).nullish(),
});

/** All events of a stream with the time each arrived. */
async function events(response: Response): Promise<{ data: string; at: number }[]> {
  const found: { data: string; at: number }[] = [];
  const parser = createParser({ onEvent: ({ data }) => found.push({ data, at: performance.now() }) });
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) parser.feed(decoder.decode(chunk, { stream: true }));
  return found;
}

describe("a stream", () => {
  test("arrives piece by piece, ends with its finish reason, its usage and [DONE]", async () => {
    const response = await chat("[[say:one two three]][[pace:40]]", {
      stream: true,
      stream_options: { include_usage: true },
    });
    const found = await events(response);
    expect(found.at(-1)?.data).toBe("[DONE]");
    const chunks = found.slice(0, -1).map(({ data }) => chunkSchema.parse(JSON.parse(data)));
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe("one two three");
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe("stop");
    expect(chunks.at(-1)?.usage?.total_tokens).toBe(6);
    expect((found.at(-1)?.at ?? 0) - (found[0]?.at ?? 0)).toBeGreaterThan(100);
  });

  test("that is cut breaks off before its end", async () => {
    const response = await chat("[[say:one two three]][[cut]]", { stream: true });
    await expect(response.text()).rejects.toThrow();
  });
});

describe("a fault", () => {
  test("answers with the status and the waiting time asked for", async () => {
    const response = await chat("[[fail:429 retry-after=3]]");
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toBe("3");
    expect(await response.json()).toMatchObject({ error: { code: "scripted_failure" } });
  });

  test("with a number of times passes after it, for this message alone", async () => {
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await chat("[[fail:503 times=2]] a")).status);
    expect(statuses).toEqual([503, 503, 200]);
    expect((await chat("[[fail:503 times=2]] b")).status).toBe(503);
  });

  test("that hangs gives no answer until the client gives up", async () => {
    await expect(chat("[[hang]]", {}, { signal: AbortSignal.timeout(300) })).rejects.toThrow("timeout");
  });

  test("that cuts an answer breaks its body off", async () => {
    const response = await chat("[[cut]]");
    await expect(response.text()).rejects.toThrow();
  });

  test("that delays answers not before", async () => {
    const began = performance.now();
    expect((await chat("[[delay:150]]")).status).toBe(200);
    expect(performance.now() - began).toBeGreaterThanOrEqual(145);
  });
});

describe("the server", () => {
  test("lists its models, and refuses a key that begins with invalid", async () => {
    expect(await (await fetch(`${server.url}/v1/models`)).json()).toMatchObject({
      data: [{ id: "scripted-small" }, {}, { id: "scripted-embedding" }],
    });
    const refused = await fetch(`${server.url}/v1/models`, { headers: { authorization: "Bearer invalid-1" } });
    expect(refused.status).toBe(401);
  });

  test("gives the same numbers for the same text, and the more alike ones the more words two texts share", async () => {
    const input = ["The cat purrs.", "A cat that purrs loudly", "Invoices are due in May", "The cat purrs."];
    const body = JSON.stringify({ model: "scripted-embedding", input, dimensions: 64 });
    const answer = await fetch(`${server.url}/v1/embeddings`, { method: "POST", body });
    const { data, usage } = (await answer.json()) as { data: { embedding: number[] }[]; usage: object };
    const [a = [], b = [], c = [], again] = data.map(({ embedding }) => embedding);
    const like = (one: number[], other: number[]) => one.reduce((sum, value, i) => sum + value * (other[i] ?? 0), 0);
    expect(again).toEqual(a);
    expect([a.length, like(a, b), like(a, c)]).toEqual([64, 2, 0]);
    expect(usage).toEqual({ prompt_tokens: 16, total_tokens: 16 });
  });

  test("says what is wrong with a request", async () => {
    const response = await chat("x", { messages: [] });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining("messages") } });
  });

  test("lists the requests it got, credentials redacted", async () => {
    await chat("remember-me", {}, { headers: { authorization: "Bearer s3cret", "x-step-id": "stp_1" } });
    await chat("other");
    const text = await (await fetch(`${server.url}/_requests?contains=remember-me`)).text();
    expect(text).not.toContain("s3cret");
    const { requests } = JSON.parse(text);
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      path: "/v1/chat/completions",
      headers: { authorization: "[redacted]", "x-step-id": "stp_1" },
      body: { messages: [{ content: "remember-me" }] },
      outcome: 200,
    });
  });
});
