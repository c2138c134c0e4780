import { beforeAll, describe, expect, it } from "vitest";
import { createAgent } from "../../support/agents.ts";
import { type Company, registerCompany, unique } from "../../support/api.ts";

let company: Company;
beforeAll(async () => {
  company = await registerCompany();
});

/** Names that a program could take for its own. */
const NAMES = ["constructor", "toString", "hasOwnProperty", "valueOf", "length", "a.b", "x-y", "#", ":v0", "pk", "ttl"];
const named = (value: (name: string) => unknown) => Object.fromEntries(NAMES.map((name) => [name, value(name)]));

describe("free JSON is kept as it was sent:", () => {
  it("metadata of an agent, under whatever names", async () => {
    const metadata = named((name) => `of ${name}`);
    const agent = await createAgent(company, { metadata });
    expect(agent.metadata).toEqual(metadata);
    const changed = await company.call("PATCH", `/agents/${agent.id}`, {
      metadata: { driver: "16", constructor: "Ferrari" },
    });
    expect([changed.status, changed.body.metadata]).toEqual([200, { driver: "16", constructor: "Ferrari" }]);
    expect((await company.call("GET", `/agents/${agent.id}`)).body.metadata).toEqual(changed.body.metadata);
  });

  it("metadata of a webhook", async () => {
    const metadata = named((name) => `of ${name}`);
    const body = { name: "Names", url: "https://example.com/hook", events: ["agent.created"], metadata };
    const created = await company.call("POST", "/webhooks", body);
    expect([created.status, created.body.metadata]).toEqual([201, metadata]);
    expect((await company.call("GET", `/webhooks/${created.body.id}`)).body.metadata).toEqual(metadata);
  });

  it("a schema for an agent's answers and for a tool's parameters, with properties of such names", async () => {
    const schema = { type: "object", properties: named(() => ({ type: "string" })) };
    const agent = await createAgent(company, { response_schema: schema });
    expect((await company.call("GET", `/agents/${agent.id}`)).body.response_schema).toEqual(schema);
    const tool = {
      tool_type: "function",
      name: "standings",
      description: "Points of a team.",
      config: { expression: "1", parameters: schema },
    };
    const added = await company.call("POST", `/agents/${agent.id}/tools`, tool);
    expect([added.status, added.body.config?.parameters]).toEqual([201, schema]);
  });

  it("headers and the body of a tool", async () => {
    const agent = await createAgent(company);
    const config = {
      method: "POST",
      endpoint: "https://api.example.com/",
      headers: { constructor: "a", "x-y": "b" },
      body: { constructor: { toString: "{{x}}", "": [1, { valueOf: null }] } },
      parameters: { type: "object", properties: { x: { type: "string" } } },
    };
    const tool = { tool_type: "api", name: unique("call").replaceAll("-", "_"), description: "Calls.", config };
    const added = await company.call("POST", `/agents/${agent.id}/tools`, tool);
    expect(added.status, added.text).toBe(201);
    expect(added.body.config).toMatchObject({ headers: config.headers, body: config.body });
  });

  it("bounds of integers that no double tells apart, and numbers that the table itself does not take", async () => {
    const agent = await createAgent(company);
    for (const [i, bounds] of [
      '{"minimum":-9223372036854775808,"maximum":9223372036854775808}',
      '{"minimum":-1e300,"maximum":1e300}',
      '{"minimum":1e-200,"multipleOf":1e-140}',
    ].entries()) {
      const amount = { type: "number", ...JSON.parse(bounds) };
      const parameters = { type: "object", properties: { amount } };
      const tool = {
        tool_type: "function",
        name: `refund_${i}`,
        description: "Refunds.",
        config: { expression: "amount", parameters },
      };
      const added = await company.call("POST", `/agents/${agent.id}/tools`, tool);
      // Either it is kept or its place is named; which of them is the door's to say. The store takes every number.
      expect(added.status, `${bounds}: ${added.text}`).toBe(201);
      expect(added.body.config.parameters).toEqual(parameters);
    }
  });
});

describe("an agent's name", () => {
  it("whose normal form is longer than a key takes names one agent still, and no second one", async () => {
    // U+FDFA becomes 18 letters by normal form KC: 120 of them are 3,960 bytes.
    const name = "\ufdfa".repeat(120);
    const agent = await createAgent(company, { name });
    expect(agent.name).toBe(name);
    const second = await company.call("POST", "/agents", { ...agentOf(name) });
    expect([second.status, second.body.code]).toEqual([409, "already_exists"]);
    expect((await company.call("PATCH", `/agents/${agent.id}`, { name: "Short" })).status).toBe(200);
    expect((await company.call("POST", "/agents", agentOf(name))).status).toBe(201);
  });
});

const agentOf = (name: string) => ({
  name,
  agent_type: "chat",
  model_id: "amazon-bedrock/claude-sonnet-4-5",
  system_prompt: "You help.",
});

describe("a type of event", () => {
  it("is told with its version and the JSON Schema of its data; an unknown one is not there", async () => {
    const list = (await company.call("GET", "/webhooks/events")).body.items;
    const one = await company.call("GET", "/webhooks/events/agent.created");
    expect(one.status).toBe(200);
    expect(one.body).toMatchObject({
      type: "agent.created",
      version: 1,
      resource: "agent",
      data_schema: { type: "object", properties: { agent_id: { type: "string" } } },
    });
    expect(list).toContainEqual(one.body);
    for (const name of ["agent.invented", "constructor", "toString"])
      expect((await company.call("GET", `/webhooks/events/${name}`)).status, name).toBe(404);
  });
});
