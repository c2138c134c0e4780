import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { type Company, registerCompany } from "../../support/api.ts";
import { ended, graphOf, pipelineWith, testRun } from "./setup.ts";

let company: Company;
let other: Company;
let pipeline_id: string;

beforeAll(async () => {
  [company, other] = await Promise.all([registerCompany(), registerCompany()]);
  const graph = graphOf(
    [
      { id: "in", kind: "input" },
      { id: "grow", kind: "transform", config: { expression: '{ "text": $join([1..input.times].("Grüße, ")) }' } },
      { id: "out", kind: "output", config: { mapping: { answer: "input.text" } } },
    ],
    [
      ["in", "grow"],
      ["grow", "out"],
    ],
  );
  pipeline_id = await pipelineWith(company, graph, "custom");
});

describe("the output of a run and of its steps", () => {
  it("is shown where it is small", async () => {
    const id = await testRun(company, pipeline_id, { input: { times: 2 } });
    const run = await ended(company, id);
    const text = "Grüße, Grüße, ";
    expect(run.output).toEqual({ answer: text });
    const bytes = Buffer.byteLength(JSON.stringify({ answer: text }));
    expect((await company.call("GET", `/runs/${id}/output`)).body).toEqual({
      bytes,
      output: { answer: text },
      download: null,
    });
    expect((await company.call("GET", `/runs/${id}/steps/grow/1/output`)).body).toMatchObject({ output: { text } });
  });

  it("is fetched by an address of its own where it is large, whole and as JSON, without a token", async () => {
    const id = await testRun(company, pipeline_id, { input: { times: 9_000 } });
    const run = await ended(company, id);
    for (const [path, whole] of [
      [`/runs/${id}/output`, run.output],
      [`/runs/${id}/steps/grow/1/output`, { text: run.output.answer }],
    ] as const) {
      const { status, body } = await company.call("GET", path);
      expect([status, Object.keys(body)]).toEqual([200, ["bytes", "download"]]);
      const fetched = await fetch(body.download.url);
      expect([fetched.status, fetched.headers.get("content-type")]).toEqual([200, "application/json"]);
      const text = await fetched.text();
      expect(JSON.parse(text)).toEqual(whole);
      expect(Buffer.byteLength(text)).toBe(body.bytes);
      expect(createHash("sha256").update(text).digest("hex")).toBe(body.download.sha256);
      const left = Date.parse(body.download.expires_at) - Date.now();
      expect(left).toBeLessThanOrEqual(300_000);
      expect((await other.call("GET", path)).status).toBe(404);
    }
  });

  it("is not there before it is completed", async () => {
    const id = await testRun(company, pipeline_id, { input: { times: "many" } });
    expect((await ended(company, id)).status).toBe("failed");
    const run = await company.call("GET", `/runs/${id}/output`);
    expect(run).toMatchObject({ status: 409, body: { code: "conflict" } });
    expect(run.body.detail).toContain("The run is failed");
    const step = await company.call("GET", `/runs/${id}/steps/grow/1/output`);
    expect(step).toMatchObject({ status: 409, body: { code: "conflict" } });
  });
});
