import { beforeAll, describe, expect, it } from "vitest";
import { type Company, registerCompany } from "../../support/api.ts";
import { draftPipeline, ends } from "./graphs.ts";

let company: Company;
let path: string;

beforeAll(async () => {
  company = await registerCompany();
  path = await draftPipeline(company, { name: "Refunds & <b>returns</b>" });
  const connections = [{ id: "c1", source: "input-1", target: "output-1", label: "Straight" }];
  const saved = await company.call("PUT", `${path}/graph`, { nodes: ends, connections });
  if (saved.status !== 200) throw new Error(saved.text);
});

describe("the drawing of a graph", () => {
  it("is an SVG that may do nothing, of the newest revision or a given one, and is sent once", async () => {
    const answer = await company.call("GET", `${path}/graph.svg`);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.headers.get("content-type")).toBe("image/svg+xml; charset=utf-8");
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("cache-control")).toBe("private, no-cache");
    expect(answer.text).toContain('<title id="t">Refunds &amp; &lt;b&gt;returns&lt;/b&gt;</title>');
    expect(answer.text).toContain("Revision 2 · 2 nodes · 1 connection<");
    expect(answer.text).toContain(">Straight</text>");
    // Drawn by the deployed function's own thread, with its icons.
    expect(answer.text.match(/<svg class="icon"/g)).toHaveLength(2);

    const etag = answer.headers.get("etag") ?? "";
    const again = await company.call("GET", `${path}/graph.svg`, undefined, { "if-none-match": etag });
    expect([again.status, again.text, again.headers.get("etag")]).toEqual([304, "", etag]);

    const first = await company.call("GET", `${path}/graph.svg?revision=1&theme=dark&direction=down`);
    expect(first.status, first.text).toBe(200);
    expect(first.text).toContain("Revision 1 · 0 nodes · 0 connections<");
    expect((await company.call("GET", `${path}/graph.svg?revision=9`)).status).toBe(404);
    expect((await company.call("GET", `${path}/graph.svg?theme=pink`)).status).toBe(422);
  });

  it("is a Mermaid chart", async () => {
    const answer = await company.call("GET", `${path}/graph.mmd?direction=down`);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/vnd.mermaid; charset=utf-8");
    expect(answer.text).toContain("flowchart TB");
    expect(answer.text).toContain('  n0 -->|"Straight"| n1');
    const etag = answer.headers.get("etag") ?? "";
    expect(
      (await company.call("GET", `${path}/graph.mmd?direction=down`, undefined, { "if-none-match": etag })).status,
    ).toBe(304);
  });
});
