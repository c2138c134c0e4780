import { createHash } from "node:crypto";
import { icons } from "@iconify-json/lucide";
import { DOMParser } from "@xmldom/xmldom";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawMermaid, drawSvg } from "../../../functions/pipelines/drawing/handlers.ts";
import { colours } from "../../../functions/pipelines/drawing/rules/colours.ts";
import { laidOut } from "../../../functions/pipelines/drawing/rules/lay-out.ts";
import { linesOf, widthOf } from "../../../functions/pipelines/drawing/rules/letters.ts";
import { mermaidOf } from "../../../functions/pipelines/drawing/rules/mermaid.ts";
import { PICTURE } from "../../../functions/pipelines/drawing/rules/picture.ts";
import { MOST_DRAWN, sceneOf } from "../../../functions/pipelines/drawing/rules/scene.ts";
import { svgOf } from "../../../functions/pipelines/drawing/rules/svg.ts";
import { nodeGroups } from "../../../functions/pipelines/graph/rules/kinds/kind.ts";
import { nodeKinds } from "../../../functions/pipelines/graph/rules/kinds.ts";
import { type Graph, graphSchema } from "../../../functions/pipelines/graph/rules/nodes.ts";

const node = (id: string, kind: string, label = id, config: object = {}) => ({ id, kind, label, config });
const way = (id: string, source: string, target: string, more: object = {}) => ({ id, source, target, ...more });
const graphOf = (nodes: readonly object[], connections: readonly object[]): Graph =>
  graphSchema.parse({ nodes, connections });

/** One node of each kind, each after the one before. */
const oneOfEach = graphOf(
  Object.entries(nodeKinds).map(([kind, { example }]) => node(kind, kind, `A ${kind}`, example)),
  Object.keys(nodeKinds).flatMap((kind, i, all) => (i === 0 ? [] : [way(`c${i}`, all[i - 1] ?? "", kind)])),
);
const drawings = new Map(Object.entries(icons.icons).map(([name, { body }]) => [name, body]));
const svg = (graph: Graph, title = "Support", theme: "auto" | "light" | "dark" = "auto") =>
  svgOf(laidOut(sceneOf(graph), "right"), { title, caption: "Revision 1" }, { theme, direction: "right" }, drawings);
const parsed = (text: string) =>
  new DOMParser({
    onError: (level, message) => {
      if (level !== "warning") throw new Error(`${level}: ${message}`);
    },
  }).parseFromString(text, "image/svg+xml");

/** Texts with what means something to XML, Mermaid, Markdown or YAML; labels hold no control characters. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ..."<>&\"'`#;|[](){}\\/%-=~*_:@",
        "]]>",
        "<script>alert(1)</script>",
        "</text>",
        '"]\n',
        "%%{init: {}}%%",
        "click n0 href",
        "---",
        "end",
        "&#34;",
        "#quot;",
        "javascript:alert(1)",
        "\u202E",
        "\uFFFE",
        "\uD800",
        "漢字",
        "👩‍👩‍👧‍👦",
      ),
      fc.string({ unit: "binary", maxLength: 8 }),
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map(
    (parts) =>
      parts
        .join(" ")
        .replaceAll(/\p{Cc}/gu, "")
        .trim()
        .slice(0, 100) || "x",
  );

/** A graph with a hostile text wherever somebody may write one. */
const labelled = (text: string) =>
  graphOf(
    [
      node("input-1", "input", text),
      node("r", "router", text, {
        branches: [{ handle: "a", label: text, condition: { path: "input.a", op: "exists" } }],
        default: "b",
      }),
      node("o", "output", text),
    ],
    [
      way("1", "input-1", "r", { label: text }),
      way("2", "r", "o", { source_handle: "a" }),
      way("3", "r", "o", { source_handle: "b", label: text }),
      way("4", "r", "gone"),
    ],
  );

describe("what is drawn of a graph", () => {
  it("is each kind of the registry with a shape that its kind says, and an icon that there is", () => {
    const { nodes } = sceneOf(oneOfEach);
    expect(nodes.map(({ icon }) => icon).filter((icon) => !drawings.has(icon))).toEqual([]);
    const shapes = Object.fromEntries(nodes.map(({ id, shape }) => [id, shape]));
    expect(shapes).toMatchObject({
      input: "end",
      agent: "step",
      condition: "fork",
      router: "fork",
      merge: "join",
      http: "step",
      output: "end",
    });
    const text = svg(oneOfEach);
    for (const { caption } of nodes) expect(text).toContain(`>${caption}</text>`);
  });

  it("is every connection, with its label, branch or handle, failures apart, and what one names that is not there", () => {
    const branches = [{ handle: "paid", label: "Has paid", condition: { path: "input.a", op: "exists" } }];
    const graph = graphOf(
      [
        node("r", "router", "Which", { branches, default: "not_paid" }),
        node("h", "http", "Call", { on_failure: "error_edge" }),
      ],
      [
        way("1", "r", "h", { source_handle: "paid" }),
        way("2", "r", "h", { source_handle: "not_paid" }),
        way("3", "r", "h", { source_handle: "paid", label: "Own" }),
        way("4", "h", "gone", { source_handle: "error" }),
        way("5", "h", "h"),
        way("6", "h", "r", { source_handle: "output" }),
      ],
    );
    const scene = sceneOf(graph);
    expect(scene.connections.map(({ label, failure }) => [label, failure])).toEqual([
      ["Has paid", false],
      ["not paid", false],
      ["Own", false],
      ["error", true],
      ["", false],
      ["", false],
    ]);
    expect(scene.nodes.at(-1)).toMatchObject({ id: "gone", shape: "missing" });
    expect([...svg(graph).matchAll(/class="(way|failure)"/g)].map(([, kind]) => kind)).toHaveLength(6);
    expect(mermaidOf(scene, "T", "down").match(/^ {2}n\d+ (-->|-\.->)/gm)).toHaveLength(6);
  });

  it("fits: texts into their nodes, nodes beside each other, everything into the picture", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(hostile, fc.nat(20), fc.nat(20)), { minLength: 1, maxLength: 25 }),
        fc.constantFrom("right" as const, "down" as const),
        (made, direction) => {
          const nodes = made.map(([label], i) => node(`n${i}`, i % 2 === 0 ? "agent" : "merge", label));
          const ways = made.map(([, from, to], i) =>
            way(`c${i}`, `n${from % made.length}`, `n${to % made.length}`, i % 3 === 0 ? { label: "some words" } : {}),
          );
          const placed = laidOut(sceneOf(graphOf(nodes, ways)), direction);
          for (const [i, one] of placed.nodes.entries()) {
            for (const line of one.lines) expect(widthOf(line, 13)).toBeLessThan(one.width - 50);
            expect(one.at.x - one.width / 2).toBeGreaterThan(-1);
            expect(one.at.x + one.width / 2).toBeLessThan(placed.width + 1);
            expect(one.at.y + one.height / 2).toBeLessThan(placed.height + 1);
            for (const other of placed.nodes.slice(i + 1)) {
              const apart =
                Math.abs(one.at.x - other.at.x) >= (one.width + other.width) / 2 ||
                Math.abs(one.at.y - other.at.y) >= (one.height + other.height) / 2;
              expect(apart).toBe(true);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("breaks a label between words, and says that there is more", () => {
    expect(linesOf("Reads what the customer has written", 10, 110, 2)).toEqual([
      "Reads what the",
      "customer has writ…",
    ]);
    expect(linesOf("Short", 10, 110, 2)).toEqual(["Short"]);
    fc.assert(
      fc.property(hostile, fc.integer({ min: 40, max: 200 }), (text, width) => {
        const lines = linesOf(text, 10, width, 2);
        expect(lines.length).toBeLessThanOrEqual(2);
        for (const line of lines) expect(widthOf(line, 10)).toBeLessThanOrEqual(width);
        if (!lines.at(-1)?.endsWith("…"))
          expect(lines.join("").replaceAll(/\s/gu, "")).toBe(text.toWellFormed().replaceAll(/\s/gu, ""));
      }),
    );
  });
});

describe("a picture", () => {
  it("is one XML document of shapes and texts, whatever is written in it: nothing runs, leads or loads", () => {
    const elements = new Set(
      "svg g title desc style defs marker path rect text circle line ellipse polyline polygon".split(" "),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        const document = parsed(svg(labelled(text), text));
        for (const element of document.getElementsByTagName("*")) {
          expect([...elements]).toContain(element.tagName);
          for (const { name, value } of element.attributes) {
            expect(name).not.toMatch(/^on|href|src|style/i);
            if (value.includes("url(")) expect(value).toMatch(/^url\(#(way|failure)\)$/);
          }
        }
        const [title] = document.getElementsByTagName("title");
        expect(title?.textContent).toBe(text.toWellFormed().replaceAll(/[\uFFFE\uFFFF]/g, "\uFFFD"));
      }),
      { numRuns: 60 },
    );
  });

  it("looks the same for the same graph, and its number counts up when it looks another way", () => {
    const digest = createHash("sha256")
      .update(svg(labelled("Some label"), "Title"))
      .digest("hex")
      .slice(0, 16);
    // When this differs: count PICTURE up, and write the new digest beside it.
    expect({ PICTURE, digest }).toEqual({ PICTURE: 1, digest: "0cdd0a8514920cb7" });
    expect(svg(oneOfEach)).toBe(svg(oneOfEach));
  });

  it("can be read: text against what is behind it, at least 4.5 to 1 (WCAG AA), light and dark", () => {
    const light = (hex: string) =>
      [1, 3, 5]
        .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
        .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * ([0.2126, 0.7152, 0.0722][i] ?? 0), 0);
    const ratio = (a: string, b: string) => {
      const [low = 0, high = 0] = [light(a), light(b)].sort((x, y) => x - y);
      return (high + 0.05) / (low + 0.05);
    };
    for (const palette of Object.values(colours)) {
      const pairs = [
        [palette.title, palette.card],
        [palette.title, palette.ground],
        [palette.muted, palette.card],
        [palette.muted, palette.ground],
        ...nodeGroups.map((group) => [palette[group].text, palette[group].fill] as const),
      ] as const;
      for (const [text, behind] of pairs)
        expect([text, behind, ratio(text, behind) >= 4.5]).toEqual([text, behind, true]);
    }
    const auto = svg(oneOfEach);
    expect(auto).toContain("@media (prefers-color-scheme:dark)");
    for (const theme of ["light", "dark"] as const) {
      expect(svg(oneOfEach, "T", theme)).not.toContain("@media");
      expect(svg(oneOfEach, "T", theme)).toContain(colours[theme].card);
    }
  });
});

describe("a Mermaid chart", () => {
  it("is lines of one form each, whatever is written in it", () => {
    const text = String.raw`"(?:[\p{L}\p{M}\p{N} .,:\/+=?!()-]|#\d+;|<br\/>)*"`;
    const forms = [
      /^---$/,
      /^title: "[^"]*"$/,
      /^flowchart LR$/,
      new RegExp(
        String.raw`^ {2}n\d+(?:\(\[|\{\{|\[\\|\(|\[)${text}(?:\]\)|\}\}|\/\]|\)|\]):::(?:${nodeGroups.join("|")})$`,
        "u",
      ),
      new RegExp(String.raw`^ {2}n\d+ (?:-->|-\.->)(?:\|${text}\|)? n\d+$`, "u"),
      /^ {2}classDef \w+ fill:#\w{6},stroke:#\w{6},color:#\w{6},stroke-width:1.5px$/,
      /^$/,
    ];
    fc.assert(
      fc.property(hostile, (label) => {
        for (const line of mermaidOf(sceneOf(labelled(label)), label, "right").split("\n"))
          expect([line, forms.some((form) => form.test(line))]).toEqual([line, true]);
      }),
    );
  });
});

describe("asking for a drawing", () => {
  const text = JSON.stringify(graphOf([node("input-1", "input")], []));
  const deps = { blobs: { load: async (blob: { inline: string }) => blob.inline }, table: {} } as never;
  const asked = (newest: object = {}, more: object = {}, name = "Support") =>
    ({
      load: async () => ({
        pipeline: { id: "pip_1", name },
        newest: {
          revision: 1,
          graph_hash: "sha256:1",
          node_count: 1,
          connection_count: 0,
          graph: { inline: text },
          secrets: { inline: "{}" },
          ...newest,
        },
      }),
      context: { tenant: "org_1" },
      query: { direction: "right" },
      if_none_match: undefined,
      ...more,
    }) as never;

  it.each([
    ["a picture", drawSvg],
    ["a chart", drawMermaid],
  ])("%s of more than is drawn is refused by its counts, before anything of it is read", async (_, draw) => {
    for (const counts of [{ node_count: MOST_DRAWN.nodes + 1 }, { connection_count: MOST_DRAWN.connections + 1 }])
      await expect(draw(asked(counts), {} as never)).rejects.toMatchObject({ code: "graph_too_large" });
  });

  it("again is answered by its tag, which is another one for another graph, name or look", async () => {
    const tagOf = async (...how: Parameters<typeof asked>) => (await drawMermaid(asked(...how), deps)).headers?.etag;
    const tag = await tagOf();
    const others = await Promise.all([
      tagOf({ graph_hash: "sha256:2" }),
      tagOf({ revision: 2 }),
      tagOf({}, { query: { direction: "down" } }),
      tagOf({}, {}, "Other"),
    ]);
    expect(new Set([tag, ...others]).size).toBe(5);
    const unread = { blobs: {}, table: {} } as never;
    const again = await drawMermaid(asked({}, { if_none_match: [tag?.slice(1, -1)] }), unread);
    expect(again).toMatchObject({ unchanged: true, content: "", headers: { etag: tag } });
  });
});
