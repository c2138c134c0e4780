import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { type Company, registerCompany } from "../../support/api.ts";
import { awsConfig } from "../../support/stack.ts";
import { draftPipeline, ends } from "./graphs.ts";

/** A valid chain of transforms whose JSON is larger than a request may be. */
function large(steps: number) {
  const ids = Array.from({ length: steps }, (_, i) => `step-${String(i).padStart(5, "0")}`);
  const nodes = ids.map((id) => ({
    id,
    kind: "transform",
    label: `Step ${id} ${"x".repeat(100)}`,
    config: { expression: "input", on_failure: "fail_run" },
  }));
  const all = ["input-1", ...ids, "output-1"];
  return {
    nodes: [...ends.map((node) => ({ ...node, config: { on_failure: "fail_run" } })), ...nodes].toSorted((a, b) =>
      a.id < b.id ? -1 : 1,
    ),
    connections: all.slice(1).map((target, i) => ({ id: `c-${i}`, source: all[i], target })),
  };
}

describe("graphs by upload", () => {
  let company: Company;
  beforeAll(async () => {
    company = await registerCompany();
  });

  const slot = async (path: string, bytes: number) => {
    const answer = await company.call("POST", `${path}/graph/uploads`, { bytes });
    expect(answer.status).toBe(201);
    return answer.body;
  };
  const put = (
    { url, method, headers }: { url: string; method: string; headers: Record<string, string> },
    body: string,
  ) => {
    const { "content-length": _, ...sent } = headers;
    return fetch(url, { method, headers: sent, body });
  };

  it("a graph beyond 1 MB is uploaded, saved, and read back whole by its address", async () => {
    const path = await draftPipeline(company);
    const graph = large(8_000);
    const text = JSON.stringify(graph);
    expect(text.length).toBeGreaterThan(2_000_000);
    expect((await company.call("PUT", `${path}/graph`, graph)).status).toBe(413);
    const upload = await slot(path, Buffer.byteLength(text));
    const early = await company.call("PUT", `${path}/graph`, { upload_id: upload.id });
    expect([early.status, early.body.code]).toEqual([409, "upload_incomplete"]);
    expect((await put(upload, text)).status).toBe(200);
    const saved = await company.call("PUT", `${path}/graph`, { upload_id: upload.id, expected_revision: 1 });
    expect(saved.status).toBe(200);
    expect(saved.body).toMatchObject({ revision: 2, node_count: 8_002, connection_count: 8_001 });
    expect(saved.body.validation.errors.map(({ code }: { code: string }) => code)).toEqual([
      "pattern_agents_below_minimum",
    ]);
    const read = await company.call("GET", path);
    expect(read.body.graph).toBeNull();
    expect(await (await fetch(read.body.graph_url)).json()).toEqual(graph);
    const page = await company.call("GET", `${path}/nodes?limit=100`);
    expect(page.body.items).toEqual(graph.nodes.slice(0, 100));
    const node = await company.call("PATCH", `${path}/nodes/step-00007`, { label: "Renamed" });
    expect(node.status).toBe(200);
    expect(node.body.revision).toBe(3);
    // Its content was taken over: the file is not needed any more, nor is its place.
    const again = await company.call("PUT", `${path}/graph`, { upload_id: upload.id });
    expect([again.status, again.body.issues[0].path]).toEqual([422, "upload_id"]);
    const files = new S3Client({ ...awsConfig(), forcePathStyle: true });
    const left = { Bucket: inject("stack").outputs.BucketName, Prefix: `uploads/${company.organization_id}/` };
    expect((await files.send(new ListObjectsV2Command(left))).KeyCount ?? 0).toBe(0);
  });

  it("an uploaded document is checked like a body: issues with their places, broken JSON, forbidden names", async () => {
    const path = await draftPipeline(company);
    const sent = async (text: string) => {
      const upload = await slot(path, Buffer.byteLength(text));
      expect((await put(upload, text)).status).toBe(200);
      return company.call("PUT", `${path}/graph`, { upload_id: upload.id });
    };
    const wrong = await sent(JSON.stringify({ nodes: [{ id: "a", kind: "robot" }], connections: [], extra: 1 }));
    expect(wrong.status).toBe(422);
    expect(wrong.body.issues.map((issue: { path: string }) => issue.path).sort()).toEqual(["extra", "nodes.0.kind"]);
    const broken = await sent('{"nodes": [');
    expect([broken.status, broken.body.code]).toEqual([400, "malformed_json"]);
    expect((await sent(`${"[".repeat(40)}${"]".repeat(40)}`)).status).toBe(422);
    expect((await sent('{"nodes":[],"connections":[],"__proto__":{}}')).status).toBe(422);
    expect((await company.call("GET", path)).body.revision).toBe(1);
  });

  it("an upload belongs to its pipeline, has exactly the declared size, and at most 5 MB", async () => {
    const [one, two] = await Promise.all([draftPipeline(company), draftPipeline(company)]);
    const text = JSON.stringify({ nodes: [], connections: [] });
    const upload = await slot(one, text.length);
    const foreign = await company.call("PUT", `${two}/graph`, { upload_id: upload.id });
    expect([foreign.status, foreign.body.issues[0].path]).toEqual([422, "upload_id"]);
    await put(upload, `${text}  `);
    const other = await company.call("PUT", `${one}/graph`, { upload_id: upload.id });
    expect([other.status, other.body.code]).toEqual([409, "upload_incomplete"]);
    const both = await company.call("PUT", `${one}/graph`, { upload_id: upload.id, nodes: [], connections: [] });
    expect(both.status).toBe(422);
    expect((await company.call("POST", `${one}/graph/uploads`, { bytes: 5_000_001 })).status).toBe(422);
  });
});
