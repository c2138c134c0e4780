import { describe, expect, it } from "vitest";
import { agentWithSecretsNamed, portableAgentSchema } from "../../../functions/agents/portable/rules/document.ts";
import { readTemplate, templateFiles } from "../../../functions/exchange/templates/compile.ts";
import { templateId } from "../../../functions/exchange/templates/model.ts";
import { templateNamed, templatesLike } from "../../../functions/exchange/templates/rules/gallery.ts";
import { findModel } from "../../../functions/models/rules/catalogue.ts";
import { nodeKinds } from "../../../functions/pipelines/graph/rules/kinds.ts";
import { patternCatalogue } from "../../../functions/pipelines/graph/rules/patterns.ts";
import { answerKey } from "../../../functions/pipelines/graph/rules/types/flow.ts";
import { validateGraph } from "../../../functions/pipelines/graph/rules/validate.ts";
import { requireGraphContents } from "../../../functions/pipelines/graph/run.ts";
import { graphFrom, portablePipelineSchema } from "../../../functions/pipelines/portable/rules/document.ts";

const files = templateFiles();
const all = await Promise.all(files.map(async ([id, file]) => ({ id, template: await readTemplate(file) })));
const rows = all.map(({ id, template }) => [id, template] as const);
const agentsOf = (document: (typeof all)[number]["template"]["document"]) =>
  document.agents.map((agent) => portableAgentSchema.parse(agentWithSecretsNamed(agent)));

/** An id for each agent of a document. */
const idsOf = (names: readonly string[]) =>
  new Map(names.map((name, i) => [name, `agt_${String(i + 1).padStart(26, "0")}`]));

describe.each(rows)("the template %s", (id, { document, title, example_input }) => {
  const agents = agentsOf(document);
  const pipelines = document.pipelines.map((one) => portablePipelineSchema.parse(one));
  const ids = idsOf(agents.map(({ name }) => name));

  it("has a name of its own, and is found by it", async () => {
    expect(templateId.safeParse(id).success).toBe(true);
    expect((await templateNamed(id)).title).toBe(title);
    expect(all.filter(({ template }) => template.title === title)).toHaveLength(1);
    expect(example_input).toBeDefined();
  });

  it("has graphs in which nothing is found that would be amiss, once its agents are active", async () => {
    const active = new Map([...ids.values()].map((one) => [one, { status: "active" as const }]));
    const answers = new Map(
      agents.map(({ name, response_schema }) => [answerKey(ids.get(name) ?? "", undefined), response_schema]),
    );
    for (const { graph: sent, pattern } of pipelines) {
      const { graph, issues } = graphFrom(sent, ({ name }) => ids.get(name));
      expect(issues).toEqual([]);
      if (graph === undefined) throw new Error("no graph");
      await requireGraphContents(graph);
      expect(validateGraph(graph, { pattern, agents: active, answers })).toEqual({
        valid: true,
        errors: [],
        warnings: [],
      });
    }
  });

  it("uses each of its agents, and nothing that a newcomer does not have", () => {
    const named = pipelines.flatMap(({ graph }) => [...JSON.stringify(graph).matchAll(/"\$agent":"([^"]+)"/g)]);
    const used = new Set(named.map(([, name = ""]) => name));
    if (pipelines.length > 0) expect([...used].sort()).toEqual(agents.map(({ name }) => name).sort());
    expect(agents.filter(({ model_id }) => findModel(model_id) === undefined)).toEqual([]);
  });

  it("tells its agents that what they work on gives them no orders, and fills nothing of it into prompts", () => {
    for (const { name, system_prompt } of agents) {
      expect(system_prompt, name).toMatch(
        /material|never an? instruction|instructions? .*not for you|data from outside|like any other|are code under review|not followed/i,
      );
      expect(system_prompt, name).not.toMatch(/\{\{/);
      expect(system_prompt.length, name).toBeGreaterThan(250);
    }
  });

  it("asks for answers in a form that every provider's strict mode takes", () => {
    for (const { response_schema } of agents) if (response_schema !== null) strict(response_schema);
  });
});

/** Every object is closed and has all its members: what is missing is null or empty. */
function strict(schema: unknown): void {
  if (typeof schema !== "object" || schema === null) return;
  const { type, properties = {}, required, additionalProperties, items } = schema as Record<string, unknown>;
  if (type === "object") {
    expect(additionalProperties).toBe(false);
    expect([...(required as string[])].sort()).toEqual(Object.keys(properties as object).sort());
  }
  for (const member of Object.values(properties as object)) strict(member);
  strict(items);
}

describe("the gallery", () => {
  it("shows every pattern and every kind of node that there is", async () => {
    const shown = await templatesLike({});
    expect(shown.map(({ id }) => id)).toEqual(files.map(([id]) => id));
    const patterns = new Set(shown.flatMap((one) => one.patterns));
    const names = patternCatalogue().map(({ name }) => name);
    expect(names.filter((name) => name !== "custom" && !patterns.has(name))).toEqual([]);
    const kinds = new Set(
      all.flatMap(({ template }) =>
        template.document.pipelines.flatMap((one) =>
          (one as { graph: { nodes: { kind: string }[] } }).graph.nodes.map(({ kind }) => kind),
        ),
      ),
    );
    expect(KINDS_SHOWN.filter((kind) => !kinds.has(kind))).toEqual([]);
    expect(KINDS_SHOWN.every((kind) => kind in nodeKinds)).toBe(true);
  });

  it("is narrowed by type, pattern, tag and the beginnings of words", async () => {
    const ids = async (filter: Parameters<typeof templatesLike>[0]) =>
      (await templatesLike(filter)).map(({ id }) => id);
    expect(await ids({ pattern: "debate" })).toEqual(["debate"]);
    expect(await ids({ type: "agent", tag: "Support" })).toEqual(["feedback-classifier", "support-answerer"]);
    expect(await ids({ search: "gloss TRANSL" })).toEqual(["glossary-translator"]);
    expect(await ids({ search: "ossary" })).toEqual([]);
    expect((await ids({ type: "agent" })).length + (await ids({ type: "pipeline" })).length).toBe(files.length);
  });
});

/** Kinds that a template shows; a new kind comes with a template or stays out of here. */
const KINDS_SHOWN = [
  "input",
  "agent",
  "condition",
  "router",
  "merge",
  "synthesizer",
  "http",
  "transform",
  "wait",
  "output",
];
