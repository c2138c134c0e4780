import { describe, expect, it } from "vitest";
import { registerCompany, unique } from "../../support/api.ts";

const pipeline = (more: object = {}) => ({ name: unique("Pipeline"), pattern: "sequential", ...more });

describe("pipelines' settings", () => {
  it("a new pipeline is a draft with an empty graph, and reading it gives back every setting", async () => {
    const company = await registerCompany();
    const body = {
      name: "Claims",
      description: "Reads claims, decides.",
      pattern: "router",
      tags: ["claims", "eu"],
      workspace_ids: [company.workspace_id],
    };
    const created = await company.call("POST", "/pipelines", body);
    expect(created.status).toBe(201);
    expect(created.headers.get("location")).toBe(`/api/v1/pipelines/${created.body.id}`);
    expect(created.headers.get("etag")).toMatch(/^".+"$/);
    const read = await company.call("GET", `/pipelines/${created.body.id}`);
    expect(read.status).toBe(200);
    expect(read.body).toMatchObject({
      ...body,
      organization_id: company.organization_id,
      status: "draft",
      revision: 1,
      active_revision: null,
      created_by: company.user_id,
      graph: { nodes: [], connections: [] },
      graph_url: null,
    });
    expect(read.headers.get("etag")).toBe(created.headers.get("etag"));
  });

  it("all nine patterns are accepted, and none,, supervisor-worker is an alias, anything else is 422", async () => {
    const company = await registerCompany();
    const patterns = await company.call("GET", "/pipelines/patterns");
    expect(patterns.status).toBe(200);
    const names = patterns.body.items.map((item: { name: string }) => item.name);
    expect(names).toEqual([
      "sequential",
      "parallel",
      "router",
      "supervisor",
      "ensemble",
      "blackboard",
      "consensus",
      "debate",
      "handoff",
      "custom",
    ]);
    const first = await company.call("POST", "/pipelines", pipeline());
    for (const name of names) {
      const changed = await company.call("PATCH", `/pipelines/${first.body.id}`, { pattern: name });
      expect(changed.status).toBe(200);
      expect(changed.body.pattern).toBe(name);
    }
    const alias = await company.call("POST", "/pipelines", pipeline({ pattern: "supervisor-worker" }));
    expect(alias.body.pattern).toBe("supervisor");
    const wrong = await company.call("POST", "/pipelines", pipeline({ pattern: "hierarchical" }));
    expect(wrong.status).toBe(422);
    expect(wrong.body.issues[0].path).toBe("pattern");
  });

  it("a change merges, answers a new entity tag, and refuses an old one with 412", async () => {
    const company = await registerCompany();
    const created = await company.call("POST", "/pipelines", pipeline({ description: "before", tags: ["a"] }));
    const path = `/pipelines/${created.body.id}`;
    const old = { "if-match": created.headers.get("etag") ?? "" };
    const changed = await company.call("PATCH", path, { description: "after" }, old);
    expect(changed.status).toBe(200);
    expect(changed.body).toMatchObject({ description: "after", tags: ["a"], name: created.body.name });
    expect(changed.headers.get("etag")).not.toBe(created.headers.get("etag"));
    const same = await company.call("PATCH", path, { description: "after", tags: ["a"] });
    expect(same.headers.get("etag")).toBe(changed.headers.get("etag"));
    const lost = await company.call("PATCH", path, { description: "later" }, old);
    expect(lost.status).toBe(412);
    expect((await company.call("GET", path)).body.description).toBe("after");
    expect((await company.call("PATCH", path, {})).status).toBe(422);
    expect((await company.call("PATCH", path, { status: "active" })).status).toBe(422);
  });

  it("changes of different fields at the same time are all kept", async () => {
    const company = await registerCompany();
    const { body } = await company.call("POST", "/pipelines", pipeline());
    const changes = [{ name: "Renamed" }, { description: "Described" }, { tags: ["tagged"] }, { pattern: "debate" }];
    const answers = await Promise.all(changes.map((change) => company.call("PATCH", `/pipelines/${body.id}`, change)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const read = await company.call("GET", `/pipelines/${body.id}`);
    expect(read.body).toMatchObject({ name: "Renamed", description: "Described", tags: ["tagged"], pattern: "debate" });
  });

  it("lists are newest first, narrowed by status and workspace, without archived ones unless asked for", async () => {
    const company = await registerCompany();
    const ids: string[] = [];
    for (const workspace_ids of [[], [company.workspace_id], [company.workspace_id]]) {
      ids.push((await company.call("POST", "/pipelines", pipeline({ workspace_ids }))).body.id);
    }
    const [a, b, c] = ids;
    expect((await company.call("DELETE", `/pipelines/${b}`)).status).toBe(204);
    const listed = async (query: string) =>
      (await company.call("GET", `/pipelines?${query}`)).body.items.map((item: { id: string }) => item.id);
    expect(await listed("")).toEqual([c, a]);
    expect(await listed("status=draft")).toEqual([c, a]);
    expect(await listed("status=archived")).toEqual([b]);
    expect(await listed(`workspace_id=${company.workspace_id}`)).toEqual([c]);
    expect(await listed(`workspace_id=${company.workspace_id}&status=archived`)).toEqual([b]);
    const first = await company.call("GET", "/pipelines?limit=1");
    expect(first.body.items.map((item: { id: string }) => item.id)).toEqual([c]);
    const second = await company.call("GET", `/pipelines?limit=1&cursor=${first.body.next_cursor}`);
    expect(second.body.items.map((item: { id: string }) => item.id)).toEqual([a]);
    const foreign = await company.call("GET", `/pipelines?status=draft&cursor=${first.body.next_cursor}`);
    expect(foreign.status).toBe(422);
    expect(foreign.body.code).toBe("invalid_cursor");
    await company.call("PATCH", `/pipelines/${c}`, { workspace_ids: [] });
    expect(await listed(`workspace_id=${company.workspace_id}`)).toEqual([]);
  });

  it("a workspace of another organization is a bad reference, and nothing is created", async () => {
    const [company, other] = await Promise.all([registerCompany(), registerCompany()]);
    const answer = await company.call("POST", "/pipelines", pipeline({ workspace_ids: [other.workspace_id] }));
    expect(answer.status).toBe(422);
    expect(answer.body.code).toBe("reference_not_found");
    expect((await company.call("GET", "/pipelines")).body.items).toEqual([]);
  });

  it("the plan's limit holds under parallel requests, and an archived pipeline gives its place back", async () => {
    const company = await registerCompany();
    const answers = await Promise.all(Array.from({ length: 8 }, () => company.call("POST", "/pipelines", pipeline())));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 201, 201, 402, 402, 402]);
    const refused = answers.find(({ status }) => status === 402);
    expect(refused?.body).toMatchObject({ code: "quota_exceeded", limit: 5, usage: 5 });
    const made = answers.filter(({ status }) => status === 201).map(({ body }) => body.id);
    expect((await company.call("DELETE", `/pipelines/${made[0]}`)).status).toBe(204);
    expect((await company.call("POST", "/pipelines", pipeline())).status).toBe(201);
    expect((await company.call("POST", `/pipelines/${made[0]}/restore`)).status).toBe(402);
    expect((await company.call("POST", `/pipelines/${made[1]}/duplicate`)).status).toBe(402);
    expect((await company.call("DELETE", `/pipelines/${made[1]}`)).status).toBe(204);
    const restored = await company.call("POST", `/pipelines/${made[0]}/restore`);
    expect(restored.status).toBe(200);
    expect(restored.body).toMatchObject({ id: made[0], status: "draft", archived_at: null });
  });

  it("an archived pipeline can be read, but neither changed nor archived again; only an archived one is restored", async () => {
    const company = await registerCompany();
    const { body } = await company.call("POST", "/pipelines", pipeline());
    const path = `/pipelines/${body.id}`;
    expect((await company.call("POST", `${path}/restore`)).status).toBe(409);
    expect((await company.call("DELETE", path)).status).toBe(204);
    const read = await company.call("GET", path);
    expect(read.body).toMatchObject({ status: "archived" });
    expect(read.body.archived_at).not.toBeNull();
    const graph = { nodes: [], connections: [] };
    for (const [method, suffix, sent] of [
      ["PATCH", "", { name: "New" }],
      ["DELETE", "", undefined],
      ["PUT", "/graph", graph],
      ["POST", "/graph/uploads", { bytes: 100 }],
      ["POST", "/activate", {}],
      ["POST", "/deactivate", undefined],
      ["POST", "/duplicate", {}],
    ] as const) {
      const answer = await company.call(method, `${path}${suffix}`, sent);
      expect([method, suffix, answer.status, answer.body?.state]).toEqual([method, suffix, 409, "archived"]);
    }
  });

  it("the same creation with the same idempotency key makes one pipeline", async () => {
    const company = await registerCompany();
    const body = pipeline();
    const key = { "idempotency-key": unique("key") };
    const answers = await Promise.all(Array.from({ length: 4 }, () => company.call("POST", "/pipelines", body, key)));
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
    expect((await company.call("GET", "/pipelines")).body.items).toHaveLength(1);
  });

  it("another organization's pipeline is 404 on every route, with the body of an unknown one", async () => {
    const [company, other] = await Promise.all([registerCompany(), registerCompany()]);
    const { body } = await other.call("POST", "/pipelines", pipeline());
    const routes = [
      ["GET", ""],
      ["PATCH", "", { name: "Mine" }],
      ["DELETE", ""],
      ["POST", "/restore"],
      ["POST", "/duplicate"],
      ["POST", "/validate"],
      ["POST", "/activate"],
      ["POST", "/deactivate"],
      ["GET", "/revisions"],
      ["GET", "/revisions/1"],
      ["PUT", "/graph", { nodes: [], connections: [] }],
      ["POST", "/graph/uploads", { bytes: 100 }],
      ["GET", "/nodes"],
      ["GET", "/connections"],
      ["GET", "/nodes/a"],
      ["PATCH", "/nodes/a", { label: "Mine" }],
      ["DELETE", "/nodes/a"],
      ["DELETE", "/connections/a"],
    ] as const;
    for (const [method, suffix, sent] of routes) {
      const foreign = await company.call(method, `/pipelines/${body.id}${suffix}`, sent);
      const unknown = await company.call(method, `/pipelines/pip_01JDQ4X0Z5V8W3N7K2M9R6T1BC${suffix}`, sent);
      const plain = ({ request_id, ...rest }: { request_id: string }) => rest;
      expect([method, suffix, foreign.status]).toEqual([method, suffix, 404]);
      expect(plain(foreign.body)).toEqual(plain(unknown.body));
    }
  });
});
