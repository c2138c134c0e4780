import { beforeAll, describe, expect, it } from "vitest";
import { type Company, registerCompany, unique } from "../../support/api.ts";
import { draftPipeline } from "./graphs.ts";

const SECRET = `Bearer ${unique("token")}`;

const node = (config: object, id = "http-1") => ({
  id,
  kind: "http",
  label: "Call",
  config: { method: "GET", url: "https://api.example.com/a", on_failure: "fail_run", ...config },
});
const graph = (...nodes: object[]) => ({ nodes, connections: [] });

describe("secret headers of http nodes", () => {
  let company: Company;
  let path: string;
  const read = async () => (await company.call("GET", path)).body;
  const shown = async (header = "Authorization", index = 0): Promise<string> =>
    (await read()).graph.nodes[index].config.secret_headers[header];

  beforeAll(async () => {
    company = await registerCompany();
    path = await draftPipeline(company);
    const saved = await company.call(
      "PUT",
      `${path}/graph`,
      graph(node({ secret_headers: { Authorization: SECRET, "X-Key": "k" } })),
    );
    expect(saved.status).toBe(200);
  });

  it("no answer shows a value; the names stay", async () => {
    for (const place of ["", "/nodes", "/nodes/http-1", "/revisions/2", "/revisions"]) {
      const answer = await company.call("GET", `${path}${place}`);
      expect(answer.status).toBe(200);
      expect(answer.text).not.toContain(SECRET);
    }
    const stored = (await read()).graph.nodes[0].config.secret_headers;
    expect(Object.keys(stored).sort()).toEqual(["Authorization", "X-Key"]);
    for (const value of Object.values(stored)) expect(value).toMatch(/^\{stored:[0-9a-f]{32}\}$/);
  });

  it("what was read can be sent back: the values stay and nothing changes", async () => {
    const before = await read();
    const saved = await company.call("PUT", `${path}/graph`, before.graph);
    expect(saved.body).toMatchObject({ revision: before.revision, graph_hash: before.graph_hash });
  });

  it("sending the same values again is no change either; another value is", async () => {
    const before = await read();
    const same = await company.call(
      "PUT",
      `${path}/graph`,
      graph(node({ secret_headers: { Authorization: SECRET, "X-Key": "k" } })),
    );
    expect(same.body.revision).toBe(before.revision);
    const changed = unique("changed");
    const other = await company.call("PATCH", `${path}/nodes/http-1`, {
      config: { secret_headers: { Authorization: await shown(), "X-Key": changed } },
    });
    expect(other.status).toBe(200);
    expect(other.text).not.toContain(changed);
    expect(other.body.revision).toBe(before.revision + 1);
    expect(await shown("X-Key")).not.toBe(before.graph.nodes[0].config.secret_headers["X-Key"]);
    expect(await shown()).toBe(before.graph.nodes[0].config.secret_headers.Authorization);
  });

  it("an edit of other fields keeps the values, a new path on the same host included", async () => {
    const reference = await shown();
    const edited = await company.call("PATCH", `${path}/nodes/http-1`, {
      label: "Call b",
      config: { url: "https://API.example.com/b" },
    });
    expect(edited.status).toBe(200);
    expect(edited.body.node.config.secret_headers.Authorization).toBe(reference);
  });

  it("a stored value does not follow to another host: it has to be sent again", async () => {
    const moved = await company.call("PATCH", `${path}/nodes/http-1`, {
      config: { url: "https://evil.example.net/b" },
    });
    expect(moved.status).toBe(422);
    expect(moved.body.issues.map((issue: { path: string }) => issue.path)).toContain(
      "config.secret_headers.Authorization",
    );
    const copied = await company.call(
      "POST",
      `${path}/nodes`,
      node({ url: "https://evil.example.net", secret_headers: { Authorization: await shown() } }, "http-2"),
    );
    expect(copied.status).toBe(422);
    const given = await company.call("PATCH", `${path}/nodes/http-1`, {
      config: { url: "https://other.example.org/b", secret_headers: { Authorization: SECRET } },
    });
    expect(given.status).toBe(200);
  });

  it("a reference of another pipeline is refused", async () => {
    const other = await draftPipeline(company);
    const answer = await company.call(
      "PUT",
      `${other}/graph`,
      graph(node({ url: "https://other.example.org", secret_headers: { Authorization: await shown() } })),
    );
    expect(answer.status).toBe(422);
    expect((await company.call("GET", other)).body.revision).toBe(1);
  });

  it("one save brings at most 100 different values", async () => {
    const many = (count: number) =>
      graph(
        ...Array.from({ length: 3 }, (_, n) =>
          node(
            {
              secret_headers: Object.fromEntries(
                Array.from({ length: count / 3 }, (_, i) => [`X-${i}`, `value ${n} ${i}`]),
              ),
            },
            `http-${n}`,
          ),
        ),
      );
    const draft = await draftPipeline(company);
    const refused = await company.call("PUT", `${draft}/graph`, many(102));
    expect([refused.status, refused.body.issues[0].path]).toEqual([422, "nodes"]);
    expect((await company.call("PUT", `${draft}/graph`, many(99))).status).toBe(200);
  });
});
