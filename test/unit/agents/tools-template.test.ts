import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bodyIssues, endpointIssues, fillBody, fillEndpoint } from "../../../functions/agents/tools/rules/template.ts";

const parameters = { type: "object", required: ["id"], properties: { id: {}, q: {}, page: {} } };

test("whatever the arguments, a call stays at the endpoint's host, path and query names", () => {
  const value = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.webUrl(),
    fc.constantFrom("..", ".", "../../admin", "%2e%2e", "x@evil.example", "//evil.example", "?a=b", "#x", "\\..\\"),
  );
  fc.assert(
    fc.property(value, value, (id, q) => {
      const filled = fillEndpoint("https://api.example.com/v1/users/{id}/items?q={q}&fixed=1", { id, q });
      if (!filled.ok) return;
      const url = new URL(filled.url);
      expect(url.host).toBe("api.example.com");
      expect([url.username, url.hash]).toEqual(["", ""]);
      const parts = url.pathname.split("/");
      expect([parts.length, parts[1], parts[2], parts[4]]).toEqual([5, "v1", "users", "items"]);
      expect(decodeURIComponent(parts[3] ?? "")).toBe(id.toWellFormed());
      expect([...url.searchParams.keys()]).toEqual(["q", "fixed"]);
      expect(url.searchParams.get("q")).toBe(q.toWellFormed());
    }),
  );
});

test.each(["", ".", ".."])("the path argument %j is refused: a URL parser would climb", (id) => {
  expect(fillEndpoint("https://api.example.com/users/{id}", { id })).toMatchObject({ ok: false });
});

test("what counts is the whole path part, not the argument in it", () => {
  expect(fillEndpoint("https://api.example.com/{id}.", { id: "." })).toMatchObject({ ok: false });
  expect(fillEndpoint("https://api.example.com/{id}.json", { id: "." })).toMatchObject({ ok: true });
  expect(fillEndpoint("https://api.example.com/v{id}", { id: "." })).toMatchObject({
    url: "https://api.example.com/v.",
  });
});

test("query parameters without a value are left out; lists and objects do not fit into an address", () => {
  expect(fillEndpoint("https://e.example/?a={q}&b=1&c={page}", { q: "x y" })).toMatchObject({
    url: "https://e.example/?a=x%20y&b=1",
  });
  expect(fillEndpoint("https://e.example/?a={q}", {})).toMatchObject({ url: "https://e.example/" });
  expect(fillEndpoint("https://e.example/?a={q}", { q: [1] })).toMatchObject({ ok: false });
});

describe("refused when it is saved", () => {
  test.each([
    "https://{id}.example.com/",
    "https://example.com:{id}/",
    "https://{id}@example.com/",
    "{id}://example.com/",
    "https://example.com{id}",
    "ftp://example.com/",
    "https://example.com/#{id}",
    "https://example.com/{unknown}",
    "https://example.com/{q}",
    "https://example.com/{toString}",
  ])("%s", (endpoint) => {
    expect(endpointIssues(endpoint, parameters)).toHaveLength(1);
  });

  test("a body that names an unknown parameter", () => {
    expect(bodyIssues({ a: ["{id}", { b: "x {nope} y" }], c: 5 }, parameters)).toMatchObject([{ path: "body" }]);
  });
});

test("good endpoints have no issues", () => {
  for (const endpoint of [
    "https://example.com",
    "https://example.com/{id}?q={q}&page={page}",
    "https://example.com?q={q}",
  ]) {
    expect(endpointIssues(endpoint, parameters)).toEqual([]);
  }
});

test("a body takes arguments as values or inside texts; what is not given is left out", () => {
  const template = {
    user: "{id}",
    note: "page {page} of {id}",
    all: ["{q}", "{id}", null, 7],
    q: "{q}",
    literal: "{ id }",
  };
  expect(fillBody(template, { id: { n: 1 }, page: 3 })).toEqual({
    user: { n: 1 },
    note: 'page 3 of {"n":1}',
    all: [{ n: 1 }, null, 7],
    literal: "{ id }",
  });
});

test("an argument named like a property of every object is not taken for one", () => {
  expect(fillBody({ a: "{constructor}" }, {})).toEqual({});
  expect(fillEndpoint("https://e.example/?a={constructor}", {})).toMatchObject({ url: "https://e.example/" });
});
