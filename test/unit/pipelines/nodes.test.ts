import { Validator } from "@cfworker/json-schema";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { FREE } from "../../../functions/pipelines/graph/rules/kinds/cost.ts";
import { defineKind, type NodeKind } from "../../../functions/pipelines/graph/rules/kinds/kind.ts";
import {
  agentOf,
  handlesOf,
  isPure,
  lacksOf,
  nodeKinds,
  referencesOf,
  renamed,
} from "../../../functions/pipelines/graph/rules/kinds.ts";
import { connectionSchema, graphSchema, nodeSchema } from "../../../functions/pipelines/graph/rules/nodes.ts";
import { ANY } from "../../../functions/pipelines/graph/rules/types/shape.ts";
import { listNodeKinds } from "../../../functions/pipelines/handlers.ts";

const node = (kind: string, config: object = {}, more: object = {}) => ({ id: "n", kind, label: "N", config, ...more });
const problems = (schema: z.ZodType, value: unknown) => {
  const result = schema.safeParse(value);
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
};
const exists = { path: "input.a", op: "exists" };

describe("a node", () => {
  it.each([
    ["input", { schema: { type: "object" } }],
    [
      "agent",
      { agent_id: "agt_1", version: 3, input_mapping: { q: "input.text" }, temperature: 0.3, timeout_ms: 30_000 },
    ],
    ["agent", { retry: { max_attempts: 3 }, on_failure: "fallback", fallback: { text: "sorry" } }],
    ["condition", { branches: [{ handle: "yes", condition: exists }], default: "no" }],
    [
      "router",
      { strategy: "conditional", branches: [{ handle: "yes", label: "VIP", condition: exists }], default: "no" },
    ],
    ["merge", { strategy: "merge_json" }],
    ["synthesizer", { strategy: "vote", of: "object.verdict", quorum: 2, winner: "majority", ties: "fail" }],
    [
      "http",
      {
        method: "POST",
        url: "https://api.example.com/{{ input.id }}",
        body: { id: "input.id" },
        secret_headers: { "X-Key": "s" },
      },
    ],
    ["transform", { expression: "input.a", on_failure: "error_edge" }],
    ["output", { mapping: { answer: "input.text" } }],
  ])("of kind %s takes %j and keeps every setting", (kind, config) => {
    expect(nodeSchema.parse(node(kind, config)).config).toMatchObject(config);
  });

  it.each([
    [
      node("prompt"),
      "kind: kind must be one of input, agent, condition, router, supervisor, merge, synthesizer, http, tool, connector, transform, wait, approval, sub_pipeline, map, loop, output",
    ],
    [node("agent", { agentId: "x" }), "agentId"],
    [node("agent", {}, { extra: 1 }), "extra"],
    [
      node("merge", { strategy: "blend" }),
      "config.strategy: must be one of concat, merge_json, vote, average, summarize",
    ],
    [node("merge", { agent_id: "agt_1" }), "config.agent_id: is used only under strategy summarize"],
    [node("agent", {}, { id: "a b" }), 'id: must be 1 to 64 letters, digits, "_" or "-"'],
    [node("agent", {}, { id: "__proto__" }), "id: is a reserved name"],
    [node("agent", {}, { label: "x".repeat(121) }), "label"],
    [node("agent", { temperature: 3 }), "config.temperature"],
    [node("agent", { on_failure: "fallback" }), "config.fallback: is needed under on_failure: fallback"],
    [node("agent", { fallback: 1 }), "config.fallback: is used only under on_failure: fallback"],
    [node("agent", { retry: { max_attempts: 11 } }), "config.retry.max_attempts"],
    [node("http", { url: "ftp://example.com/" }), "config.url: must be an http or https address"],
    [
      node("http", { url: "https://{{ input.host }}/" }),
      "config.url: must be an http or https address with a literal host",
    ],
    [node("http", { url: "https://user:pw@example.com/" }), "config.url"],
    [node("http", { method: "GET", body: "input" }), "config.body: GET takes no body"],
    [node("http", { headers: { "X-A": "a\r\nX-B: b" } }), "config.headers.X-A: must not contain control characters"],
    [node("http", { headers: { "X A": "a" } }), "config.headers.X A"],
    [
      node("router", { branches: [{ handle: "a", condition: exists }], default: "a" }),
      'config.default: handle "a" is used twice',
    ],
    [node("router", { branches: [{ handle: "error", condition: exists }] }), '"error" is the handle of failures'],
    [node("router", { branches: [{ handle: "a", condition: { expression: "x" } }] }), "config.branches.0.condition"],
  ])("%j is refused: %s", (value, why) => {
    expect(problems(nodeSchema, value).join("\n")).toContain(why);
  });

  it("may be stored while it is incomplete: what it lacks is a matter of validation", () => {
    for (const kind of Object.keys(nodeKinds)) expect(problems(nodeSchema, node(kind))).toEqual([]);
  });

  it("has the handles of its branches, and one for errors under error_edge", () => {
    const router = node("router", {
      branches: [{ handle: "a", condition: exists }],
      default: "b",
      on_failure: "error_edge",
    });
    expect(handlesOf(nodeSchema.parse(router))).toEqual(["a", "b", "error"]);
    expect(handlesOf(nodeSchema.parse(node("agent")))).toEqual(["output"]);
    expect(handlesOf(nodeSchema.parse(node("output")))).toEqual([]);
  });
});

describe("the registry of kinds", () => {
  it("has one entry per kind of the schema, under its own name", () => {
    for (const [name, kind] of Object.entries(nodeKinds)) {
      expect(kind.kind).toBe(name);
      expect(problems(nodeSchema, node(name))).toEqual([]);
      for (const field of kind.secret_fields) expect(Object.keys(kind.config.unwrap().shape)).toContain(field);
    }
  });

  it("keeps outside effects out of the planner: what runs an agent, sends a request or counts turns is a task", () => {
    const branches = [{ handle: "a", description: "When it fits." }];
    const tasks = [
      node("agent"),
      node("http"),
      node("router", { strategy: "semantic", branches }),
      node("router", { strategy: "round_robin", branches }),
      node("merge", { strategy: "summarize" }),
      node("synthesizer", { strategy: "summarize" }),
    ];
    const rules = [
      ...["input", "condition", "router", "merge", "synthesizer", "transform", "output"].map((kind) => node(kind)),
      node("router", { strategy: "random", branches }),
    ];
    const pure = (nodes: readonly object[]) => nodes.map((one) => isPure(nodeSchema.parse(one)));
    expect(pure(tasks)).toEqual(tasks.map(() => false));
    expect(pure(rules)).toEqual(rules.map(() => true));
    const running = [...tasks, ...rules].flatMap((one) => (agentOf(nodeSchema.parse(one)) === undefined ? [] : [one]));
    expect(running).toEqual([tasks[0], tasks[2], tasks[4], tasks[5]]);
  });

  it("finds every reference of each kind, and puts another thing in its place without its pin", () => {
    for (const [name, { example }] of Object.entries(nodeKinds)) {
      const one = nodeSchema.parse(node(name, example));
      // Every id of another thing in a config is told; ids are told from other texts by their shape.
      const ids = JSON.stringify(one.config).match(/"[a-z]{3}_[0-9A-Z]{26}"/g) ?? [];
      expect([name, referencesOf(one).map(({ id }) => `"${id}"`)]).toEqual([name, ids]);
      const other = nodeSchema.parse(renamed(one, ({ type, id }) => `${type}-${id}`));
      expect(referencesOf(other)).toEqual(
        referencesOf(one).map(({ type, id, path }) => ({ type, path, id: `${type}-${id}` })),
      );
      expect(renamed(one, ({ id }) => id)).toEqual(one);
    }
    const pinned = nodeSchema.parse(node("agent", { agent_id: "agt_1", version: 3, temperature: 0.5 }));
    expect(renamed(pinned, () => "agt_2").config).toEqual({
      agent_id: "agt_2",
      temperature: 0.5,
      on_failure: "fail_run",
    });
    expect(pinned.config).toMatchObject({ agent_id: "agt_1", version: 3 });
    expect(referencesOf(nodeSchema.parse(node("router")))).toEqual([]);
  });

  const routed = (config: object) => problems(nodeSchema, node("router", config));
  it.each([
    ["a conditional branch without condition", { branches: [{ handle: "a" }] }, ["config.branches.0.condition"]],
    [
      "a semantic branch without description, or with a condition",
      { strategy: "semantic", branches: [{ handle: "a" }, { handle: "b", description: "x", condition: exists }] },
      ["config.branches.0.description", "config.branches.1.condition"],
    ],
    [
      "a weight where nothing is drawn",
      { strategy: "round_robin", branches: [{ handle: "a", weight: 2 }] },
      ["config.branches.0.weight"],
    ],
    [
      "an agent where none is asked",
      { strategy: "random", branches: [{ handle: "a" }], agent_id: "agt_1", version: 1, min_confidence: 0.4 },
      ["config.agent_id", "config.version", "config.min_confidence"],
    ],
    ["another strategy", { strategy: "magic" }, ["config.strategy"]],
  ])("refuses %s in a router", (_, config, paths) => {
    expect(routed(config).map((problem) => problem.split(":", 1)[0])).toEqual(paths);
  });
});

describe("the palette", () => {
  const listed = async () => (await listNodeKinds({} as never, {} as never)).items;

  it("has every kind, each with an example that is complete and that its own JSON Schema takes", async () => {
    const items = await listed();
    expect(items.map(({ kind }) => kind)).toEqual(Object.keys(nodeKinds));
    for (const { kind, example, config_schema } of items) {
      const parsed = nodeSchema.parse(node(kind, example));
      expect([kind, lacksOf(parsed)]).toEqual([kind, []]);
      const validator = new Validator(config_schema, "2020-12");
      expect([kind, validator.validate(example).errors]).toEqual([kind, []]);
      expect([kind, validator.validate({ ...example, no_such_field: 1 }).valid]).toEqual([kind, false]);
    }
  });

  it("tells of each kind what it costs and how large its config may be", async () => {
    for (const { kind, cost, limits } of await listed()) {
      expect([kind, cost]).toEqual([kind, expect.stringMatching(/^[A-Z].*\.$/)]);
      expect([kind, limits]).toEqual([kind, expect.objectContaining({ timeout_ms: 840_000, max_attempts: 10 })]);
      for (const most of Object.values(limits)) expect([kind, most > 0]).toEqual([kind, true]);
    }
  });

  it("has no kind that does not say what it costs", () => {
    const declared = {
      kind: "free",
      group: "flow",
      icon: "x",
      summary: "",
      pure: () => true,
      emits: () => ANY,
      limits: {},
    } as const;
    const config = z.strictObject({});
    // @ts-expect-error: without a cost it does not compile
    defineKind({ ...declared, config, example: {} });
    expect(defineKind({ ...declared, config, example: {}, cost: FREE }).cost.paid({})).toEqual([]);
  });

  it("has an agent paid for exactly where one is run, not where only its tool is called", () => {
    for (const { kind, example, cost, agent } of Object.values(nodeKinds) as NodeKind[]) {
      const { config } = nodeSchema.parse(node(kind, example as object));
      const agents = cost.paid(config).filter(({ type }) => type === "agent");
      expect([kind, agents.length]).toEqual([kind, agent(config) === undefined || kind === "tool" ? 0 : 1]);
    }
  });

  it("says by which handles its example is left, and what is secret", async () => {
    const items = new Map((await listed()).map((item) => [item.kind, item]));
    expect(items.get("condition")?.example_handles).toEqual(["large", "small"]);
    expect(items.get("http")?.secret_fields).toEqual(["secret_headers"]);
    expect(items.get("output")?.example_handles).toEqual([]);
  });
});

describe("a graph", () => {
  const connection = { id: "c", source: "n", target: "m" };

  it("keeps labels, handles and conditions of connections", () => {
    const full = { ...connection, source_handle: "yes", target_handle: "input", label: "Escalate", condition: exists };
    expect(connectionSchema.parse(full)).toEqual(full);
  });

  it("refuses ids that occur twice, naming each place", () => {
    const value = { nodes: [node("agent"), node("http")], connections: [connection, connection] };
    expect(problems(graphSchema, value)).toEqual([
      'nodes.1.id: id "n" is used twice in this graph',
      'connections.1.id: id "c" is used twice in this graph',
    ]);
  });

  it("refuses more than 10,000 nodes", () => {
    const nodes = Array.from({ length: 10_001 }, (_, index) => node("merge", {}, { id: `n${index}` }));
    expect(problems(graphSchema, { nodes, connections: [] }).join()).toContain("10000");
    expect(problems(graphSchema, { nodes: nodes.slice(1), connections: [] })).toEqual([]);
  });

  it("can be written as JSON Schema for the API's documentation", () => {
    const text = JSON.stringify(z.toJSONSchema(graphSchema, { io: "input" }));
    for (const kind of Object.keys(nodeKinds)) expect(text).toContain(`"const":"${kind}"`);
  });
});
