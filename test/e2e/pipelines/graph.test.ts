import { beforeAll, describe, expect, it } from "vitest";
import { type Company, registerCompany } from "../../support/api.ts";
import { agentNode, draftPipeline, ends } from "./graphs.ts";

const foreignAgent = "agt_01JDQ4X0Z5V8W3N7K2M9R6T1BC";

const reader = {
  id: "agent-1",
  kind: "agent",
  label: "Reader",
  config: {
    agent_id: foreignAgent,
    version: 3,
    input_mapping: { text: "input.body" },
    system_prompt_override: "Read carefully.\n§ ünïcode",
    temperature: 0.3,
    timeout_ms: 60_000,
    retry: { max_attempts: 3, backoff_ms: 250 },
    on_failure: "fallback",
    fallback: { text: null },
  },
};

/** One node of every kind with every setting, connections with handles, labels and conditions. */
const full = {
  nodes: [
    reader,
    {
      id: "http-1",
      kind: "http",
      label: "Look up",
      config: {
        method: "POST",
        url: "https://api.example.com/claims/{{ input.id }}",
        query: { page: "1" },
        headers: { "X-Trace": "{{ run.input.trace }}" },
        body: { id: "input.id" },
        on_failure: "error_edge",
      },
    },
    {
      id: "input-1",
      kind: "input",
      label: "Request",
      config: { schema: { type: "object" }, on_failure: "fail_run" },
    },
    {
      id: "merge-1",
      kind: "merge",
      label: "Both",
      config: { strategy: "merge_json", separator: " | ", on_failure: "fail_run" },
    },
    {
      id: "output-1",
      kind: "output",
      label: "Answer",
      config: { mapping: { answer: "input" }, on_failure: "fail_run" },
    },
    {
      id: "router-1",
      kind: "router",
      label: "Which?",
      config: {
        strategy: "conditional",
        branches: [
          { handle: "billing", label: "Billing", condition: { path: "input.kind", op: "eq", value: "billing" } },
          {
            handle: "other",
            condition: {
              any: [
                { path: "input.kind", op: "contains", value: "x" },
                { not: { path: "input.n", op: "gt", value: 4 } },
              ],
            },
          },
        ],
        default: "rest",
        on_failure: "fail_run",
      },
    },
    {
      id: "transform-1",
      kind: "transform",
      label: "Shape",
      config: { expression: "input.a", on_failure: "fail_run" },
    },
  ],
  connections: [
    { id: "z", source: "input-1", target: "router-1" },
    {
      id: "a",
      source: "router-1",
      source_handle: "billing",
      target: "agent-1",
      target_handle: "input",
      label: "to billing",
      condition: { path: "input.amount", op: "between", value: [1, 100] },
    },
    { id: "m", source: "router-1", source_handle: "rest", target: "transform-1" },
    { id: "b", source: "transform-1", target: "merge-1" },
    { id: "c", source: "agent-1", target: "merge-1" },
    { id: "d", source: "merge-1", target: "output-1", label: "done" },
  ],
};

describe("a pipeline's graph", () => {
  let company: Company;
  beforeAll(async () => {
    company = await registerCompany();
  });

  it("save and reload keeps every setting of nodes and connections, and the order of connections", async () => {
    const path = await draftPipeline(company);
    const saved = await company.call("PUT", `${path}/graph`, full);
    expect(saved.status).toBe(200);
    expect(saved.body).toMatchObject({ revision: 2, node_count: 7, connection_count: 6, active_revision: null });
    const read = await company.call("GET", path);
    expect(read.body.graph).toEqual(full);
    expect((await company.call("GET", `${path}/revisions/2`)).body.graph).toEqual(full);
    expect((await company.call("GET", `${path}/nodes/agent-1`)).body).toEqual(full.nodes[0]);
    expect((await company.call("GET", `${path}/connections/a`)).body).toEqual(full.connections[1]);
    expect((await company.call("DELETE", path)).status).toBe(204);
  });

  it("saving says what is wrong with the graph, an unknown agent included, and saves the draft all the same", async () => {
    const path = await draftPipeline(company);
    const nodes = [...ends, agentNode("agent-1", foreignAgent)];
    const saved = await company.call("PUT", `${path}/graph`, { nodes, connections: [] });
    expect(saved.status).toBe(200);
    expect(saved.body.validation.valid).toBe(false);
    const codes = saved.body.validation.errors.map(({ code, node_ids }: { code: string; node_ids: string[] }) => [
      code,
      node_ids,
    ]);
    expect(codes).toContainEqual(["agent_not_found", ["agent-1"]]);
    const validated = await company.call("POST", `${path}/validate`, {});
    expect(validated.status).toBe(200);
    expect(validated.body).toEqual(saved.body.validation);
    const first = await company.call("POST", `${path}/validate`, { revision: 1 });
    expect(first.body.errors.map(({ code }: { code: string }) => code)).toEqual(["graph_empty"]);
    const none = await company.call("POST", `${path}/validate`, { revision: 99 });
    expect([none.status, none.body.code]).toEqual([422, "reference_not_found"]);
    await company.call("DELETE", path);
  });

  it("the same graph makes no new revision, whatever the order of its nodes", async () => {
    const path = await draftPipeline(company);
    const saved = await company.call("PUT", `${path}/graph`, full);
    const again = await company.call("PUT", `${path}/graph`, { ...full, nodes: full.nodes.toReversed() });
    expect(again.body).toMatchObject({ revision: saved.body.revision, graph_hash: saved.body.graph_hash });
    expect(again.headers.get("etag")).toBe(saved.headers.get("etag"));
    const stale = await company.call("PUT", `${path}/graph`, full, { "if-match": '"old"' });
    expect(stale.status).toBe(412);
    const revisions = await company.call("GET", `${path}/revisions`);
    expect(revisions.body.items.map(({ revision }: { revision: number }) => revision)).toEqual([2, 1]);
    await company.call("DELETE", path);
  });

  it("a stale expected_revision is 409 and a stale If-Match 412; the graph stays", async () => {
    const path = await draftPipeline(company);
    const before = await company.call("GET", path);
    const first = await company.call("PUT", `${path}/graph`, { nodes: ends, connections: [], expected_revision: 1 });
    expect(first.body.revision).toBe(2);
    const stale = await company.call("PUT", `${path}/graph`, { nodes: [], connections: [], expected_revision: 1 });
    expect([stale.status, stale.body.code, stale.body.revision]).toEqual([409, "conflict", 2]);
    const etag = before.headers.get("etag") ?? "";
    const lost = await company.call("PUT", `${path}/graph`, { nodes: [], connections: [] }, { "if-match": etag });
    expect([lost.status, lost.body.code]).toEqual([412, "precondition_failed"]);
    expect((await company.call("GET", path)).body.graph.nodes).toHaveLength(2);
    await company.call("DELETE", path);
  });

  it("of writers with the same expected revision exactly one wins, and its graph is the one that is read", async () => {
    const path = await draftPipeline(company);
    const graphs = Array.from({ length: 8 }, (_, i) => ({
      nodes: ends.map((node) => ({ ...node, label: `Writer ${i}` })),
      connections: [],
      expected_revision: 1,
    }));
    const answers = await Promise.all(graphs.map((graph) => company.call("PUT", `${path}/graph`, graph)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(409)]);
    const winner = answers.findIndex(({ status }) => status === 200);
    const read = await company.call("GET", path);
    expect(read.body.revision).toBe(2);
    expect(read.body.graph.nodes[0].label).toBe(`Writer ${winner}`);
    expect((await company.call("GET", `${path}/revisions`)).body.items).toHaveLength(2);
    await company.call("DELETE", path);
  });

  it("nodes added at the same time are all kept, each as a revision of its own", async () => {
    const path = await draftPipeline(company);
    const ids = Array.from({ length: 6 }, (_, i) => `agent-${i}`);
    const answers = await Promise.all(
      ids.map((id) => company.call("POST", `${path}/nodes`, agentNode(id, foreignAgent))),
    );
    expect(answers.map(({ status }) => status)).toEqual(ids.map(() => 201));
    expect(new Set(answers.map(({ body }) => body.revision)).size).toBe(6);
    const read = await company.call("GET", path);
    expect(read.body.graph.nodes.map(({ id }: { id: string }) => id)).toEqual(ids);
    expect(read.body.revision).toBe(7);
    await company.call("DELETE", path);
  });

  it("ids belong to their graph: two pipelines use the same ones", async () => {
    const [one, two] = await Promise.all([draftPipeline(company), draftPipeline(company)]);
    expect((await company.call("PUT", `${one}/graph`, full)).status).toBe(200);
    expect((await company.call("PUT", `${two}/graph`, full)).status).toBe(200);
    expect((await company.call("DELETE", `${one}/nodes/agent-1`)).status).toBe(204);
    expect((await company.call("GET", two)).body.graph).toEqual(full);
    await Promise.all([company.call("DELETE", one), company.call("DELETE", two)]);
  });

  it("removing a node removes its connections in the same revision", async () => {
    const path = await draftPipeline(company);
    await company.call("PUT", `${path}/graph`, full);
    expect((await company.call("DELETE", `${path}/nodes/router-1`)).status).toBe(204);
    const read = await company.call("GET", path);
    expect(read.body.revision).toBe(3);
    expect(read.body.graph.connections.map(({ id }: { id: string }) => id)).toEqual(["b", "c", "d"]);
    expect((await company.call("DELETE", `${path}/nodes/router-1`)).status).toBe(404);
    await company.call("DELETE", path);
  });

  it("a node is changed by its fields; null removes one, and what does not fit its kind is 422 with its place", async () => {
    const path = await draftPipeline(company);
    await company.call("PUT", `${path}/graph`, full);
    const changed = await company.call("PATCH", `${path}/nodes/agent-1`, {
      label: "Second reader",
      config: { temperature: 1, version: null, retry: null },
    });
    expect(changed.status).toBe(200);
    const { version, retry, ...kept } = reader.config;
    expect(changed.body.node).toEqual({
      id: "agent-1",
      kind: "agent",
      label: "Second reader",
      config: { ...kept, temperature: 1 },
    });
    expect(changed.body.revision).toBe(3);
    const wrong = await company.call("PATCH", `${path}/nodes/agent-1`, { config: { temperature: 5, url: "x" } });
    expect(wrong.status).toBe(422);
    expect(wrong.body.issues.map((issue: { path: string }) => issue.path).sort()).toEqual([
      "config.temperature",
      "config.url",
    ]);
    expect((await company.call("PATCH", `${path}/nodes/nobody`, { label: "x" })).status).toBe(404);
    expect((await company.call("PATCH", `${path}/nodes/agent-1`, { id: "other" })).status).toBe(422);
    expect((await company.call("GET", path)).body.revision).toBe(3);
    await company.call("DELETE", path);
  });

  it("connections are added, changed and removed; both ends must be nodes of the graph", async () => {
    const path = await draftPipeline(company);
    await company.call("PUT", `${path}/graph`, { nodes: full.nodes, connections: [] });
    const added = await company.call("POST", `${path}/connections`, full.connections[1]);
    expect(added.status).toBe(201);
    expect(added.headers.get("location")).toBe(`/api/v1${path}/connections/a`);
    expect(added.body.connection).toEqual(full.connections[1]);
    expect((await company.call("POST", `${path}/connections`, full.connections[1])).body.code).toBe("already_exists");
    const changed = await company.call("PATCH", `${path}/connections/a`, {
      condition: null,
      source_handle: "other",
      label: "new",
    });
    expect(changed.body.connection).toEqual({
      id: "a",
      source: "router-1",
      source_handle: "other",
      target: "agent-1",
      target_handle: "input",
      label: "new",
    });
    const dangling = await company.call("PATCH", `${path}/connections/a`, { target: "nobody" });
    expect([dangling.status, dangling.body.issues[0].path]).toEqual([422, "target"]);
    const loop = await company.call("PATCH", `${path}/connections/a`, { target: "router-1" });
    expect(loop.status).toBe(422);
    expect((await company.call("DELETE", `${path}/connections/a`)).status).toBe(204);
    expect((await company.call("GET", `${path}/connections/a`)).status).toBe(404);
    expect((await company.call("PATCH", `${path}/connections/a`, { label: "x" })).status).toBe(404);
    await company.call("DELETE", path);
  });

  it("lists of nodes and connections are of one revision, page by page", async () => {
    const path = await draftPipeline(company);
    await company.call("PUT", `${path}/graph`, full);
    const first = await company.call("GET", `${path}/nodes?limit=4`);
    await company.call("DELETE", `${path}/nodes/router-1`);
    const second = await company.call("GET", `${path}/nodes?limit=4&cursor=${first.body.next_cursor}`);
    expect([...first.body.items, ...second.body.items]).toEqual(full.nodes);
    expect(second.body.next_cursor).toBeNull();
    const wrong = await company.call("GET", `${path}/connections?limit=4&cursor=${first.body.next_cursor}`);
    expect(wrong.body.code).toBe("invalid_cursor");
    const connections = await company.call("GET", `${path}/connections`);
    expect(connections.body.items.map(({ id }: { id: string }) => id)).toEqual(["b", "c", "d"]);
    await company.call("DELETE", path);
  });

  it("a connector that is not there is said at its node; the draft is kept, and not activated", async () => {
    const path = await draftPipeline(company);
    const connector_id = "con_01JDQ4X0Z5V8W3N7K2M9R6T1BC";
    const graph = {
      nodes: [...ends, { id: "ask", kind: "connector", label: "Ask", config: { connector_id } }],
      connections: [
        { id: "a", source: ends[0]?.id, target: "ask" },
        { id: "b", source: "ask", target: ends[1]?.id },
      ],
    };
    const saved = await company.call("PUT", `${path}/graph`, graph);
    expect(saved.status, saved.text).toBe(200);
    const said = saved.body.validation.errors.map(({ code, node_ids }: Record<string, unknown>) => [code, node_ids]);
    expect(said).toContainEqual(["connector_not_found", ["ask"]]);
    const refused = await company.call("POST", `${path}/activate`, {});
    expect([refused.status, refused.body.code]).toEqual([409, "graph_invalid"]);
    const exported = await company.call("GET", `${path}/export`);
    expect(exported.body.left_out).toEqual([expect.stringMatching(/nodes\.ask\.config\.connector_id$/)]);
    const [pipeline] = exported.body.pipelines;
    const node = pipeline.graph.nodes.find(({ id }: { id: string }) => id === "ask");
    node.config.connector_id = { $connector: "CRM" };
    const document = { kaizen_version: 1, pipelines: [{ ...pipeline, name: `${pipeline.name} again` }] };
    const foreign = await company.call("POST", "/imports", { document });
    expect([foreign.status, foreign.body.issues[0].message]).toEqual([
      422,
      'names connector "CRM", which neither the document nor the organization has',
    ]);
    await company.call("DELETE", path);
  });

  it("what is no graph is 422 with the place of every issue, and nothing is saved", async () => {
    const path = await draftPipeline(company);
    const bad = {
      nodes: [
        { id: "a b", kind: "agent", label: "", config: {} },
        { id: "s", kind: "prompt", label: "S", config: {} },
        { id: "x", kind: "http", label: "X", config: { url: "http://user:pw@host/" } },
      ],
      connections: [{ id: "c", source: "a", target: "b", color: "red" }],
    };
    const answer = await company.call("PUT", `${path}/graph`, bad);
    expect(answer.status).toBe(422);
    const paths = answer.body.issues.map((issue: { path: string }) => issue.path);
    for (const place of ["nodes.0.id", "nodes.0.label", "nodes.1.kind", "nodes.2.config.url", "connections.0.color"])
      expect(paths).toContain(place);
    const twice = await company.call("PUT", `${path}/graph`, { nodes: [ends[0], ends[0]], connections: [] });
    expect([twice.status, twice.body.issues[0].path]).toEqual([422, "nodes"]);
    for (const part of [{}, { nodes: [] }, { connections: [] }]) {
      expect((await company.call("PUT", `${path}/graph`, part)).status).toBe(422);
    }
    expect((await company.call("GET", path)).body.revision).toBe(1);
    await company.call("DELETE", path);
  });

  it("a copy is a draft of its own with the same graph, and changes of one do not reach the other", async () => {
    const path = await draftPipeline(company, { tags: ["t"], description: "D", workspace_ids: [company.workspace_id] });
    await company.call("PUT", `${path}/graph`, full);
    const source = (await company.call("GET", path)).body;
    const copy = await company.call("POST", `${path}/duplicate`, {});
    expect(copy.status).toBe(201);
    expect(copy.headers.get("location")).toBe(`/api/v1/pipelines/${copy.body.id}`);
    expect(copy.body).toMatchObject({
      name: `${source.name} (copy)`,
      status: "draft",
      revision: 1,
      tags: ["t"],
      description: "D",
      workspace_ids: [company.workspace_id],
      graph_hash: source.graph_hash,
    });
    await company.call("DELETE", `/pipelines/${copy.body.id}/nodes/agent-1`);
    expect((await company.call("GET", path)).body.graph).toEqual(full);
    const named = await company.call("POST", `${path}/duplicate`, { name: "Second" });
    expect(named.body.name).toBe("Second");
    for (const id of [copy.body.id, named.body.id]) await company.call("DELETE", `/pipelines/${id}`);
    await company.call("DELETE", path);
  });
});
