import * as z from "zod";
import { tagsSchema } from "../../../shared/http/schemas.ts";
import { documentSchema, importSchema, portableTypeSchema } from "../model.ts";

const line = z.string().trim().min(1).max(300);

/** Slugs: names of files of the product. */
export const templateId = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,63}$/, "must be lower-case letters, digits and -")
  .meta({ example: "support-answerer" });

const described = {
  version: z.int().min(1).meta({ description: "Counts up with every change of the template." }),
  title: z.string().trim().min(1).max(80).meta({ example: "Support answerer" }),
  summary: line.meta({ example: "Answers customers from your own articles, and says when a person is needed." }),
  tags: tagsSchema.min(1),
};

const more = {
  setup: z
    .array(line.meta({ example: "Add your help articles as contexts of the agent." }))
    .max(10)
    .meta({ description: "What is to be done with what has been made, before it is of use." }),
  example_input: z.unknown().meta({
    description: "Something to try it with: the input of a run.",
    example: { message: "How do I change my invoice address?" },
  }),
};

/** A template as its file has it; its name is the file's. */
export const templateSource = z.strictObject({
  ...described,
  ...more,
  setup: more.setup.default([]),
  document: documentSchema,
});
export type TemplateSource = z.output<typeof templateSource>;

const summary = {
  id: templateId,
  type: portableTypeSchema.meta({ description: "What it is for: the agents that it makes, or a pipeline of them." }),
  ...described,
  patterns: z.array(z.string().meta({ example: "router" })).meta({ description: "Of its pipelines." }),
  agents: z.int().meta({ description: "How many agents it makes; each takes a place of the plan." }),
  pipelines: z.int().meta({ description: "How many pipelines it makes." }),
};

/** A template as the gallery lists it. */
export const templateSummarySchema = z
  .object(summary)
  .meta({ id: "TemplateSummary", description: "A template, without what it makes." });
export type TemplateSummary = z.output<typeof templateSummarySchema>;

export const templateSchema = z
  .object({
    ...summary,
    ...more,
    models: z.array(z.string().meta({ example: "amazon-bedrock/claude-haiku-4-5" })).meta({
      description: "That its agents name. Give `model_id` to use one that your organization has in place of all.",
    }),
    to_supply: z
      .array(z.string().meta({ example: "pipelines.Lead enrichment.graph.nodes.lookup.config.secret_headers.X-Key" }))
      .meta({ description: "Secrets that are yours to give: kept empty until then." }),
    document: z.record(z.string(), z.unknown()).meta({
      description: "What it makes, as `POST /imports` takes it.",
      example: {
        kaizen_version: 1,
        agents: [{ name: "Triage", agent_type: "task", model_id: "amazon-bedrock/claude-haiku-4-5" }],
      },
    }),
    drawings: z
      .array(
        z
          .object({
            pipeline: z.string().meta({ example: "Triage" }),
            mermaid: z.string().meta({ example: "flowchart LR\n  n0 --> n1\n" }),
          })
          .meta({ id: "TemplateDrawing", description: "The graph of a pipeline as Mermaid's flow chart." }),
      )
      .meta({ description: "The graphs as they will be." }),
  })
  .meta({ id: "Template", description: "An agent, or a pipeline with its agents, ready to be made yours." });
export type Template = z.output<typeof templateSchema>;

export const templateUseSchema = importSchema
  .extend({ template: z.object({ id: templateId, version: z.int() }).meta({ id: "UsedTemplate" }) })
  .meta({ id: "TemplateUse", description: "What the use of a template makes, thing by thing." });
