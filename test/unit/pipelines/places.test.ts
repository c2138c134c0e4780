import { describe, expect, it } from "vitest";
import type { GraphBody } from "../../../functions/pipelines/graph/places.ts";
import { keepPrompts } from "../../../functions/pipelines/graph/prompts.ts";
import { graphSchema } from "../../../functions/pipelines/graph/rules/nodes.ts";
import { sealHeaders } from "../../../functions/pipelines/graph/secret-headers.ts";
import type { Problem } from "../../../shared/errors.ts";

const nothing = { nodes: [], connections: [] };
const other = { id: "a", kind: "input", label: "a", config: {} };
const prompted = { id: "b", kind: "agent", label: "b", config: { system_prompt_override: "{concealed}" } };
const called = {
  id: "b",
  kind: "http",
  label: "b",
  config: { url: "https://a.example.com", secret_headers: { Key: "{stored:00000000000000000000000000000000}" } },
};
const noSealer = { encrypt: () => Promise.reject(new Error()), decrypt: () => Promise.reject(new Error()) };

const pathsOf = (run: () => unknown) =>
  Promise.resolve()
    .then(run)
    .then(
      () => [],
      (error: unknown) => (error as Problem).options.issues?.map(({ path }) => path),
    );

describe("what a refused graph has wrong", () => {
  const graph = (node: object) => graphSchema.parse({ nodes: [other, node], connections: [] });
  const prompt = (body: GraphBody) => pathsOf(() => keepPrompts(graph(prompted), nothing, body));
  const secret = (body: GraphBody) =>
    pathsOf(() => sealHeaders(noSealer, "org_a", graph(called), { graph: nothing, secrets: {} }, body));

  it("is named by its place in the whole graph that was sent", async () => {
    expect(await prompt("graph")).toEqual(["nodes.1.config.system_prompt_override"]);
    expect(await secret("graph")).toEqual(["nodes.1.config.secret_headers.Key"]);
  });

  it("is named by its place in the one node that was sent", async () => {
    expect(await prompt("node")).toEqual(["config.system_prompt_override"]);
    expect(await secret("node")).toEqual(["config.secret_headers.Key"]);
  });
});
