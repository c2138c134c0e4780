import { beforeAll, describe, expect, it } from "vitest";
import { agentBody, createAgent, fill } from "../../support/agents.ts";
import { type Company, registerCompany, unique } from "../../support/api.ts";
import { eventTypesOf, keptAnswers } from "../../support/traces.ts";

let company: Company;
let other: Company;
const NOBODY = "agt_00000000000000000000000000";
beforeAll(async () => {
  [company, other] = await Promise.all([registerCompany(), registerCompany()]);
});

describe("an agent", () => {
  it("with a guardrail is served by Amazon Bedrock whole, or refused with every model that is not", async () => {
    const guardrail = { id: "gr8zq1p4x0c2", version: "3" };
    const model_id = "amazon-bedrock/claude-haiku-4-5";
    const refused = await company.call(
      "POST",
      "/agents",
      agentBody({ guardrail, model_id, fallback_model_ids: ["openai/gpt-4o"] }),
    );
    expect(refused).toMatchObject({
      status: 422,
      body: { code: "validation_failed", issues: [{ path: "fallback_model_ids.0" }] },
    });
    const { body } = await company.call("POST", "/agents", agentBody({ guardrail, model_id, cache_prompt: true }));
    expect(body).toMatchObject({ guardrail, cache_prompt: true });
    const moved = await company.call("PATCH", `/agents/${body.id}`, { model_id: "openai/gpt-4o" });
    expect(moved).toMatchObject({ status: 422, body: { issues: [{ path: "model_id" }] } });
    const bare = await company.call("PATCH", `/agents/${body.id}`, { model_id: "openai/gpt-4o", guardrail: null });
    expect(bare).toMatchObject({ status: 200, body: { guardrail: null, model_id: "openai/gpt-4o" } });
  });

  it("is created as a draft with what was given and sensible defaults, and read back the same", async () => {
    const fresh = await registerCompany();
    const body = agentBody({ workspace_ids: [fresh.workspace_id], tags: ["a"], metadata: { team: "x" } });
    const created = await fresh.call("POST", "/agents", body);
    expect(created.status).toBe(201);
    expect(created.headers.get("location")).toBe(`/api/v1/agents/${created.body.id}`);
    expect(created.body).toMatchObject({
      ...body,
      status: "draft",
      temperature: 0.7,
      max_tokens: 0,
      response_schema: null,
      cache_prompt: false,
      guardrail: null,
      capabilities: [],
      description: "",
      active_version: null,
      latest_version: 0,
      has_unversioned_changes: true,
      contexts: [],
      tools: [],
      created_by: fresh.user_id,
    });
    const read = await fresh.call("GET", `/agents/${created.body.id}`);
    expect(read.body).toEqual(created.body);
    expect(read.headers.get("etag")).toBe(created.headers.get("etag"));
    expect(read.headers.get("etag")).toMatch(/^".+"$/);
    expect(await eventTypesOf(fresh)).toContain("agent.created");
  });

  it("keeps a prompt of 100,000 characters of any kind, and the answer can be replayed", async () => {
    const fresh = await registerCompany();
    for (const letter of ["語", '"', "\n"]) {
      const system_prompt = letter.repeat(100_000);
      const headers = { "idempotency-key": unique("key") };
      const body = agentBody({ system_prompt });
      const first = await fresh.call("POST", "/agents", body, headers);
      expect(first.status).toBe(201);
      const again = await fresh.call("POST", "/agents", body, headers);
      expect(again.headers.get("idempotent-replayed")).toBe("true");
      expect(again.body).toEqual(first.body);
      const read = await fresh.call("GET", `/agents/${first.body.id}`);
      expect(read.body.system_prompt).toBe(system_prompt);
    }
    const kept = await keptAnswers(fresh, "agents.create");
    expect(kept).toHaveLength(3);
    for (const text of kept) expect(Buffer.byteLength(text)).toBeLessThan(400_000);
  });

  it("takes a patch as a merge: what is not named stays, what is empty is emptied", async () => {
    const capabilities = [{ id: "count.cats", name: "Cats", description: "", tags: ["counting"] }];
    const agent = await createAgent(company, { description: "old", tags: ["a", "b"], capabilities });
    const patched = await company.call("PATCH", `/agents/${agent.id}`, { system_prompt: "", temperature: 0 });
    expect(patched.status).toBe(200);
    expect(patched.body).toMatchObject({
      name: agent.name,
      description: "old",
      capabilities,
      tags: ["a", "b"],
      system_prompt: "",
      temperature: 0,
    });
    const read = await company.call("GET", `/agents/${agent.id}`);
    expect(read.body).toEqual(patched.body);
    const same = await company.call("PATCH", `/agents/${agent.id}`, { temperature: 0 });
    expect(same.headers.get("etag")).toBe(patched.headers.get("etag"));
    await company.call("DELETE", `/agents/${agent.id}`);
  });

  it("loses no change when many come at once, and tells who asked not to lose a race", async () => {
    const agent = await createAgent(company);
    const fields = [
      { description: "d" },
      { temperature: 0.1 },
      { max_tokens: 77 },
      { tags: ["t"] },
      { metadata: { k: "v" } },
    ];
    const answers = await Promise.all(fields.map((body) => company.call("PATCH", `/agents/${agent.id}`, body)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const read = await company.call("GET", `/agents/${agent.id}`);
    expect(read.body).toMatchObject(Object.assign({}, ...fields));
    const etag = read.headers.get("etag") ?? "";
    const racing = await Promise.all(
      Array.from({ length: 5 }, (_, i) =>
        company.call("PATCH", `/agents/${agent.id}`, { description: `race ${i}` }, { "if-match": etag }),
      ),
    );
    expect(racing.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412, 412]);
    await company.call("DELETE", `/agents/${agent.id}`);
  });

  it("of another organization does not exist, for any operation", async () => {
    const agent = await createAgent(company);
    const requests: [string, string, unknown?][] = [
      ["GET", ""],
      ["PATCH", "", { name: "stolen" }],
      ["DELETE", ""],
      ["POST", "/activate"],
      ["POST", "/archive"],
      ["POST", "/duplicate"],
      ["POST", "/execute", { message: "hi" }],
      ["GET", "/execute/status"],
      ["GET", "/uses"],
      ["GET", "/versions"],
      ["POST", "/versions"],
      ["GET", "/contexts"],
      ["POST", "/contexts", { name: "c", content_type: "text", content: "x" }],
      ["GET", "/tools"],
    ];
    for (const [method, path, body] of requests) {
      const foreign = await other.call(method, `/agents/${agent.id}${path}`, body);
      const unknown = await other.call(method, `/agents/${NOBODY}${path}`, body);
      expect([path, foreign.status]).toEqual([path, 404]);
      expect({ ...foreign.body, request_id: "" }).toEqual({ ...unknown.body, request_id: "" });
    }
    expect((await company.call("GET", `/agents/${agent.id}`)).body).toEqual(agent);
    await company.call("DELETE", `/agents/${agent.id}`);
  });
});

describe("what is wrong with an agent is named", () => {
  it.each([
    [{ model_id: "openai/gpt-99" }, "unknown_model", "model_id"],
    [{ model_id: "scripted/none" }, "unknown_model", "model_id"],
    [{ workspace_ids: ["wsp_00000000000000000000000000"] }, "reference_not_found", "workspace_ids.0"],
    [{ system_prompt: "x".repeat(100_001) }, "validation_failed", "system_prompt"],
    [{ temperature: 2.1 }, "validation_failed", "temperature"],
    [{ max_tokens: -1 }, "validation_failed", "max_tokens"],
    [{ agent_type: "robot" }, "validation_failed", "agent_type"],
    [{ status: "active" }, "validation_failed", "status"],
    [{ response_schema: { type: "nothing" } }, "validation_failed", "response_schema.type"],
    [{ name: "" }, "validation_failed", "name"],
    [{ capabilities: [{ id: "Not one", name: "N" }] }, "validation_failed", "capabilities.0.id"],
    [{ capabilities: [1, 2].map((n) => ({ id: "same", name: `${n}` })) }, "validation_failed", "capabilities"],
    [
      { capabilities: Array.from({ length: 21 }, (_, n) => ({ id: `c${n}`, name: "C" })) },
      "validation_failed",
      "capabilities",
    ],
  ])("%j: %s at %s", async (more, code, path) => {
    const answer = await company.call("POST", "/agents", agentBody(more));
    expect(answer.status).toBe(422);
    expect(answer.body.code).toBe(code);
    expect(answer.body.issues.map((issue: { path: string }) => issue.path)).toContain(path);
  });

  it("a workspace of another organization is no workspace", async () => {
    const answer = await company.call("POST", "/agents", agentBody({ workspace_ids: [other.workspace_id] }));
    expect(answer.status).toBe(422);
    expect(answer.body.code).toBe("reference_not_found");
  });

  it("also when it is changed", async () => {
    const agent = await createAgent(company);
    const answer = await company.call("PATCH", `/agents/${agent.id}`, { model_id: "openai/gpt-99" });
    expect([answer.status, answer.body.code]).toEqual([422, "unknown_model"]);
    expect((await company.call("PATCH", `/agents/${agent.id}`, {})).status).toBe(422);
    expect((await company.call("PATCH", `/agents/${agent.id}`, { agent_type: "task" })).status).toBe(422);
    await company.call("DELETE", `/agents/${agent.id}`);
  });
});

describe("an agent's name", () => {
  it("is unique whatever the case of its letters, also among many at once", async () => {
    const name = unique("Helper");
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        company.call("POST", "/agents", agentBody({ name: i % 2 === 0 ? name : name.toUpperCase() })),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
    const winner = answers.find(({ status }) => status === 201)?.body;
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe("already_exists");
    const second = await createAgent(company);
    expect((await company.call("PATCH", `/agents/${second.id}`, { name })).status).toBe(409);
    const recased = await company.call("PATCH", `/agents/${winner.id}`, { name: name.toLowerCase() });
    expect(recased.body.name).toBe(name.toLowerCase());
    for (const { id } of [winner, second]) await company.call("DELETE", `/agents/${id}`);
  });

  it("becomes free when the agent is archived, and a restore has to find it free", async () => {
    const agent = await createAgent(company);
    await company.call("POST", `/agents/${agent.id}/archive`);
    const successor = await createAgent(company, { name: agent.name });
    const refused = await company.call("POST", `/agents/${agent.id}/restore`);
    expect([refused.status, refused.body.code]).toEqual([409, "already_exists"]);
    await company.call("PATCH", `/agents/${successor.id}`, { name: unique("Other") });
    expect((await company.call("POST", `/agents/${agent.id}/restore`)).status).toBe(200);
    for (const { id } of [agent, successor]) await company.call("DELETE", `/agents/${id}`);
  });
});

describe("the plan's number of agents", () => {
  it("is never passed, also not by many at once; archiving gives a place back", async () => {
    const fresh = await registerCompany();
    await fill(7, () => createAgent(fresh));
    const answers = await Promise.all(Array.from({ length: 6 }, () => fresh.call("POST", "/agents", agentBody())));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 402, 402, 402]);
    const refused = answers.filter(({ status }) => status === 402);
    expect(refused[0]?.body).toMatchObject({ code: "quota_exceeded", limit: 10, usage: 10 });
    const listed = await fresh.call("GET", "/agents");
    expect(listed.body.items).toHaveLength(10);
    const archived = listed.body.items[0].id;
    expect((await fresh.call("POST", `/agents/${archived}/archive`)).status).toBe(200);
    expect((await fresh.call("POST", "/agents", agentBody())).status).toBe(201);
    expect((await fresh.call("POST", `/agents/${archived}/restore`)).status).toBe(402);
    expect((await fresh.call("POST", `/agents/${listed.body.items[1].id}/duplicate`)).status).toBe(402);
  });
});

describe("lists", () => {
  it("narrow by workspace, status and type in every combination, page by page, newest first", async () => {
    const fresh = await registerCompany();
    const made: { id: string }[] = [];
    for (const [agent_type, placed] of [
      ["chat", true],
      ["task", true],
      ["chat", false],
      ["task", false],
      ["chat", true],
    ] as const) {
      made.push(await createAgent(fresh, { agent_type, workspace_ids: placed ? [fresh.workspace_id] : [] }));
    }
    await fresh.call("POST", `/agents/${made[0]?.id}/activate`);
    await fresh.call("POST", `/agents/${made[1]?.id}/archive`);
    const ids = async (query: string): Promise<string[]> => {
      const found: string[] = [];
      let cursor = "";
      do {
        const page = await fresh.call("GET", `/agents?limit=2${query}${cursor}`);
        expect(page.status).toBe(200);
        found.push(...page.body.items.map(({ id }: { id: string }) => id));
        cursor = page.body.next_cursor === null ? "" : `&cursor=${page.body.next_cursor}`;
      } while (cursor !== "");
      return found.map((id) => String(made.findIndex((agent) => agent.id === id)));
    };
    const at = `&workspace_id=${fresh.workspace_id}`;
    expect(await ids("")).toEqual(["4", "3", "2", "1", "0"]);
    expect(await ids("&status=draft")).toEqual(["4", "3", "2"]);
    expect(await ids("&agent_type=task")).toEqual(["3", "1"]);
    expect(await ids("&agent_type=chat&status=draft")).toEqual(["4", "2"]);
    expect(await ids(at)).toEqual(["4", "1", "0"]);
    expect(await ids(`${at}&status=archived`)).toEqual(["1"]);
    expect(await ids(`${at}&status=active`)).toEqual(["0"]);
    expect(await ids(`${at}&agent_type=chat`)).toEqual(["4", "0"]);
    expect(await ids(`${at}&agent_type=chat&status=draft`)).toEqual(["4"]);
    await fresh.call("PATCH", `/agents/${made[4]?.id}`, { workspace_ids: [] });
    await fresh.call("PATCH", `/agents/${made[2]?.id}`, { workspace_ids: [fresh.workspace_id] });
    expect(await ids(at)).toEqual(["2", "1", "0"]);
    expect(await ids(`&workspace_id=${other.workspace_id}`)).toEqual([]);
    expect((await fresh.call("GET", "/agents?status=gone")).status).toBe(422);
  });
});

describe("duplicating", () => {
  it("copies definition, contexts and tools into a draft of its own, with a name that is free", async () => {
    const fresh = await registerCompany();
    const agent = await createAgent(fresh, { workspace_ids: [fresh.workspace_id], description: "d" });
    await fresh.call("POST", `/agents/${agent.id}/contexts`, { name: "c", content_type: "text", content: "fact" });
    await fresh.call("POST", `/agents/${agent.id}/tools`, {
      name: "ask",
      description: "asks",
      tool_type: "api",
      config: {
        endpoint: "https://api.example.com/ask",
        method: "GET",
        parameters: { type: "object" },
        secret_headers: { authorization: "Bearer very-secret-value" },
      },
    });
    const first = await fresh.call("POST", `/agents/${agent.id}/duplicate`);
    expect(first.status).toBe(201);
    expect(first.headers.get("location")).toBe(`/api/v1/agents/${first.body.id}`);
    expect(first.body).toMatchObject({
      name: `${agent.name} (copy)`,
      status: "draft",
      description: "d",
      latest_version: 0,
    });
    expect(first.body.workspace_ids).toEqual([fresh.workspace_id]);
    expect(first.body.contexts.map(({ name }: { name: string }) => name)).toEqual(["c"]);
    expect(first.body.tools[0].config.secret_headers).toEqual(["authorization"]);
    expect(first.text).not.toContain("very-secret-value");
    const [second, third] = await Promise.all([
      fresh.call("POST", `/agents/${agent.id}/duplicate`),
      fresh.call("POST", `/agents/${agent.id}/duplicate`),
    ]);
    expect([second.body.name, third.body.name].sort()).toEqual([`${agent.name} (copy 2)`, `${agent.name} (copy 3)`]);
    const named = await fresh.call("POST", `/agents/${agent.id}/duplicate`, { name: agent.name });
    expect([named.status, named.body.code]).toEqual([409, "already_exists"]);
    await fresh.call("DELETE", `/agents/${first.body.id}/contexts/${first.body.contexts[0].id}`);
    expect((await fresh.call("GET", `/agents/${agent.id}`)).body.contexts).toHaveLength(1);
  });
});
