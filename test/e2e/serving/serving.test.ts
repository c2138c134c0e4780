import OpenAI from "openai";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { deploymentItem } from "../../../functions/deployments/store.ts";
import { usageItem } from "../../../functions/usage/store.ts";
import { askedOf, scriptedModel } from "../../support/agents.ts";
import { type Company, eventually, unique } from "../../support/api.ts";
import { deploymentNamed, silentGateway } from "../../support/deployments.ts";
import { ask, dataPlane, deployed, deploymentBecomes, type Served, served } from "../../support/endpoints.ts";
import { roomyCompany } from "../../support/plans.ts";
import { startReceiver } from "../../support/receiver.ts";
import { stackTable } from "../../support/stack.ts";
import { stand } from "../../support/standing.ts";
import { did } from "../../support/suites.ts";
import { activeAgent } from "../runs/setup.ts";

let company: Company;
let model_id: string;
let one: Served;
beforeAll(async () => {
  company = await roomyCompany();
  model_id = await scriptedModel(company);
  one = await served(company, { model_id });
});

const invoke = (of: Pick<Served, "endpoint" | "key">, input: string, more: object = {}) =>
  ask(`${of.endpoint.url}/invoke`, of.key, { input, ...more });
const client = ({ endpoint, key }: Served, more: object = {}) =>
  new OpenAI({ baseURL: endpoint.openai_base_url, apiKey: key, maxRetries: 0, ...more });
const code = ({ status, body }: { status: number; body: { code?: string } }) => [status, body.code];

describe("what is deployed to the built-in data plane", () => {
  it("is asked with a key of its endpoint, and says which deployment answers", async () => {
    const answer = await invoke(one, "Hello [[say:Good day]]");
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^svc_/),
      agent_id: one.agent_id,
      deployment_id: one.deployment.id,
      version: 1,
      output: "Good day",
      model: model_id,
      finish_reason: "stop",
      usage: { tokens_in: expect.any(Number), tokens_out: expect.any(Number), tokens_total: expect.any(Number) },
    });
    expect(answer.headers.get("x-request-id")).toMatch(/^req_/);
    const named = await ask(one.endpoint.url.replace(one.agent_id, `${one.deployment.id}/invoke`), one.key, {
      input: "Hi",
    });
    expect(named.body.deployment_id).toBe(one.deployment.id);
  });

  it("is sent as events while it is made, and ends with what it came to", async () => {
    const answer = await invoke(one, "Hello [[say:One two three]]", { stream: true });
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    const events = answer.text
      .trim()
      .split("\n\n")
      .map((text) => JSON.parse(text.split("\ndata: ")[1] ?? ""));
    expect(events[0]).toMatchObject({ type: "start", deployment_id: one.deployment.id });
    expect(
      events
        .filter(({ type }) => type === "content")
        .map(({ content }) => content)
        .join(""),
    ).toBe("One two three");
    expect(events.at(-1)).toMatchObject({
      type: "done",
      output: "One two three",
      usage: { tokens_total: expect.any(Number) },
    });
  });

  it("goes on from what was said, and fills what the prompt leaves open", async () => {
    const mark = unique("mark");
    const agent = await served(company, { model_id, system_prompt: "You speak {{language}}." });
    const history = [
      { role: "user", content: "My name is Ada." },
      { role: "assistant", content: "Hello Ada." },
    ];
    await invoke(agent, mark, { history, variables: { language: "Frisian" } });
    const [asked] = await askedOf(mark);
    expect(asked?.body.messages).toEqual([
      { role: "system", content: "You speak Frisian." },
      ...history,
      { role: "user", content: mark },
    ]);
  });

  it("uses secrets that were sealed for it: the provider's key, and headers of tools", async () => {
    const mark = unique("mark");
    const receiver = await startReceiver();
    receiver.reply("/weather", {
      status: 200,
      headers: { "content-type": "application/json" },
      body: '{"sky":"blue"}',
    });
    try {
      const tool = {
        tool_type: "api",
        name: "weather",
        description: "Says the weather.",
        config: {
          endpoint: `${receiver.url}/weather`,
          method: "GET",
          secret_headers: { authorization: "Bearer of-the-weather" },
          parameters: { type: "object", properties: {} },
        },
      };
      const agent_id = await activeAgent(company, { model_id });
      await did(company, "POST", `/agents/${agent_id}/tools`, tool);
      await did(company, "POST", `/agents/${agent_id}/versions`, {});
      const gateway_id = await dataPlane(company);
      const agent = await deployed(company, { agent_id, gateway_id, version: 2 });
      const answer = await invoke(agent, `${mark} call weather`);
      expect(answer.status, answer.text).toBe(200);
      const [asked] = await askedOf(mark);
      // Nobody keeps what it was; without a key there would be none.
      expect(asked?.headers.authorization).toBe("[redacted]");
      expect(receiver.at("/weather").map(({ headers }) => headers.authorization)).toEqual(["Bearer of-the-weather"]);
    } finally {
      await receiver.close();
    }
  });

  it("tells what was used, once: it is in the management plane's ledger under who asked", async () => {
    const agent = await served(company, { model_id });
    const { body } = await invoke(agent, "Hello [[tokens:in=11 out=7]]");
    const table = stackTable().of(company.organization_id);
    const recorded = () => table.page(usageItem, { of: { source_kind: "serve", source_id: body.id }, limit: 10 });
    const [record, ...others] = await eventually(
      async () => {
        const { items } = await recorded();
        return items.length === 0 ? undefined : items;
      },
      "what was used is told",
      60,
    );
    expect(others).toEqual([]);
    expect(record).toMatchObject({
      tokens_in: 11,
      tokens_out: 7,
      cost_usd_micros: 25,
      agent_id: agent.agent_id,
      agent_version: 1,
      actor: { type: "agent", id: agent.deployment.id, on_behalf_of: { type: "deployment_key", id: agent.key_id } },
    });
  });
});

describe("a key", () => {
  it("is shown once, opens its endpoint and nothing else, and no operation of the API takes it", async () => {
    expect(one.key).toMatch(/^ks_serve_/);
    const { keys } = await did(company, "GET", `/deployments/${one.deployment.id}/endpoint`);
    expect(JSON.stringify(keys)).not.toContain(one.key);
    expect(JSON.stringify(keys)).not.toContain("hash");
    const other = await served(company, { model_id });
    const crossed = await ask(`${other.endpoint.url}/invoke`, one.key, { input: "Hello" });
    expect(code(crossed)).toEqual([404, "not_found"]);
    const api = await ask(`${inject("stack").apiUrl}/api/v1/agents`, one.key);
    expect(api.status).toBe(401);
  });

  it.each([
    ["none", undefined],
    ["no key at all", "ks_live_nothing"],
    ["one that nobody made", "wrong"],
  ])("%s is refused without a reason", async (_, text) => {
    const key = text === "wrong" ? `${one.key.slice(0, -12)}AAAAAAAAAAAA` : text;
    const answer = await ask(`${one.endpoint.url}/invoke`, key, { input: "Hello" });
    expect(code(answer)).toEqual([401, "unauthenticated"]);
    expect(answer.headers.get("www-authenticate")).toContain("Bearer");
  });

  it("that is withdrawn is refused from the next call on, also where a call of it was just answered", async () => {
    const path = `/deployments/${one.deployment.id}/endpoint/keys`;
    const { id, key } = await did(company, "POST", path, { name: "Withdrawn" });
    expect((await invoke({ ...one, key }, "Hello")).status).toBe(200);
    expect((await company.call("DELETE", `${path}/${id}`)).status).toBe(204);
    expect(code(await invoke({ ...one, key }, "Hello"))).toEqual([401, "unauthenticated"]);
    expect((await company.call("DELETE", `${path}/${id}`)).status).toBe(404);
    expect((await invoke(one, "Hello")).status).toBe(200);
  });

  it("that has ended is refused", async () => {
    const expires_at = new Date(Date.now() + 1_500).toISOString();
    const path = `/deployments/${one.deployment.id}/endpoint/keys`;
    const { key } = await did(company, "POST", path, { name: "Short", expires_at });
    expect((await invoke({ ...one, key }, "Hello")).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 1_600));
    expect(code(await invoke({ ...one, key }, "Hello"))).toEqual([401, "unauthenticated"]);
  });

  it("that is withdrawn while it is answered ends the answer", async () => {
    const path = `/deployments/${one.deployment.id}/endpoint/keys`;
    const { id, key } = await did(company, "POST", path, { name: "Withdrawn meanwhile" });
    const asking = invoke({ ...one, key }, "Hello [[delay:22000]]", { stream: true });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect((await company.call("DELETE", `${path}/${id}`)).status).toBe(204);
    const { text } = await asking;
    expect(JSON.parse(text.trim().split("\n\n").at(-1)?.split("\ndata: ")[1] ?? "")).toMatchObject({
      type: "error",
      code: "unauthenticated",
    });
  }, 60_000);
});

describe("one deployment after another", () => {
  it("the next one answers under the same address and key, and no call in between fails", async () => {
    const gateway_id = await dataPlane(company);
    const first = await served(company, { model_id, system_prompt: "First." }, gateway_id);
    await did(company, "PATCH", `/agents/${first.agent_id}`, { system_prompt: "Second." });
    await did(company, "POST", `/agents/${first.agent_id}/versions`, {});
    let over = false;
    const seen: [number, number][] = [];
    const calling = (async () => {
      while (!over) {
        const { status, body } = await invoke(first, "Hello");
        seen.push([status, body.version]);
      }
    })();
    const { id } = await did(company, "POST", "/deployments", {
      agent_id: first.agent_id,
      gateway_id,
      drain_seconds: 0,
    });
    await deploymentBecomes(company, id, "active");
    await deploymentBecomes(company, first.deployment.id, "stopped");
    over = true;
    await calling;
    const after = await invoke(first, "Hello");
    expect(after.body).toMatchObject({ deployment_id: id, version: 2 });
    expect([...new Set(seen.map(([status]) => status))]).toEqual([200]);
    const versions = seen.map(([, version]) => version);
    expect(versions).toEqual([...versions].sort());
    const back = await did(company, "POST", `/deployments/${first.deployment.id}/redeploy`, { drain_seconds: 0 });
    await deploymentBecomes(company, back.id, "active");
    expect((await invoke(first, "Hello")).body).toMatchObject({ deployment_id: back.id, version: 1 });
  });

  it("after the last one nothing answers, and the key is still the endpoint's", async () => {
    const agent = await served(company, { model_id });
    await did(company, "POST", `/deployments/${agent.deployment.id}/stop`);
    await deploymentBecomes(company, agent.deployment.id, "stopped");
    const answer = await invoke(agent, "Hello");
    expect([answer.status, answer.body.code, answer.body.state]).toEqual([409, "conflict", "not_served"]);
    const { agent_id, gateway_id } = agent;
    const again = await deployed(company, { agent_id, gateway_id });
    expect((await invoke(agent, "Hello")).body.deployment_id).toBe(again.deployment.id);
  });

  it("of an endpoint whose gateway is deleted nothing is left", async () => {
    const agent = await served(company, { model_id });
    await did(company, "POST", `/deployments/${agent.deployment.id}/stop`);
    await deploymentBecomes(company, agent.deployment.id, "stopped");
    expect((await company.call("DELETE", `/gateways/${agent.gateway_id}`)).status).toBe(204);
    await eventually(
      async () => ((await invoke(agent, "Hello")).status === 401 ? true : undefined),
      "the endpoint is forgotten",
    );
  });
});

describe("an endpoint", () => {
  it("answers by the channels that are on, as often as it allows, and to pages of its origins", async () => {
    const agent = await served(company, { model_id });
    const path = `/deployments/${agent.deployment.id}/endpoint`;
    const off = await did(company, "PATCH", path, { channels: { rest: false } });
    expect(off).toMatchObject({ channels: { rest: false, openai: true }, in_sync: true });
    expect(code(await invoke(agent, "Hello"))).toEqual([403, "forbidden"]);
    await did(company, "PATCH", path, { channels: { rest: true }, allowed_origins: ["https://www.example.com"] });
    const from = (origin: string) =>
      ask(`${agent.endpoint.url}/invoke`, agent.key, { input: "Hello" }, { headers: { origin } });
    const page = await from("https://www.example.com");
    expect([page.status, page.headers.get("access-control-allow-origin")]).toEqual([200, "https://www.example.com"]);
    expect(code(await from("https://evil.example.com"))).toEqual([403, "forbidden"]);
    const preflight = await ask(`${agent.endpoint.url}/invoke`, undefined, undefined, {
      method: "OPTIONS",
      headers: { origin: "https://www.example.com", "access-control-request-method": "POST" },
    });
    expect([preflight.status, preflight.headers.get("access-control-allow-headers")]).toEqual([
      204,
      expect.stringContaining("authorization"),
    ]);
    await did(company, "PATCH", path, { requests_per_minute: 2 });
    const answers = await Promise.all(Array.from({ length: 8 }, () => invoke(agent, "Hello")));
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(2);
    const refused = answers.find(({ status }) => status !== 200);
    expect(code(refused ?? answers[0] ?? { status: 0, body: {} })).toEqual([429, "rate_limited"]);
    expect(Number(refused?.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  it("is closed while its organization is suspended, and open again after", async () => {
    const other = await roomyCompany();
    const agent = await served(other, {});
    await stand(other.organization_id, "suspend");
    await eventually(
      async () => (code(await invoke(agent, "Hello"))[1] === "organization_suspended" ? true : undefined),
      "the endpoint is closed",
    );
    await stand(other.organization_id, "restore");
    await eventually(
      async () => ((await invoke(agent, "Hello")).status === 200 ? true : undefined),
      "it is open again",
    );
  });

  it("is there only on the data plane, and is told of what is wrong", async () => {
    const elsewhere = await silentGateway(company, "inactive");
    const deployment = deploymentNamed(company.organization_id, { gateway_id: elsewhere.id, status: "stopped" });
    const table = stackTable().of(company.organization_id);
    await table.transact([table.writes.create(deploymentItem, deployment)]);
    const none = await company.call("GET", `/deployments/${deployment.id}/endpoint`);
    expect([none.status, none.body.code, none.body.state]).toEqual([409, "conflict", "http"]);
    const path = `/deployments/${one.deployment.id}/endpoint`;
    const wrong = await company.call("PATCH", path, {
      allowed_origins: ["www.example.com/page"],
      requests_per_minute: 0,
    });
    expect([wrong.status, wrong.body.issues.map((issue: { path: string }) => issue.path)]).toEqual([
      422,
      ["allowed_origins.0", "requests_per_minute"],
    ]);
    const over = { name: "Over", expires_at: "2020-01-01T00:00:00Z" };
    const ended = await company.call("POST", `${path}/keys`, over);
    expect([ended.status, ended.body.issues[0].path]).toEqual([422, "expires_at"]);
  });
});

describe("a gateway that is the data plane", () => {
  it("has no address and no key to be given, and is asked how it is like any other", async () => {
    const of = (more: object) => company.call("POST", "/gateways", { name: unique("Gateway"), ...more });
    const paths = ({ body }: { body: { issues: { path: string }[] } }) => body.issues.map(({ path }) => path);
    const given = await of({ kind: "built_in", api_url: "https://a.example.com", api_key: "key" });
    expect([given.status, paths(given)]).toEqual([422, ["api_url", "api_key"]]);
    const bare = await of({ kind: "http" });
    expect([bare.status, paths(bare)]).toEqual([422, ["api_url", "api_key"]]);
    const id = await dataPlane(company, { admin_state: "inactive" });
    expect(await did(company, "POST", `/gateways/${id}/health`)).toMatchObject({
      result: "healthy",
      status: 200,
      key: null,
    });
    expect((await did(company, "GET", `/gateways/${id}`)).key).toBeNull();
    const changed = await company.call("PATCH", `/gateways/${id}`, { api_key: "key" });
    expect([changed.status, paths(changed)]).toEqual([422, ["api_key"]]);
    const rotated = await company.call("POST", `/gateways/${id}/rotate-key`, { api_key: "key" });
    expect([rotated.status, rotated.body.state]).toEqual([409, "built_in"]);
  });
});

describe("what the data plane cannot serve", () => {
  it("an agent whose knowledge is searched fails, and says what to do", async () => {
    const agent_id = await activeAgent(company, { model_id, retrieval: { mode: "always" } });
    const context = { name: "Known", content_type: "text", content: "The sky is blue." };
    await did(company, "POST", `/agents/${agent_id}/contexts`, context);
    await did(company, "POST", `/agents/${agent_id}/versions`, {});
    const body = { agent_id, gateway_id: await dataPlane(company), version: 2 };
    const failed = await deploymentBecomes(company, (await did(company, "POST", "/deployments", body)).id, "failed");
    expect(failed.error).toEqual({
      code: "knowledge_searched",
      message: expect.stringContaining("`retrieval.mode`"),
    });
  });
});

describe("bad calls", () => {
  const raw = (body: string, headers: Record<string, string> = {}) =>
    ask(`${one.endpoint.url}/invoke`, one.key, body, { headers });

  it.each([
    ["half a body", '{"input": "Hel', 400, "malformed_json"],
    ["no body", "", 422, "validation_failed"],
    ["what it does not know", '{"input": "Hello", "colour": "blue"}', 422, "validation_failed"],
    ["nothing to answer", '{"input": ""}', 422, "validation_failed"],
  ])("%s", async (_, body, status, expected) => {
    expect(code(await raw(body))).toEqual([status, expected]);
  });

  it("of more than four megabytes are refused, of less are not", async () => {
    const history = Array.from({ length: 5 }, () => ({ role: "user", content: "x".repeat(900_000) }));
    expect(code(await raw(JSON.stringify({ input: "Hello", history })))).toEqual([413, "payload_too_large"]);
  });

  it("in another media type are refused", async () => {
    expect(code(await raw("input=Hello", { "content-type": "text/plain" }))).toEqual([415, "unsupported_media_type"]);
  });

  it("at another path or by another method are told what is there", async () => {
    expect(code(await ask(`${inject("stack").apiUrl}/v1/nowhere`, one.key))).toEqual([404, "not_found"]);
    const wrong = await ask(`${one.endpoint.url}/invoke`, one.key);
    expect([...code(wrong), wrong.headers.get("allow")]).toEqual([405, "method_not_allowed", "POST"]);
  });

  it("whose model fails are told so, without a word of the provider's", async () => {
    const answer = await invoke(one, "Hello [[fail:400]]");
    expect(code(answer)).toEqual([502, "provider_failed"]);
  });
});

describe("OpenAI's library for JavaScript, unchanged", () => {
  it("lists the model, and asks it whole and as a stream", async () => {
    const openai = client(one);
    const models: string[] = [];
    for await (const { id } of openai.models.list()) models.push(id);
    expect(models).toEqual([one.agent_id]);
    expect((await openai.models.retrieve(one.agent_id)).owned_by).toBe("kaizen-studio");
    const mark = unique("mark");
    const whole = await openai.chat.completions.create({
      model: one.agent_id,
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Hello" },
        { role: "assistant", content: "Hello." },
        { role: "user", content: [{ type: "text", text: `${mark} [[say:Good day]]` }] },
      ],
      temperature: 0.5,
    });
    expect(whole.choices).toEqual([
      {
        index: 0,
        message: { role: "assistant", content: "Good day", refusal: null },
        logprobs: null,
        finish_reason: "stop",
      },
    ]);
    expect(whole.usage?.total_tokens).toBe((whole.usage?.prompt_tokens ?? 0) + (whole.usage?.completion_tokens ?? 0));
    const [asked] = await askedOf(mark);
    expect(asked?.body.messages[0]).toEqual({ role: "system", content: "Answer in one word.\n\nBe brief." });
    expect(asked?.body.temperature).toBe(0.5);
    const stream = await openai.chat.completions.create({
      model: one.agent_id,
      messages: [{ role: "user", content: "Hello [[say:One two three]]" }],
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let usage: unknown;
    const ends: (string | null)[] = [];
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      if (chunk.choices[0] !== undefined) ends.push(chunk.choices[0].finish_reason);
      usage = chunk.usage ?? usage;
    }
    expect([text, ends.at(-1), usage]).toEqual([
      "One two three",
      "stop",
      expect.objectContaining({ total_tokens: expect.any(Number) }),
    ]);
  });

  it("understands every refusal", async () => {
    const openai = client(one);
    const messages = [{ role: "user" as const, content: "Hello" }];
    const ask = (more: object, of = openai) =>
      of.chat.completions.create({ model: one.agent_id, messages, ...more } as never);
    await expect(ask({}, client({ ...one, key: "sk-wrong" }))).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    await expect(ask({ model: "gpt-5" })).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(ask({ n: 2 })).rejects.toBeInstanceOf(OpenAI.UnprocessableEntityError);
    await expect(ask({ tools: [{ type: "function", function: { name: "x" } }] })).rejects.toMatchObject({
      status: 422,
      code: "validation_failed",
      param: "tools",
    });
    await expect(ask({ messages: [{ role: "assistant", content: "Hello" }] })).rejects.toMatchObject({
      param: "messages",
    });
    await expect(ask({ messages: [{ role: "user", content: "Hello [[fail:500]]" }] })).rejects.toBeInstanceOf(
      OpenAI.InternalServerError,
    );
  });
});
