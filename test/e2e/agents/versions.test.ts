import { beforeAll, describe, expect, it } from "vitest";
import { createAgent, fill, scriptedModel } from "../../support/agents.ts";
import { type Company, registerCompany } from "../../support/api.ts";
import { eventTypesOf } from "../../support/traces.ts";

let company: Company;
beforeAll(async () => {
  company = await registerCompany();
});

const tool = (name: string, more: Record<string, unknown> = {}) => ({
  name,
  description: "Adds.",
  tool_type: "api",
  config: {
    endpoint: "https://api.example.com/add",
    method: "POST",
    parameters: { type: "object" },
    secret_headers: { authorization: "Bearer kept-in-versions" },
  },
  ...more,
});
const context = (name: string, content: string) => ({ name, content_type: "text", content });

/** An agent with a context and a tool, and its first version. */
async function versioned(own: Company) {
  const agent = await createAgent(own, { system_prompt: "first", tags: ["one"] });
  const path = `/agents/${agent.id}`;
  const fact = await own.call("POST", `${path}/contexts`, context("fact", "Cats purr."));
  const added = await own.call("POST", `${path}/tools`, tool("add"));
  const version = await own.call("POST", `${path}/versions`, { changelog: "first" });
  expect(version.status).toBe(201);
  expect(version.headers.get("location")).toBe(`/api/v1${path}/versions/1`);
  return { agent, path, context_id: fact.body.id, tool_id: added.body.id };
}

describe("version numbers", () => {
  it("of versions made at once are consecutive ones, listed newest first, page by page", async () => {
    const agent = await createAgent(company);
    const path = `/agents/${agent.id}/versions`;
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) => company.call("POST", path, { changelog: `${i}` })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 201));
    const numbers = answers.map(({ body }) => body.number).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    const first = await company.call("GET", `${path}?limit=7`);
    const second = await company.call("GET", `${path}?limit=7&cursor=${first.body.next_cursor}`);
    const listed = [...first.body.items, ...second.body.items].map(({ number }: { number: number }) => number);
    expect(listed).toEqual(numbers.toReversed());
    expect((await company.call("GET", `/agents/${agent.id}`)).body.latest_version).toBe(12);
    await company.call("DELETE", `/agents/${agent.id}`);
  });
});

describe("a version", () => {
  it("holds definition, contexts and tools as they were, whatever changes afterwards", async () => {
    const { path, context_id, tool_id } = await versioned(company);
    const before = await company.call("GET", `${path}/versions/1`);
    expect(before.body).toMatchObject({
      number: 1,
      changelog: "first",
      rolled_back_to: null,
      definition: { system_prompt: "first", tags: ["one"] },
      contexts: [{ id: context_id, name: "fact", content_bytes: 10 }],
      tools: [{ id: tool_id, name: "add", config: { secret_headers: ["authorization"] } }],
    });
    await company.call("PATCH", path, { system_prompt: "second" });
    await company.call("DELETE", `${path}/contexts/${context_id}`);
    await company.call("DELETE", `${path}/tools/${tool_id}`);
    expect((await company.call("GET", `${path}/versions/1`)).body).toEqual(before.body);
    expect((await company.call("GET", `${path}/versions/2`)).status).toBe(404);
    expect((await company.call("GET", `${path}/versions/zero`)).status).toBe(404);
    await company.call("DELETE", path);
  });

  it("of an active agent becomes the active one; edits alone do not", async () => {
    const { path } = await versioned(company);
    expect((await company.call("POST", `${path}/activate`)).body.active_version).toBe(1);
    await company.call("PATCH", path, { system_prompt: "second" });
    expect((await company.call("GET", path)).body).toMatchObject({ active_version: 1, has_unversioned_changes: true });
    await company.call("POST", `${path}/versions`);
    expect((await company.call("GET", path)).body).toMatchObject({ active_version: 2, has_unversioned_changes: false });
    await company.call("DELETE", path);
  });

  it("is compared with another one, or with the working copy, field by field", async () => {
    const { path, context_id, tool_id } = await versioned(company);
    const card = { id: "add", name: "Sums", description: "", tags: [] };
    await company.call("PATCH", path, { system_prompt: "second", temperature: 0.1, capabilities: [card] });
    await company.call("PATCH", `${path}/contexts/${context_id}`, { content: "Dogs bark loudly." });
    await company.call("DELETE", `${path}/tools/${tool_id}`);
    await company.call("POST", `${path}/tools`, tool("other"));
    await company.call("POST", `${path}/versions`);
    const diff = await company.call("GET", `${path}/versions/2/diff`);
    expect(diff.body).toMatchObject({ from: 1, to: 2 });
    expect(diff.body.definition).toEqual([
      { field: "system_prompt", old: "first", new: "second" },
      { field: "temperature", old: 0.7, new: 0.1 },
      { field: "capabilities", old: [], new: [card] },
    ]);
    expect(diff.body.contexts).toEqual([
      { id: context_id, name: "fact", change: "changed", fields: [{ field: "content", old: 10, new: 17 }] },
    ]);
    expect(diff.body.tools.map(({ name, change }: Record<string, string>) => [name, change])).toEqual([
      ["add", "removed"],
      ["other", "added"],
    ]);
    const back = await company.call("GET", `${path}/versions/1/diff?against=2`);
    expect(back.body.definition[0]).toEqual({ field: "system_prompt", old: "second", new: "first" });
    const working = await company.call("GET", `${path}/versions/2/diff?against=working_copy`);
    expect(working.body).toMatchObject({ from: "working_copy", definition: [], contexts: [], tools: [] });
    expect((await company.call("GET", `${path}/versions/1/diff`)).body.from).toBe(null);
    expect((await company.call("GET", `${path}/versions/2/diff?against=9`)).status).toBe(404);
    expect((await company.call("GET", `${path}/versions/2/diff?against=x`)).status).toBe(422);
    await company.call("DELETE", path);
  });
});

describe("a rollback", () => {
  it("restores everything, as a new version, and tells of it", async () => {
    const fresh = await registerCompany();
    const { agent, path, context_id, tool_id } = await versioned(fresh);
    await fresh.call("POST", `${path}/activate`);
    await fresh.call("PATCH", path, { name: `${agent.name} II`, system_prompt: "second", tags: [] });
    await fresh.call("DELETE", `${path}/contexts/${context_id}`);
    await fresh.call("POST", `${path}/contexts`, context("newer", "Birds sing."));
    await fresh.call("DELETE", `${path}/tools/${tool_id}`);
    await fresh.call("POST", `${path}/tools`, tool("newer"));
    await fresh.call("POST", `${path}/versions`);
    const rolled = await fresh.call("POST", `${path}/versions/1/rollback`);
    expect(rolled.status).toBe(200);
    expect(rolled.body).toMatchObject({
      name: agent.name,
      system_prompt: "first",
      tags: ["one"],
      status: "active",
      latest_version: 3,
      active_version: 3,
      has_unversioned_changes: false,
      contexts: [{ id: context_id, name: "fact" }],
      tools: [{ id: tool_id, name: "add", config: { secret_headers: ["authorization"] } }],
    });
    expect((await fresh.call("GET", path)).body).toEqual(rolled.body);
    expect((await fresh.call("GET", `${path}/contexts/${context_id}`)).body.content).toBe("Cats purr.");
    expect((await fresh.call("GET", `${path}/versions/3`)).body).toMatchObject({ rolled_back_to: 1 });
    const same = await fresh.call("GET", `${path}/versions/3/diff?against=1`);
    expect(same.body).toMatchObject({ definition: [], contexts: [], tools: [] });
    expect(await eventTypesOf(fresh)).toEqual(expect.arrayContaining(["agent.rolled_back", "agent.version_created"]));
    // The name is free again, the counters are right: as many fit in as before.
    expect(
      (await fresh.call("POST", "/agents", { name: `${agent.name} II`, agent_type: "chat", model_id: agent.model_id }))
        .status,
    ).toBe(201);
  });

  it("to a version that is not there, or of an archived agent, changes nothing", async () => {
    const { path } = await versioned(company);
    expect((await company.call("POST", `${path}/versions/7/rollback`)).status).toBe(404);
    await company.call("DELETE", path);
    const refused = await company.call("POST", `${path}/versions/1/rollback`);
    expect([refused.status, refused.body.state]).toEqual([409, "archived"]);
  });

  it("to a name or a model that is gone is refused, and nothing of it happens", async () => {
    const fresh = await registerCompany();
    const { agent, path } = await versioned(fresh);
    await fresh.call("PATCH", path, { name: `${agent.name} renamed`, model_id: await scriptedModel(fresh) });
    await fresh.call("POST", `${path}/versions`);
    await createAgent(fresh, { name: agent.name });
    const taken = await fresh.call("POST", `${path}/versions/1/rollback`);
    expect([taken.status, taken.body.code]).toEqual([409, "already_exists"]);
    await fresh.call("PATCH", path, { model_id: agent.model_id });
    await fresh.call("DELETE", "/models/providers/scripted");
    const unknown = await fresh.call("POST", `${path}/versions/2/rollback`);
    expect([unknown.status, unknown.body.code]).toEqual([422, "unknown_model"]);
    expect((await fresh.call("GET", path)).body).toMatchObject({ latest_version: 2, name: `${agent.name} renamed` });
  });

  it("of a full agent to a full version fits into one transaction", async () => {
    const fresh = await registerCompany();
    const agent = await createAgent(fresh, { workspace_ids: [fresh.workspace_id] });
    const path = `/agents/${agent.id}`;
    const fillWith = async (prefix: string) => [
      ...(await fill(20, (i) => fresh.call("POST", `${path}/contexts`, context(`${prefix}${i}`, "x".repeat(5_000))))),
      ...(await fill(20, (i) => fresh.call("POST", `${path}/tools`, tool(`${prefix}${i}`)))),
    ];
    expect((await fillWith("a")).every(({ status }) => status === 201)).toBe(true);
    await fresh.call("POST", `${path}/versions`);
    const full = (await fresh.call("GET", path)).body;
    const removed = [
      ...full.contexts.map(({ id }: { id: string }) => `${path}/contexts/${id}`),
      ...full.tools.map(({ id }: { id: string }) => `${path}/tools/${id}`),
    ];
    await fill(removed.length, (i) => fresh.call("DELETE", removed[i]));
    expect((await fillWith("b")).every(({ status }) => status === 201)).toBe(true);
    await fresh.call("PATCH", path, { name: `${agent.name} b` });
    const rolled = await fresh.call("POST", `${path}/versions/1/rollback`, undefined, { "idempotency-key": "once" });
    expect(rolled.status).toBe(200);
    expect(rolled.body.contexts.map(({ name }: { name: string }) => name).sort()).toEqual(
      full.contexts.map(({ name }: { name: string }) => name).sort(),
    );
    expect(rolled.body.tools).toHaveLength(20);
    expect((await fresh.call("GET", path)).body).toEqual(rolled.body);
  });
});
