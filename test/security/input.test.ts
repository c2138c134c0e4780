import { beforeAll, describe, expect, it } from "vitest";
import type { OperationShape } from "../../shared/http/operation.ts";
import { type Company, call } from "../support/api.ts";
import { roomyCompany } from "../support/plans.ts";
import { bodyOf, nowhere, World } from "./fixtures.ts";
import { guarded, operations, parametersOf, pathOf, request, rows } from "./operations.ts";

let company: Company;
let world: World;
beforeAll(async () => {
  company = await roomyCompany();
  world = new World(company);
});

const withBody = guarded.filter(({ request: { body } }) => body !== undefined);
const lists = guarded.filter(({ request: { query } }) => query !== undefined && "cursor" in query.shape);
const paths = (issues: readonly { path: string }[]) => issues.map(({ path }) => path);

describe.concurrent("a body", () => {
  it.each(rows(withBody))("of %s with an unknown field is refused and the field named", async (_, operation) => {
    const body = { ...(bodyOf(operation) as object), zz_unknown: 1 };
    const answer = await request(operation, nowhere(operation), { token: company.token, body });
    expect([answer.status, answer.body.code]).toEqual([422, "validation_failed"]);
    expect(paths(answer.body.issues)).toEqual(["zz_unknown"]);
  });

  it.each(rows(withBody))("of %s with a field named __proto__ is refused", async (_, operation) => {
    const raw = JSON.stringify(bodyOf(operation)).replace(/^\{/, '{"__proto__":{"x":1},').replace(/,\}$/, "}");
    const answer = await request(operation, nowhere(operation), { token: company.token, raw });
    expect([answer.status, answer.body.issues?.[0].path]).toEqual([422, "__proto__"]);
  });

  it.each(rows(withBody))("of %s over 1 MB is refused with 413", async (_, operation) => {
    const raw = JSON.stringify({ text: "x".repeat(1_000_000) });
    const answer = await request(operation, nowhere(operation), { token: company.token, raw });
    expect([answer.status, answer.body.code]).toEqual([413, "payload_too_large"]);
  });

  it.each(rows(withBody))("of %s that is nested deeper than 32 levels is refused", async (_, operation) => {
    const raw = `{"x":${"[".repeat(32)}${"]".repeat(32)}}`;
    const answer = await request(operation, nowhere(operation), { token: company.token, raw });
    expect([answer.status, answer.body.issues?.[0].path]).toEqual([422, "body"]);
  });

  it.each(rows(withBody))("of %s in another content type is refused with 415", async (_, operation) => {
    const answer = await request(operation, nowhere(operation), {
      token: company.token,
      raw: "a=1",
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    expect([answer.status, answer.body.code]).toEqual([415, "unsupported_media_type"]);
  });

  it.each(rows(withBody))("of %s that is not JSON is refused with 400", async (_, operation) => {
    const answer = await request(operation, nowhere(operation), { token: company.token, raw: '{"a":' });
    expect([answer.status, answer.body.code]).toEqual([400, "malformed_json"]);
  });

  const without = guarded.filter(({ method, request: { body } }) => body === undefined && method !== "GET");
  it.each(rows(without))("is refused by %s, which takes none", async (_, operation) => {
    const answer = await request(operation, nowhere(operation), { token: company.token, body: { a: 1 } });
    expect([answer.status, answer.body.issues?.[0].path]).toEqual([422, "body"]);
  });
});

describe.concurrent("a query", () => {
  it.each(rows(guarded))("of %s with an unknown parameter is refused and the parameter named", async (_, operation) => {
    for (const name of ["zz_unknown", "__proto__"]) {
      const answer = await request(operation, nowhere(operation), { token: company.token, query: `${name}=1` });
      expect([answer.status, answer.body.code]).toEqual([422, "validation_failed"]);
      expect(paths(answer.body.issues)).toContain(`query.${name}`);
    }
  });

  it.each(rows(lists))("of %s takes a page of 1 to 100 and no parameter twice", async (_, operation) => {
    for (const query of ["limit=0", "limit=101", "limit=ten", "limit=1&limit=2"]) {
      const answer = await request(operation, nowhere(operation), { token: company.token, query });
      expect([query, answer.status, paths(answer.body.issues)]).toEqual([query, 422, ["query.limit"]]);
    }
  });
});

describe("a cursor", () => {
  const fromIds = async (operation: OperationShape) =>
    Object.fromEntries(await Promise.all(parametersOf(operation).map(async (name) => [name, await world.id(name)])));

  it.each(rows(lists))("of %s that was made up, or belongs to another list, is refused", async (_, operation) => {
    const ids = await fromIds(operation);
    const first = await request(operation, ids, { token: company.token, query: "limit=1" });
    expect(first.status, first.text).toBe(200);
    expect(Object.keys(first.body).sort()).toEqual(["items", "next_cursor"]);
    const forged = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const cursors = [
      "x",
      forged({ v: 1, q: "AAAAAAAAAAAAAAAA", k: { pk: "#x", sk: "x" } }),
      forged({ v: 2 }),
      forged([]),
    ];
    for (const cursor of cursors) {
      const answer = await request(operation, ids, { token: company.token, query: `cursor=${cursor}` });
      expect([cursor, answer.status, answer.body.code]).toEqual([cursor, 422, "invalid_cursor"]);
    }
  });
});

describe("a method that a path does not take", () => {
  // What streams has an origin of its own on AWS, where nothing else is.
  const byPath = Map.groupBy(
    operations.filter(({ root, served_by }) => !root && served_by !== "stream"),
    ({ path }) => path.replaceAll(/\{\w+\}/g, "{}"),
  );
  const others = [...byPath.values()].flatMap((list) => {
    const taken = new Set<string>(list.map(({ method }) => method));
    const method = ["DELETE", "PATCH", "PUT"].find((one) => !taken.has(one));
    const [operation] = list;
    return method === undefined || operation === undefined ? [] : [[method, operation.path, operation, taken] as const];
  });
  it.each(others)("is answered with 405 and what it takes: %s %s", async (method, _, operation, taken) => {
    const answer = await call(method, pathOf(operation, nowhere(operation)), { token: company.token });
    expect([answer.status, answer.body.code]).toEqual([405, "method_not_allowed"]);
    const allow = answer.headers.get("allow")?.split(", ").sort();
    expect(allow).toEqual([...taken, ...(taken.has("GET") ? ["HEAD"] : [])].sort());
  });

  it("of a path that is not there is 404", async () => {
    for (const path of ["/unicorns", "/agents/x/y/z/w", "/users/me/me"])
      expect((await call("GET", path, { token: company.token })).status).toBe(404);
  });
});
