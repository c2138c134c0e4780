import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalText, graphHash } from "../../../functions/pipelines/graph/rules/canonical.ts";
import {
  duplicateGraph,
  removeConnection,
  removeNode,
  upsertConnection,
  upsertNode,
} from "../../../functions/pipelines/graph/rules/edit.ts";
import { graphSchema, nodeSchema } from "../../../functions/pipelines/graph/rules/nodes.ts";
import { patternCatalogue, patternNamed, patternNames } from "../../../functions/pipelines/graph/rules/patterns.ts";
import { graphs } from "../../support/plan-graphs.ts";

const graph = graphSchema.parse({
  nodes: [
    { id: "in", kind: "input", label: "In", config: {} },
    {
      id: "a",
      kind: "agent",
      label: "A",
      config: { agent_id: "agt_1", input_mapping: { b: "input.b", a: "input.a" } },
    },
    { id: "out", kind: "output", label: "Out", config: {} },
  ],
  connections: [
    { id: "c1", source: "in", target: "a" },
    { id: "c2", source: "a", target: "out" },
  ],
});
const edited = (edit: ReturnType<typeof upsertNode>) => {
  if (!edit.ok) throw new Error(edit.message);
  return edit.graph;
};

describe("the content hash", () => {
  it("is the same whatever the order of keys and of nodes", () => {
    const reversed = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(reversed)
        : typeof value === "object" && value !== null
          ? Object.fromEntries(
              Object.entries(value)
                .reverse()
                .map(([key, member]) => [key, reversed(member)]),
            )
          : value;
    fc.assert(
      fc.property(graphs, (one) => {
        const other = graphSchema.parse(reversed({ ...one, nodes: one.nodes.toReversed() }));
        expect(graphHash(other)).toBe(graphHash(one));
      }),
      { numRuns: 50 },
    );
  });

  it("differs with every setting and with the order of connections, which is the order of a merge's inputs", () => {
    const hashes = [
      graph,
      { ...graph, connections: graph.connections.toReversed() },
      edited(
        upsertNode(graph, nodeSchema.parse({ id: "a", kind: "agent", label: "A", config: { agent_id: "agt_2" } })),
      ),
      edited(removeConnection(graph, "c2")),
    ].map(graphHash);
    expect(new Set(hashes).size).toBe(hashes.length);
    for (const hash of hashes) expect(hash).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it("is of a text that reads back as the same graph", () => {
    fc.assert(
      fc.property(graphs, (one) => {
        const back = graphSchema.parse(JSON.parse(canonicalText(one)));
        expect(graphHash(back)).toBe(graphHash(one));
        expect(new Set(back.nodes)).toEqual(new Set(one.nodes));
        expect(back.connections).toEqual(one.connections);
      }),
      { numRuns: 50 },
    );
  });
});

describe("editing a graph", () => {
  it("removes a node together with its connections, and leaves the given graph alone", () => {
    const before = structuredClone(graph);
    const after = edited(removeNode(graph, "a"));
    expect(after.nodes.map(({ id }) => id)).toEqual(["in", "out"]);
    expect(after.connections).toEqual([]);
    expect(graph).toEqual(before);
  });

  it("replaces a node in its place and keeps its connections; adds a new one at the end", () => {
    const replaced = upsertNode(graph, nodeSchema.parse({ id: "a", kind: "merge", label: "M", config: {} }));
    expect(replaced).toMatchObject({ ok: true, created: false });
    expect(edited(replaced).nodes[1]?.kind).toBe("merge");
    expect(edited(replaced).connections).toEqual(graph.connections);
    const added = upsertNode(graph, nodeSchema.parse({ id: "b", kind: "merge", label: "M", config: {} }));
    expect(added).toMatchObject({ ok: true, created: true });
    expect(edited(added).nodes.at(-1)?.id).toBe("b");
  });

  it("updates a connection's handle and condition, and refuses ends that are not in the graph", () => {
    const changed = edited(upsertConnection(graph, { id: "c1", source: "in", target: "out" }));
    expect(changed.connections[0]).toEqual({ id: "c1", source: "in", target: "out" });
    expect(upsertConnection(graph, { id: "c3", source: "in", target: "ghost" })).toMatchObject({
      ok: false,
      code: "target_not_found",
    });
    expect(upsertConnection(graph, { id: "c3", source: "ghost", target: "in" })).toMatchObject({
      ok: false,
      code: "source_not_found",
    });
    expect(upsertConnection(graph, { id: "c3", source: "in", target: "in" })).toMatchObject({
      ok: false,
      code: "self_loop",
    });
  });

  it("says when there is nothing to remove, and when a graph is full", () => {
    expect(removeNode(graph, "ghost")).toMatchObject({ ok: false, code: "node_not_found" });
    expect(removeConnection(graph, "ghost")).toMatchObject({ ok: false, code: "connection_not_found" });
    const node = nodeSchema.parse({ id: "one-more", kind: "merge", label: "M", config: {} });
    const full = { nodes: Array.from({ length: 10_000 }, (_, i) => ({ ...node, id: `n${i}` })), connections: [] };
    expect(upsertNode(full, node)).toMatchObject({ ok: false, code: "too_many_nodes" });
    expect(upsertNode(full, { ...node, id: "n0" })).toMatchObject({ ok: true, created: false });
  });

  it("duplicates into a value that shares nothing and has the same content", () => {
    const copy = duplicateGraph(graph);
    expect(graphHash(copy)).toBe(graphHash(graph));
    expect(copy.nodes[1]).not.toBe(graph.nodes[1]);
    expect(copy.nodes[1]?.config).not.toBe(graph.nodes[1]?.config);
  });
});

describe("the patterns", () => {
  it("are all nine, and that of no pattern, each with a line", () => {
    expect(patternNames.filter((name) => name !== "custom")).toHaveLength(9);
    for (const { description } of patternCatalogue()) expect(description).toMatch(/^[A-Z].+\.$/);
  });

  it("are known by their aliases, and nothing else is", () => {
    expect(patternNamed("supervisor-worker")).toBe("supervisor");
    expect(patternNamed("handoff")).toBe("handoff");
    for (const name of ["pipeline", "hierarchical", "constructor", "", "__proto__"])
      expect(patternNamed(name)).toBeUndefined();
  });
});
