import { describe, expect, inject, it } from "vitest";
import { errorCodes } from "../../../shared/errors.ts";
import { apiBase, call } from "../../support/api.ts";

const origin = () => inject("stack").apiUrl;

describe("the API's own pages", () => {
  it("the root says where things are, and they are there", async () => {
    const root = await call("GET", "");
    expect(root.status).toBe(200);
    expect(root.body).toMatchObject({ name: "Kaizen Studio", docs: "/docs", openapi: "/api/v1/openapi.json" });
    for (const path of [root.body.docs, root.body.openapi]) {
      expect((await fetch(origin() + path)).status, path).toBe(200);
    }
  });

  it.each(["/docs", "/api/v1/docs"])("%s is a page that loads scripts from this origin only", async (path) => {
    const answer = await fetch(origin() + path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    const policy = answer.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("connect-src 'self';");
    const html = await answer.text();
    const scripts = [...html.matchAll(/<script[^>]*src="([^"]+)"/g)].map((match) => match[1] ?? "");
    expect(scripts).toHaveLength(2);
    expect(html.match(/<script/g)).toHaveLength(2);
    for (const script of scripts) {
      expect(script).toMatch(/^\/docs\/files\/\w+\.[0-9a-f]{16}\.js$/);
      const file = await fetch(origin() + script);
      expect(file.status).toBe(200);
      expect(file.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
      expect(file.headers.get("cache-control")).toContain("immutable");
    }
  });

  it.each(["br", "gzip", "identity"])("the reference's library arrives whole in the coding %s", async (coding) => {
    const html = await (await fetch(`${origin()}/docs`)).text();
    const library = /src="(\/docs\/files\/reference[^"]+)"/.exec(html)?.[1] ?? "";
    const answer = await fetch(origin() + library, { headers: { "accept-encoding": coding } });
    expect(answer.headers.get("content-encoding")).toBe(coding === "identity" ? null : coding);
    expect(answer.headers.get("vary")).toBe("accept-encoding, origin");
    const text = await answer.text();
    expect(text.length).toBeGreaterThan(3_000_000);
    expect(text).toContain("createApiReference");
  });

  it("the OpenAPI document is served whole, compressed or not", async () => {
    const texts = await Promise.all(
      ["br", "identity"].map(async (coding) => {
        const answer = await fetch(`${apiBase()}/openapi.json`, { headers: { "accept-encoding": coding } });
        expect(answer.headers.get("content-type")).toBe("application/json");
        return answer.text();
      }),
    );
    expect(texts[0]).toBe(texts[1]);
    const document = JSON.parse(texts[0] ?? "");
    expect(document.openapi).toBe("3.1.1");
    expect(document.paths["/api/v1/health"].get.operationId).toBe("platform.health");
  });

  it("the type of a problem leads to a page that says what to do", async () => {
    const problem = await call("GET", "/there/is/no/such/thing");
    expect(problem.status).toBe(404);
    const page = await fetch(origin() + problem.body.type);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    const html = await page.text();
    expect(html).toContain("not_found");
    expect(html).toContain(errorCodes.not_found.title);
  });

  it("every error code has its page", async () => {
    const codes = Object.keys(errorCodes);
    const statuses = await Promise.all(codes.map(async (code) => (await fetch(`${apiBase()}/errors/${code}`)).status));
    expect(statuses).toEqual(codes.map(() => 200));
  });

  it.each([
    ["/api/v1/errors/no_such_code", 404],
    ["/docs/files/index.json", 404],
    ["/docs/files/reference.js", 404],
    ["/docs/nothing", 404],
    ["/health", 404],
    ["/sign-in/files/pages.js", 404],
  ])("%s is a problem document, not a page", async (path, status) => {
    const answer = await fetch(origin() + path);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
  });

  it.each(["/docs", "/api/v1/health", "/api/v1/openapi.json"])(
    "%s takes no other method than GET and HEAD",
    async (path) => {
      const answer = await fetch(origin() + path, { method: "POST" });
      expect(answer.status).toBe(405);
      expect(answer.headers.get("allow")).toBe("GET, HEAD");
    },
  );

  it("health says that the API and its table answer", async () => {
    const answer = await call("GET", "/health");
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ status: "ok", version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  });
});
