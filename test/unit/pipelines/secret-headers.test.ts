import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Graph, graphSchema } from "../../../functions/pipelines/graph/rules/nodes.ts";
import { openHeaders, type SealedHeaders, sealHeaders } from "../../../functions/pipelines/graph/secret-headers.ts";
import type { Sealer } from "../../../shared/http/platform.ts";

/** Seals by writing down the context beside the text; counts its calls, and never gives the same result twice. */
function countingSealer(): Sealer & { calls: number } {
  return {
    calls: 0,
    async encrypt(text, context) {
      return JSON.stringify([this.calls++, text, context]);
    },
    async decrypt(sealed, context) {
      const [, text, bound] = JSON.parse(sealed) as [number, string, unknown];
      if (JSON.stringify(bound) !== JSON.stringify(context)) throw new Error("another context");
      return text;
    },
  };
}

const nothing = { graph: { nodes: [], connections: [] }, secrets: {} as SealedHeaders };

const graphOf = (nodes: readonly { url: string; headers: Record<string, string> }[]): Graph =>
  graphSchema.parse({
    nodes: nodes.map(({ url, headers }, i) => ({
      id: `n${i}`,
      kind: "http",
      label: `n${i}`,
      config: { url, secret_headers: headers },
    })),
    connections: [],
  });

const headers = fc.dictionary(
  fc.constantFrom("Authorization", "X-Api-Key", "Cookie"),
  fc.string({ maxLength: 20, unit: "grapheme-ascii" }).filter((text) => !text.startsWith("{stored:")),
  { maxKeys: 3 },
);
const nodes = fc.array(
  fc.record({
    url: fc.constantFrom("https://a.example.com/x", "http://b.example.com:8080/?q", "https://A.example.com"),
    headers,
  }),
  { maxLength: 6 },
);

describe("sealing secret headers", () => {
  it("leaves no value in the graph, opens to what was given, and keeps references when saved again or sent back", async () => {
    await fc.assert(
      fc.asyncProperty(nodes, async (given) => {
        const sealer = countingSealer();
        const graph = graphOf(given);
        const first = await sealHeaders(sealer, "org_a", graph, nothing, "graph");
        for (const [i, node] of first.graph.nodes.entries()) {
          if (node.kind !== "http") throw new Error("only http nodes were given");
          for (const value of Object.values(node.config.secret_headers ?? {}))
            expect(value).toMatch(/^\{stored:[0-9a-f]{32}\}$/);
          expect(await openHeaders(sealer, "org_a", node, first.secrets)).toEqual(given[i]?.headers);
          if (Object.keys(given[i]?.headers ?? {}).length > 0)
            await expect(openHeaders(sealer, "org_b", node, first.secrets)).rejects.toThrow();
        }
        const sealed = sealer.calls;
        expect(await sealHeaders(sealer, "org_a", graph, first, "graph")).toEqual(first);
        expect(await sealHeaders(sealer, "org_a", first.graph, first, "graph")).toEqual(first);
        expect(sealer.calls).toBe(sealed);
      }),
    );
  });

  it("keeps only values that the graph still refers to", async () => {
    const sealer = countingSealer();
    const both = graphOf([{ url: "https://a.example.com", headers: { Authorization: "one", Cookie: "two" } }]);
    const first = await sealHeaders(sealer, "org_a", both, nothing, "graph");
    expect(Object.keys(first.secrets)).toHaveLength(2);
    const less = graphOf([{ url: "https://a.example.com", headers: { Authorization: "one" } }]);
    const second = await sealHeaders(sealer, "org_a", less, first, "graph");
    expect(Object.keys(second.secrets)).toHaveLength(1);
  });

  it("reports every reference that leads nowhere or to another host, and seals nothing then", async () => {
    const sealer = countingSealer();
    const stored = await sealHeaders(
      sealer,
      "org_a",
      graphOf([{ url: "https://a.example.com", headers: { Authorization: "one" } }]),
      nothing,
      "graph",
    );
    const [reference = ""] = Object.keys(stored.secrets);
    const before = sealer.calls;
    const moved = graphOf([
      { url: "https://b.example.com", headers: { Authorization: reference, Cookie: "fresh" } },
      { url: "https://a.example.com", headers: { Authorization: "{stored:00000000000000000000000000000000}" } },
      { url: "https://a.example.com:444", headers: { Authorization: reference } },
    ]);
    const failure = await sealHeaders(sealer, "org_a", moved, stored, "graph").catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "validation_failed",
      options: {
        issues: [
          { path: "nodes.0.config.secret_headers.Authorization" },
          { path: "nodes.1.config.secret_headers.Authorization" },
          { path: "nodes.2.config.secret_headers.Authorization" },
        ],
      },
    });
    expect(sealer.calls).toBe(before);
  });
});
