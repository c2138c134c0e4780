import { beforeAll, describe, expect, it } from "vitest";
import { createAgent, fill } from "../../support/agents.ts";
import { type Company, registerCompany } from "../../support/api.ts";
import { auditTexts, outboxTexts } from "../../support/traces.ts";

let company: Company;
let path: string;
beforeAll(async () => {
  company = await registerCompany();
  path = `/agents/${(await createAgent(company)).id}`;
});

const SECRET = "Bearer s3cr3t-value-0001";
const api = (more: Record<string, unknown> = {}, config: Record<string, unknown> = {}) => ({
  name: "weather",
  description: "Tells the weather of a city.",
  tool_type: "api",
  config: {
    endpoint: "https://api.example.com/weather/{city}",
    method: "GET",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    headers: { "x-plain": "shown" },
    secret_headers: { Authorization: SECRET, "x-key": "k3y-value-0002" },
    ...config,
  },
  ...more,
});
const sum = {
  name: "sum",
  description: "Adds two numbers.",
  tool_type: "function",
  config: {
    parameters: { type: "object", properties: { a: { type: "number" }, b: { type: "number" } }, required: ["a", "b"] },
    expression: "a + b",
  },
};
const mcp = {
  name: "files",
  description: "Files of the team.",
  tool_type: "mcp",
  config: { server: "https://mcp.example.com/mcp", tools: ["read"] },
};

describe("a tool", () => {
  it("of each type is created, listed, read and removed", async () => {
    for (const body of [api(), sum, mcp]) {
      const created = await company.call("POST", `${path}/tools`, body);
      expect(created.status).toBe(201);
      const own = `${path}/tools/${created.body.id}`;
      expect(created.headers.get("location")).toBe(`/api/v1${own}`);
      expect((await company.call("GET", own)).body).toEqual({ ...created.body, changed_tools: [] });
    }
    const listed = await company.call("GET", `${path}/tools`);
    expect(listed.body.items.map(({ name }: { name: string }) => name)).toEqual(["files", "sum", "weather"]);
    expect((await company.call("GET", path)).body.tools).toEqual(listed.body.items);
    for (const { id } of listed.body.items) {
      expect((await company.call("DELETE", `${path}/tools/${id}`)).status).toBe(204);
      expect((await company.call("DELETE", `${path}/tools/${id}`)).status).toBe(404);
    }
  });

  it("has a name that its agent's other tools do not have, also among many at once", async () => {
    const answers = await Promise.all(Array.from({ length: 4 }, () => company.call("POST", `${path}/tools`, sum)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    const other = await company.call("POST", `${path}/tools`, { ...sum, name: "plus" });
    const own = `${path}/tools/${other.body.id}`;
    expect((await company.call("PATCH", own, { name: "SUM" })).status).toBe(409);
    const renamed = await company.call("PATCH", own, { name: "plus2", is_enabled: false });
    expect(renamed.body).toMatchObject({ id: other.body.id, name: "plus2", is_enabled: false });
    expect((await company.call("POST", `${path}/tools`, { ...sum, name: "plus" })).status).toBe(201);
    for (const { id } of (await company.call("GET", `${path}/tools`)).body.items)
      await company.call("DELETE", `${path}/tools/${id}`);
  });

  it("is one of at most twenty", async () => {
    const add = (i: number) => company.call("POST", `${path}/tools`, { ...sum, name: `t${i}` });
    expect((await fill(18, add)).every(({ status }) => status === 201)).toBe(true);
    const answers = await Promise.all(Array.from({ length: 4 }, (_, i) => add(20 + i)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409]);
    for (const { id } of (await company.call("GET", `${path}/tools`)).body.items)
      await company.call("DELETE", `${path}/tools/${id}`);
    expect((await company.call("GET", path)).body.tools).toEqual([]);
    expect((await company.call("POST", `${path}/tools`, sum)).status).toBe(201);
  });
});

describe("secret headers", () => {
  it("are shown by name only: in no answer, audit entry or event stands a value", async () => {
    const created = await company.call("POST", `${path}/tools`, api({ name: "hidden" }));
    expect(created.body.config.secret_headers).toEqual(["Authorization", "x-key"]);
    const own = `${path}/tools/${created.body.id}`;
    const patched = await company.call("PATCH", own, { config: { secret_headers: { "x-key": "n3w-value-0003" } } });
    const version = await company.call("POST", `${path}/versions`);
    const texts = [
      created.text,
      patched.text,
      (await company.call("GET", own)).text,
      (await company.call("GET", path)).text,
      (await company.call("GET", `${path}/versions/${version.body.number}`)).text,
      (await company.call("GET", `${path}/versions/${version.body.number}/diff`)).text,
      ...(await auditTexts(company)),
      ...(await outboxTexts(company)),
    ];
    expect(texts.length).toBeGreaterThan(10);
    for (const text of texts) expect(text).not.toMatch(/s3cr3t|k3y-value|n3w-value/);
  });

  it("stay when others change, go with null, and do not follow to another address", async () => {
    const created = await company.call("POST", `${path}/tools`, api({ name: "merged" }));
    const own = `${path}/tools/${created.body.id}`;
    const patch = async (config: Record<string, unknown>) => company.call("PATCH", own, { config });
    const kept = await patch({ timeout_ms: 5_000, headers: { "x-more": "1" } });
    expect(kept.body.config).toMatchObject({
      timeout_ms: 5_000,
      headers: { "x-plain": "shown", "x-more": "1" },
      secret_headers: ["Authorization", "x-key"],
    });
    const replaced = await patch({ secret_headers: { authorization: "Bearer other" } });
    expect(replaced.body.config.secret_headers).toEqual(["authorization", "x-key"]);
    const removed = await patch({ secret_headers: { "x-key": null }, headers: { "x-plain": null }, timeout_ms: null });
    expect(removed.body.config).toEqual({
      ...created.body.config,
      headers: { "x-more": "1" },
      secret_headers: ["authorization"],
    });
    const moved = await patch({ endpoint: "https://elsewhere.example.com/weather/{city}" });
    expect(moved.status).toBe(422);
    expect(moved.body.issues[0].path).toBe("config.secret_headers.authorization");
    const again = await patch({
      endpoint: "https://elsewhere.example.com/weather/{city}",
      secret_headers: { authorization: "Bearer new" },
    });
    expect(again.status).toBe(200);
    const bad = await patch({ method: "FETCH", colour: 1 });
    expect(bad.body.issues.map((issue: { path: string }) => issue.path).sort()).toEqual([
      "config.colour",
      "config.method",
    ]);
    const unchanged = await patch({});
    expect(unchanged.headers.get("etag")).toBe(again.headers.get("etag"));
  });
});

describe("what is wrong with a tool is named", () => {
  it.each([
    [{ ...sum, name: "has space" }, "name"],
    [{ ...sum, name: "has__two" }, "name"],
    [{ ...sum, tool_type: "shell" }, "tool_type"],
    [{ ...sum, config: { ...sum.config, expression: "a +" } }, "config.expression"],
    [{ ...sum, config: { ...sum.config, parameters: { type: "string" } } }, "config.parameters"],
    [{ ...sum, config: { ...sum.config, handler: "os.system" } }, "config.handler"],
    [api({}, { endpoint: "https://169.254.169.254/latest/{city}" }), "config.endpoint"],
    [api({}, { endpoint: "https://api.example.com/{town}" }), "config.endpoint"],
    [api({}, { secret_headers: { host: "x" } }), "config.secret_headers.host"],
    [api({}, { headers: { authorization: "x" } }), "config.secret_headers.Authorization"],
    [{ ...mcp, config: { ...mcp.config, tools: [] } }, "config.tools"],
    [{ ...mcp, config: { ...mcp.config, server: "http://10.0.0.1/mcp" } }, "config.server"],
  ])("%j: %s", async (body, at) => {
    const answer = await company.call("POST", `${path}/tools`, body);
    expect(answer.status).toBe(422);
    expect(answer.body.issues.map((issue: { path: string }) => issue.path)).toContain(at);
  });
});
