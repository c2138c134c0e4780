import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { type ApiAnswer, type Company, call, registerCompany } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";

let company: Company;
let other: Company;
let pipeline_id: string;
let text: string;

const MODEL = "amazon-bedrock/claude-haiku-4-5";

async function made(path: string, body: object): Promise<string> {
  const answer = await company.call("POST", path, body);
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body.id;
}

beforeAll(async () => {
  [company, other] = [await registerCompany(), await registerCompany()];
  const writer = await made("/agents", {
    name: "Writer",
    agent_type: "task",
    model_id: MODEL,
    system_prompt: "Write one paragraph.\nNo: lists.\n",
    tags: ["text"],
    capabilities: [{ id: "write.brief", name: "Briefs", description: "Short texts.", tags: ["text"] }],
    metadata: { team: "news" },
    response_schema: { type: "object", properties: { text: { type: "string" } } },
  });
  const judge = await made("/agents", { name: "Judge", agent_type: "task", model_id: MODEL });
  await made(`/agents/${writer}/contexts`, { name: "Style", content_type: "text", content: "Be brief: “always”." });
  await made(`/agents/${writer}/contexts`, { name: "Facts", content_type: "text", content: "x".repeat(20_000) });
  await made(`/agents/${writer}/tools`, {
    tool_type: "api",
    name: "lookup",
    description: "Looks up a word.",
    config: {
      endpoint: "https://words.example.com/{word}",
      method: "GET",
      secret_headers: { Authorization: "Bearer very-secret" },
      parameters: { type: "object", properties: { word: { type: "string" } }, required: ["word"] },
    },
  });
  pipeline_id = await made("/pipelines", {
    name: "News",
    pattern: "sequential",
    tags: ["daily"],
    max_concurrent_runs: 3,
  });
  const node = (id: string, kind: string, config: object = {}) => ({ id, kind, label: `The ${id}`, config });
  const graph = {
    nodes: [
      node("in", "input"),
      node("write", "agent", { agent_id: writer }),
      node("send", "http", {
        method: "POST",
        url: "https://hooks.example.com/x",
        secret_headers: { "X-Key": "quite-secret" },
        // Looks like a reference, and is somebody's data.
        on_failure: "fallback",
        fallback: { $agent: "Nobody" },
      }),
      node("join", "synthesizer", { strategy: "summarize", agent_id: judge }),
      node("lead", "supervisor", {
        agent_id: judge,
        selection: "capability",
        workers: [
          { name: "writer", agent_id: writer },
          { agent_id: judge, description: "Judges." },
        ],
      }),
      node("look", "tool", { agent_id: writer, tool: "lookup", input_mapping: { word: "input.text" } }),
      node("out", "output"),
    ],
    connections: ["in", "write", "send", "join", "lead", "look"].map((source, i, all) => ({
      id: `c${i}`,
      source,
      target: all[i + 1] ?? "out",
    })),
  };
  const saved = await company.call("PUT", `/pipelines/${pipeline_id}/graph`, graph);
  if (saved.status !== 200) throw new Error(saved.text);
  await company.call("PUT", `/pipelines/${pipeline_id}/layout`, { positions: { in: { x: 1, y: 2 } } });
  text = (await company.call("GET", `/pipelines/${pipeline_id}/export?format=yaml`)).text;
});

const actions = ({ body }: ApiAnswer) =>
  Object.fromEntries(body.items.map(({ type, name, action }: Record<string, string>) => [`${type} ${name}`, action]));

describe("a document of agents and pipelines", () => {
  it("holds everything by name, nothing that is secret or one organization's, and is the same each time", async () => {
    const answer = await company.call("GET", `/pipelines/${pipeline_id}/export`);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.headers.get("content-disposition")).toContain("attachment");
    expect(answer.text).not.toMatch(/secret"|very-secret|quite-secret|(agt|pip|org|usr|ctx)_[0-9A-Z]{26}|stored:/);
    expect(answer.body.agents.map(({ name }: { name: string }) => name)).toEqual(["Judge", "Writer"]);
    expect(
      answer.body.pipelines[0].graph.nodes.find(({ id }: { id: string }) => id === "write").config.agent_id,
    ).toEqual({
      $agent: "Writer",
    });
    expect(answer.body.to_supply).toEqual([
      "agents.Writer.tools.lookup.config.secret_headers.Authorization",
      "pipelines.News.graph.nodes.send.config.secret_headers.X-Key",
    ]);
    expect((await company.call("GET", `/pipelines/${pipeline_id}/export`)).text).toBe(answer.text);
    // That it has left stands in the trail, by the file's own digest.
    const trail = await company.call("GET", "/audit/logs?action=document.exported&limit=1");
    const { resource, changes } = trail.body.items[0];
    expect(resource).toEqual({ type: "document", id: createHash("sha256").update(answer.text).digest("hex") });
    const pipelines = changes.find(({ field }: { readonly field: string }) => field === "pipelines");
    expect(pipelines.new).toContain(pipeline_id);
    expect(text).toContain("kaizen_version: 1");
  });

  it("comes into another organization at once, and leaves it as it came", async () => {
    const dry = await other.call("POST", "/imports", { document: text, dry_run: true });
    expect(dry.status, dry.text).toBe(200);
    expect(actions(dry)).toEqual({ "agent Judge": "create", "agent Writer": "create", "pipeline News": "create" });
    expect(dry.body.items.map(({ id }: { id: unknown }) => id)).toEqual([null, null, null]);
    expect(dry.body.to_supply).toHaveLength(2);
    expect((await other.call("GET", "/agents")).body.items).toEqual([]);

    const came = await other.call("POST", "/imports", { document: text });
    expect(came.status, came.text).toBe(200);
    const { id } = came.body.items.find(({ type }: { type: string }) => type === "pipeline");
    const again = await other.call("GET", `/pipelines/${id}/export?format=yaml`);
    expect(again.text).toBe(text);

    const same = await other.call("POST", "/imports", { document: text });
    expect(actions(same)).toEqual({
      "agent Judge": "unchanged",
      "agent Writer": "unchanged",
      "pipeline News": "unchanged",
    });
    expect(same.body.to_supply).toEqual([]);

    // A document from before says nothing of the limit, which stays.
    const older = text.replace(/^ *max_concurrent_runs: 3\n/m, "");
    expect(older.length).toBeLessThan(text.length);
    const before = await other.call("POST", "/imports", { document: older, on_conflict: "update" });
    expect(actions(before)["pipeline News"]).toBe("unchanged");
    expect((await other.call("GET", `/pipelines/${id}`)).body.max_concurrent_runs).toBe(3);
  });

  it("that differs from what is there is refused, comes under other names, or changes what is there", async () => {
    const changed = text
      .replace("Write one paragraph.", "Write two paragraphs.")
      .replace("label: The out", "label: The end");
    const refused = await other.call("POST", "/imports", { document: changed });
    expect([refused.status, refused.body.code]).toEqual([409, "already_exists"]);

    const dry = await other.call("POST", "/imports", { document: changed, dry_run: true, on_conflict: "update" });
    expect(actions(dry)).toEqual({ "agent Judge": "unchanged", "agent Writer": "update", "pipeline News": "update" });
    const [, writer, news] = dry.body.items;
    expect(writer.changes).toEqual([
      {
        path: "system_prompt",
        old: "Write one paragraph.\nNo: lists.\n",
        new: "Write two paragraphs.\nNo: lists.\n",
      },
    ]);
    expect(news.changes).toEqual([{ path: "graph.nodes.out.label", old: "The out", new: "The end" }]);

    const done = await other.call("POST", "/imports", { document: changed, on_conflict: "update" });
    expect(done.status, done.text).toBe(200);
    expect(done.body.to_supply).toEqual([]);
    const pipeline = await other.call("GET", `/pipelines/${news.id}/export?format=yaml`);
    expect(pipeline.text).toBe(changed);

    const renamed = await other.call("POST", "/imports", { document: text, on_conflict: "rename" });
    expect(renamed.status, renamed.text).toBe(200);
    expect(Object.keys(actions(renamed))).toEqual(["agent Judge (2)", "agent Writer (2)", "pipeline News (2)"]);
  });

  it("is refused as a whole with the place of every fault, and where the plan or the caller's role has no room for it", async () => {
    const agent = { name: "A", agent_type: "task", model_id: MODEL };
    const graph = {
      nodes: [{ id: "n", kind: "agent", label: "N", config: { agent_id: { $agent: "Gone" } } }],
      connections: [],
    };
    const wrong = await other.call("POST", "/imports", {
      document: { kaizen_version: 1, agents: [agent, { ...agent, extra: 1 }], pipelines: [] },
    });
    expect([wrong.status, wrong.body.issues[0].path]).toEqual([422, "document.agents.1.extra"]);
    const dangling = await other.call("POST", "/imports", {
      document: { kaizen_version: 1, agents: [agent], pipelines: [{ name: "P", pattern: "sequential", graph }] },
    });
    expect([dangling.status, dangling.body.issues[0].path]).toEqual([
      422,
      "document.pipelines.0.graph.nodes.0.config.agent_id",
    ]);
    const bomb = "kaizen_version: 1\nagents: &a [{name: x}]\npipelines: *a\n";
    expect((await other.call("POST", "/imports", { document: bomb })).status).toBe(422);

    const many = Array.from({ length: 11 }, (_, i) => ({ ...agent, name: `Agent ${i}` }));
    const over = await other.call("POST", "/imports", { document: { kaizen_version: 1, agents: many } });
    expect([over.status, over.body.code, over.body.resource]).toEqual([402, "quota_exceeded", "agents"]);
    const names = (await other.call("GET", "/agents?limit=100")).body.items.map(({ name }: { name: string }) => name);
    expect(names.sort()).toEqual(["Judge", "Judge (2)", "Writer", "Writer (2)"]);

    const viewer = await addMember(other, "viewer");
    const forbidden = await call("POST", "/imports", { token: viewer.token, body: { document: text } });
    expect(forbidden.status).toBe(403);
  });
});
