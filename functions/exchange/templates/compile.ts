import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { mermaidOf, sceneOf } from "../../pipelines/drawing/public.ts";
import { graphFrom, placed, portablePipelineSchema, UNKNOWN } from "../../pipelines/portable/public.ts";
import { secretsIn } from "../export/secrets.ts";
import { readYaml } from "../yaml/run.ts";
import { type Template, type TemplateSource, templateSource } from "./model.ts";

const FOLDER = join(import.meta.dirname, "library");

/** The files of all templates, by id. */
export const templateFiles = (): [id: string, file: string][] =>
  globSync("*.yaml", { cwd: FOLDER })
    .sort()
    .map((file) => [basename(file, ".yaml"), join(FOLDER, file)]);

/** A template as its file says it, read as imports are. */
export const readTemplate = async (file: string): Promise<TemplateSource> =>
  templateSource.parse(await readYaml(readFileSync(file, "utf8")));

const modelsOf = (agent: unknown): string[] => {
  const { model_id, fallback_model_ids = [] } = agent as { model_id: string; fallback_model_ids?: string[] };
  return [model_id, ...fallback_model_ids];
};

/** A template with what follows from its document. */
function compiled(id: string, { document, ...told }: TemplateSource): Template {
  const pipelines = document.pipelines.map((one) => portablePipelineSchema.parse(one));
  const drawn = pipelines.map(({ name, graph: sent, positions }) => {
    const { graph, issues } = graphFrom(sent, ({ type }) => UNKNOWN[type]);
    if (graph === undefined) throw new Error(`${id}, ${name}: ${JSON.stringify(issues)}`);
    return {
      drawing: { pipeline: name, mermaid: mermaidOf(sceneOf(graph), name, "right") },
      positions: Object.keys(positions).length === 0 ? placed(graph) : positions,
    };
  });
  const whole = pipelines.map((one, i) => ({ ...one, positions: drawn[i]?.positions ?? {} }));
  return {
    id,
    type: pipelines.length > 0 ? "pipeline" : "agent",
    ...told,
    patterns: [...new Set(pipelines.map(({ pattern }) => pattern))],
    agents: document.agents.length,
    pipelines: pipelines.length,
    models: [...new Set(document.agents.flatMap(modelsOf))].sort(),
    to_supply: [...secretsIn(document.agents, "agents"), ...secretsIn(document.pipelines, "pipelines")].sort(),
    document: { ...document, pipelines: whole },
    drawings: drawn.map(({ drawing }) => drawing),
  };
}

/**
 * All templates as the deployed code has them. The files are for people, in YAML; reading that takes a package and a
 * thread, which no function has to spend on what never changes while it runs.
 */
export async function compiledTemplates(): Promise<Template[]> {
  const templates = [];
  for (const [id, file] of templateFiles()) templates.push(compiled(id, await readTemplate(file)));
  return templates;
}
