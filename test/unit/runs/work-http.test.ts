import { afterEach, describe, expect, it } from "vitest";
import { graphSchema } from "../../../functions/pipelines/graph/rules/nodes.ts";
import { sealHeaders } from "../../../functions/pipelines/graph/secret-headers.ts";
import { type HttpAnswer, type HttpTask, type SendHttp, workHttp } from "../../../functions/runs/engine/work-http.ts";
import { createSecrets } from "../../../shared/secrets/index.ts";
import { toolServer } from "../executions/tools-server.ts";
import { memoryKeys } from "../secrets/memory-keys.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const secrets = createSecrets({ keys: memoryKeys() });
const clock = { now: () => new Date("2026-01-01T00:00:00.000Z") };

/** What an http node makes of an answer, its secret headers sent. */
async function work(
  answer: Parameters<typeof toolServer>[0],
  secret_headers: Readonly<Record<string, string>> = {},
  between?: { request(own: SendHttp): SendHttp },
): Promise<Awaited<ReturnType<typeof workHttp>>> {
  const server = await toolServer(answer);
  cleanups.push(server.close);
  const config = { method: "GET", url: `${server.origin}/a`, secret_headers };
  const graph = graphSchema.parse({ nodes: [{ id: "call", kind: "http", label: "Call", config }], connections: [] });
  const sealed = await sealHeaders(
    secrets,
    "org_1",
    graph,
    { graph: { nodes: [], connections: [] }, secrets: {} },
    "graph",
  );
  const [step] = sealed.graph.nodes;
  if (step?.kind !== "http") throw new Error("an http node");
  const task: HttpTask = {
    step,
    scope: { input: null, run: { input: null }, steps: {} },
    run: { id: "run_1" },
    table: { tenant: "org_1" },
    walk: { secrets: sealed.secrets },
    within: (wanted_ms) => wanted_ms,
  };
  return workHttp(task, { outbound: server.outbound, secrets, clock, between });
}

const body = async (bytes: string | Uint8Array, type: string) => {
  const result = await work((_, response) => response.writeHead(200, { "content-type": type }).end(bytes));
  if (!result.ok) throw new Error(result.error.code);
  return (result.output as { body: unknown }).body;
};

describe("an http node's answer", () => {
  it.each([
    ["text/plain; charset=iso-8859-1", [0x47, 0x72, 0xfc, 0xdf, 0x65], "Grüße"],
    ['text/plain; charset="Shift_JIS"', [0x93, 0xfa, 0x96, 0x7b], "日本"],
    ["text/plain; charset=GBK", [0xd6, 0xd0], "中"],
    ["text/plain; charset=utf-16le", [0x48, 0, 0x69, 0], "Hi"],
    ["text/plain", [0xff, 0xfe, 0x48, 0, 0x69, 0], "Hi"],
    ["text/plain; charset=iso-8859-1", [0xef, 0xbb, 0xbf, 0x68, 0x69], "hi"],
    ["text/plain; charset=nobody-knows", [0x68, 0x69], "hi"],
    ["application/json; charset=windows-1252", [0x22, 0x80, 0x22], "€"],
  ])("of type %s is read in its charset", async (type, bytes, text) => {
    expect(await body(new Uint8Array(bytes), type)).toBe(text);
  });

  it("that is a picture is no text", async () => {
    expect(await body(new Uint8Array([0x89, 0x50, 0x4e, 0x47]), "image/png")).toBeNull();
  });

  it("keeps a number that JavaScript cannot hold as the text it was written as", async () => {
    expect(await body('{"p_id":7615917337495251231,"n":7}', "application/json")).toEqual({
      p_id: "7615917337495251231",
      n: 7,
    });
  });

  it("is well-formed text, also where the host wrote half a character", async () => {
    expect(await body('{"a":"x\\ud83d"}', "application/json")).toEqual({ a: "x\ufffd" });
  });

  it("nested deeper than a stack holds stays text", async () => {
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    expect(await body(deep, "application/json")).toBe(deep);
  });

  it.each([
    ["whole, in JSON", (value: string) => JSON.stringify({ you: value, k: { [value]: 1 } })],
    ["without its scheme, in a text", (value: string) => `key=${value.split(" ")[1]}`],
    ["percent-encoded", (value: string) => `/next?auth=${encodeURIComponent(value)}`],
  ])("does not carry an echo of the node's own secret: %s", async (_, echo) => {
    const result = await work(
      ({ headers }, response) => {
        const text = echo(headers.authorization ?? "");
        response.writeHead(200, { "content-type": "application/json", etag: headers.authorization ?? "" }).end(text);
      },
      { Authorization: "Bearer s3cr3t-token/with+signs" },
    );
    expect(result.ok).toBe(true);
    expect(JSON.stringify(result)).toContain("[redacted]");
    expect(JSON.stringify(result)).not.toContain("s3cr3t");
  });

  it.each([
    ["as it is", (value: string) => JSON.stringify({ you: value }), "application/json"],
    ["in another charset", (value: string) => Buffer.from(value, "utf16le"), "text/plain; charset=utf-16le"],
    [
      "escaped",
      (value: string) => `["${[...value].map((one) => `\\u00${one.charCodeAt(0).toString(16)}`).join("")}"]`,
      "application/json",
    ],
  ])("shows no secret to what stands between a test and the host, which keeps it: %s", async (_, echo, type) => {
    const seen: HttpAnswer[] = [];
    const result = await work(
      ({ headers }, response) =>
        response
          .writeHead(200, { "content-type": type, etag: headers.authorization ?? "" })
          .end(echo(headers.authorization ?? "")),
      { Authorization: "Bearer s3cr3t-token" },
      {
        request: (own) => async (request) => {
          const answer = await own(request);
          seen.push(answer);
          return answer;
        },
      },
    );
    expect(seen).toHaveLength(1);
    expect(JSON.stringify(seen)).toContain("[redacted]");
    expect(JSON.stringify(seen)).not.toContain("s3cr3t");
    expect(result).toMatchObject({ ok: true, output: { headers: { etag: "[redacted]" } } });
  });

  it("does not carry what a Basic credential holds, nor a secret that is a number", async () => {
    const basic = `Basic ${Buffer.from("ada:hunter2-long").toString("base64")}`;
    const result = await work(
      (_, response) =>
        response
          .writeHead(200, { "content-type": "application/json" })
          .end('{"user":"ada","password":"hunter2-long","pin":12345678}'),
      { Authorization: basic, "X-Pin": "12345678" },
    );
    expect(result).toMatchObject({
      ok: true,
      output: { body: { user: "ada", password: "[redacted]", pin: "[redacted]" } },
    });
  });

  it.each([
    [{ "retry-after": "6" }, 6_000],
    [{ "retry-after": "Thu, 01 Jan 2026 00:00:30 GMT" }, 30_000],
    [{ "retry-after": "86400" }, 300_000],
    [{ "retry-after": "soon" }, undefined],
    [{ "retry-after": "-5" }, undefined],
    [{}, undefined],
  ])("429 with %j asks for a pause of %j ms", async (headers, expected) => {
    const result = await work((_, response) => response.writeHead(429, { ...headers }).end());
    expect(result).toMatchObject({ ok: false, retryable: true });
    expect(result.ok ? undefined : result.retry_after_ms).toBe(expected);
  });
});
