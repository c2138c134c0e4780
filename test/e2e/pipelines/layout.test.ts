import { beforeEach, describe, expect, it } from "vitest";
import { type Company, registerCompany, unique } from "../../support/api.ts";
import { eventTypesOf } from "../../support/traces.ts";

let company: Company;
// Each test has a company of its own: the smallest plan has few pipelines.
beforeEach(async () => {
  company = await registerCompany();
});

const pipeline = async (): Promise<string> => {
  const created = await company.call("POST", "/pipelines", { name: unique("Pipeline"), pattern: "sequential" });
  return `/pipelines/${created.body.id}`;
};
const at = (x: number, y = 0) => ({ x, y });

describe("the layout of a pipeline", () => {
  it("is read, replaced and moved apart from the graph: no revision, no event, no audit entry", async () => {
    const path = await pipeline();
    const before = (await company.call("GET", path)).body;
    const events = await eventTypesOf(company);
    const entries = (await company.call("GET", "/audit/logs?limit=100")).body.items.length;

    const empty = await company.call("GET", `${path}/layout`);
    expect(empty.body).toEqual({ pipeline_id: before.id, positions: {} });
    const placed = await company.call("PUT", `${path}/layout`, {
      positions: { a: at(1), b: at(2) },
    });
    expect(placed.status, placed.text).toBe(200);
    const moves = { a: at(-1.5, 9), b: null, c: at(4) };
    const moved = await company.call("PATCH", `${path}/layout`, { positions: moves });
    expect(moved.body.positions).toEqual({ a: at(-1.5, 9), c: at(4) });
    const read = await company.call("GET", `${path}/layout`);
    expect(read.body).toEqual(moved.body);
    expect(read.headers.get("etag")).toBe(moved.headers.get("etag"));

    const after = await company.call("GET", path);
    expect(after.body).toEqual(before);
    expect(await eventTypesOf(company)).toEqual(events);
    expect((await company.call("GET", "/audit/logs?limit=100")).body.items).toHaveLength(entries);
  });

  it("says which name is no id of a node, and why", async () => {
    const path = await pipeline();
    const refused = await company.call("PATCH", `${path}/layout`, {
      positions: { "node 1": at(1), constructor: at(2) },
    });
    expect(refused.status).toBe(422);
    expect(refused.body.issues).toEqual([
      { path: "positions.node 1", message: 'must be 1 to 64 letters, digits, "_" or "-"', code: "invalid_key" },
      { path: "positions.constructor", message: "is a reserved name", code: "invalid_key" },
    ]);
  });

  it("loses no move to another, and a race only for who asked to", async () => {
    const path = await pipeline();
    const names = ["a", "b", "c", "d"];
    const moves = names.map((name, i) => company.call("PATCH", `${path}/layout`, { positions: { [name]: at(i) } }));
    expect((await Promise.all(moves)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const { headers, body } = await company.call("GET", `${path}/layout`);
    expect(Object.keys(body.positions).sort()).toEqual(names);

    const match = { "if-match": headers.get("etag") ?? "" };
    const replace = (x: number) => company.call("PUT", `${path}/layout`, { positions: { a: at(x) } }, match);
    expect((await Promise.all([replace(1), replace(2)])).map(({ status }) => status).sort()).toEqual([200, 412]);
  });

  it("of a pipeline that nobody has drawn has an entity tag too", async () => {
    const path = await pipeline();
    const match = { "if-match": (await company.call("GET", `${path}/layout`)).headers.get("etag") ?? "" };
    const place = (x: number) => company.call("PUT", `${path}/layout`, { positions: { a: at(x) } }, match);
    expect((await Promise.all([place(1), place(2)])).map(({ status }) => status).sort()).toEqual([200, 412]);
  });

  it("goes with a copy, and is not changed once the pipeline is archived", async () => {
    const path = await pipeline();
    await company.call("PUT", `${path}/layout`, { positions: { a: at(7) } });
    const copy = await company.call("POST", `${path}/duplicate`, {});
    expect((await company.call("GET", `/pipelines/${copy.body.id}/layout`)).body.positions).toEqual({ a: at(7) });
    await company.call("DELETE", path);
    const refused = await company.call("PATCH", `${path}/layout`, { positions: { a: at(8) } });
    expect([refused.status, refused.body.state]).toEqual([409, "archived"]);
    expect((await company.call("GET", `${path}/layout`)).body.positions).toEqual({ a: at(7) });
  });

  it("has at most 350,000 bytes, with which ten thousand nodes fit", async () => {
    const path = await pipeline();
    const many = (id: (i: number) => string) =>
      Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [id(i), at(i % 100, i)]));
    const fits = await company.call("PUT", `${path}/layout`, { positions: many((i) => `node-${i}`) });
    expect(fits.status, fits.text).toBe(200);
    const long = await company.call("PUT", `${path}/layout`, { positions: many((i) => `${"x".repeat(40)}-${i}`) });
    expect([long.status, long.body.code]).toEqual([413, "payload_too_large"]);
    expect((await company.call("GET", `${path}/layout`)).body.positions).toEqual(fits.body.positions);
  });
});
