import { beforeAll, describe, expect, it } from "vitest";
import { type Company, registerCompany } from "../../support/api.ts";
import { agentOf, chain, draftPipeline, ends } from "./graphs.ts";

const codes = (issues: readonly { code: string }[]) => issues.map(({ code }) => code).sort();

describe("activating a pipeline", () => {
  let company: Company;
  let a: string;
  let b: string;
  let c: string;
  beforeAll(async () => {
    company = await registerCompany();
    [a, b, c] = [await agentOf(company), await agentOf(company), await agentOf(company)];
  });

  const ready = async (agents: readonly string[] = [a, b]) => {
    const path = await draftPipeline(company);
    const saved = await company.call("PUT", `${path}/graph`, chain(agents));
    expect(saved.body.validation).toMatchObject({ valid: true, errors: [] });
    return path;
  };
  const gone = async (path: string) => expect((await company.call("DELETE", path)).status).toBe(204);

  it("pins the newest revision; later changes of the graph do not move it until it is activated again", async () => {
    const path = await ready();
    const active = await company.call("POST", `${path}/activate`, {});
    expect(active.status).toBe(200);
    expect(active.body).toMatchObject({ status: "active", revision: 2, active_revision: 2 });
    expect(active.body.activated_at).not.toBeNull();
    const changed = await company.call("PUT", `${path}/graph`, chain([b, a]));
    expect(changed.body).toMatchObject({ status: "active", revision: 3, active_revision: 2 });
    const again = await company.call("POST", `${path}/activate`, {});
    expect(again.body).toMatchObject({ active_revision: 3 });
    const back = await company.call("POST", `${path}/activate`, { revision: 2 });
    expect(back.body).toMatchObject({ revision: 3, active_revision: 2 });
    const same = await company.call("POST", `${path}/activate`, { revision: 2 });
    expect(same.headers.get("etag")).toBe(back.headers.get("etag"));
    expect((await company.call("POST", `${path}/activate`, { revision: 9 })).status).toBe(422);
    await gone(path);
  });

  it("is refused with every error and its nodes while the graph is not valid, and changes nothing", async () => {
    const path = await draftPipeline(company);
    const empty = await company.call("POST", `${path}/activate`, {});
    expect([empty.status, empty.body.code, codes(empty.body.issues)]).toEqual([409, "graph_invalid", ["graph_empty"]]);
    const graph = chain([a, b]);
    await company.call("PUT", `${path}/graph`, { ...graph, connections: graph.connections.slice(1) });
    const broken = await company.call("POST", `${path}/activate`, {});
    expect(broken.status).toBe(409);
    expect(broken.body.graph_errors.length).toBe(broken.body.issues.length);
    for (const { code, message, node_ids, connection_ids } of broken.body.graph_errors) {
      expect(code).toMatch(/^[a-z_]+$/);
      expect(message.length).toBeGreaterThan(10);
      expect(Array.isArray(node_ids) && Array.isArray(connection_ids)).toBe(true);
    }
    expect(broken.body.graph_errors.some(({ node_ids }: { node_ids: string[] }) => node_ids.includes("agent-1"))).toBe(
      true,
    );
    expect((await company.call("GET", path)).body).toMatchObject({ status: "draft", active_revision: null });
    await gone(path);
  });

  it("needs agents of this organization that are active, at a version that exists", async () => {
    const other = await registerCompany();
    const foreign = await agentOf(other);
    const draft = await agentOf(company, false);
    const archived = await agentOf(company, false);
    expect((await company.call("DELETE", `/agents/${archived}`)).status).toBe(204);
    const path = await draftPipeline(company);
    const graph = chain([foreign, draft, archived, a]);
    const late = {
      ...graph,
      nodes: graph.nodes.map((node) =>
        node.id === "agent-4" ? { ...node, config: { agent_id: a, version: 77 } } : node,
      ),
    };
    await company.call("PUT", `${path}/graph`, late);
    const refused = await company.call("POST", `${path}/activate`, {});
    expect(refused.status).toBe(409);
    const found = refused.body.graph_errors.map(({ code, node_ids }: { code: string; node_ids: string[] }) => [
      code,
      ...node_ids,
    ]);
    expect(found).toEqual([
      ["agent_not_found", "agent-1"],
      ["agent_draft", "agent-2"],
      ["agent_archived", "agent-3"],
      ["agent_version_not_found", "agent-4"],
    ]);
    await gone(path);
  });

  it("refuses a graph that reads what there can never be, told when it is saved", async () => {
    const path = await draftPipeline(company);
    const graph = chain([a, b]);
    const nodes = graph.nodes.map((node) =>
      node.id === "output-1" ? { ...node, config: { mapping: { answer: "input.answer", said: "input.text" } } } : node,
    );
    const saved = await company.call("PUT", `${path}/graph`, { ...graph, nodes });
    const wrong = { code: "path_never_there", node_ids: ["output-1"], connection_ids: [], path: "input.answer" };
    expect([saved.status, saved.body.validation]).toMatchObject([200, { valid: false, errors: [wrong] }]);
    const refused = await company.call("POST", `${path}/activate`, {});
    expect([refused.status, refused.body.graph_errors]).toMatchObject([409, [wrong]]);
    await gone(path);
  });

  it("an agent of an active pipeline cannot be archived, until the pipeline lets it go", async () => {
    const agent = await agentOf(company);
    const path = await ready([agent, a]);
    expect((await company.call("POST", `${path}/activate`, {})).status).toBe(200);
    const held = await company.call("DELETE", `/agents/${agent}`);
    expect([held.status, held.body.code]).toEqual([409, "conflict"]);
    const uses = await company.call("GET", `/agents/${agent}/uses`);
    expect(uses.body.items).toMatchObject([{ user_kind: "pipeline", user_id: path.split("/")[2] }]);
    await company.call("PUT", `${path}/graph`, chain([a, b]));
    expect((await company.call("DELETE", `/agents/${agent}`)).status).toBe(409);
    expect((await company.call("POST", `${path}/activate`, {})).status).toBe(200);
    expect((await company.call("DELETE", `/agents/${agent}`)).status).toBe(204);
    const second = await agentOf(company);
    await company.call("PUT", `${path}/graph`, chain([a, second]));
    expect((await company.call("POST", `${path}/activate`, {})).status).toBe(200);
    const draft = await company.call("POST", `${path}/deactivate`);
    expect(draft.body).toMatchObject({ status: "draft", active_revision: null, activated_at: null });
    expect((await company.call("POST", `${path}/deactivate`)).status).toBe(409);
    expect((await company.call("DELETE", `/agents/${second}`)).status).toBe(204);
    await gone(path);
  });

  it("archiving an active pipeline releases its agents", async () => {
    const agent = await agentOf(company);
    const path = await ready([agent, a]);
    await company.call("POST", `${path}/activate`, {});
    await gone(path);
    expect((await company.call("GET", path)).body).toMatchObject({ status: "archived", active_revision: null });
    expect((await company.call("DELETE", `/agents/${agent}`)).status).toBe(204);
  });

  it("activation against archiving an agent at the same time: one of them is refused, never neither", async () => {
    for (let round = 0; round < 4; round++) {
      const agent = await agentOf(company);
      const path = await ready([agent, a]);
      const [activated, archived] = await Promise.all([
        company.call("POST", `${path}/activate`, {}),
        company.call("DELETE", `/agents/${agent}`),
      ]);
      expect([activated.status, archived.status]).toEqual(activated.status === 200 ? [200, 409] : [409, 204]);
      const status = (await company.call("GET", `/agents/${agent}`)).body.status;
      expect(status).toBe(activated.status === 200 ? "active" : "archived");
      await gone(path);
      if (activated.status === 200) await company.call("DELETE", `/agents/${agent}`);
    }
  });

  it("parallel activations hold each agent once; afterwards all can be released", async () => {
    const agent = await agentOf(company);
    const path = await ready([agent, c]);
    const answers = await Promise.all(Array.from({ length: 6 }, () => company.call("POST", `${path}/activate`, {})));
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
    expect((await company.call("POST", `${path}/deactivate`)).status).toBe(200);
    expect((await company.call("DELETE", `/agents/${agent}`)).status).toBe(204);
    await gone(path);
  });

  it("an old If-Match is refused with 412", async () => {
    const path = await ready();
    const etag = (await company.call("GET", path)).headers.get("etag") ?? "";
    await company.call("PATCH", path, { description: "newer" });
    expect((await company.call("POST", `${path}/activate`, {}, { "if-match": etag })).status).toBe(412);
    expect((await company.call("GET", path)).body.status).toBe("draft");
    await gone(path);
  });

  it("the status filter of a workspace follows activation and archiving", async () => {
    const path = await draftPipeline(company, { workspace_ids: [company.workspace_id] });
    const id = path.split("/")[2];
    await company.call("PUT", `${path}/graph`, chain([a, b]));
    const listed = async (status: string) =>
      (await company.call("GET", `/pipelines?workspace_id=${company.workspace_id}&status=${status}`)).body.items.map(
        (item: { id: string }) => item.id,
      );
    expect(await listed("draft")).toEqual([id]);
    await company.call("POST", `${path}/activate`, {});
    expect([await listed("draft"), await listed("active")]).toEqual([[], [id]]);
    await gone(path);
    expect([await listed("active"), await listed("archived")]).toEqual([[], [id]]);
  });

  it("of a graph without agents the reason is the pattern, with nothing about nodes that are right", async () => {
    const path = await draftPipeline(company);
    await company.call("PUT", `${path}/graph`, {
      nodes: ends,
      connections: [{ id: "c", source: "input-1", target: "output-1" }],
    });
    const refused = await company.call("POST", `${path}/activate`, {});
    expect(codes(refused.body.issues)).toEqual(["pattern_agents_below_minimum"]);
    await gone(path);
  });
});
