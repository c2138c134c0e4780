import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { pageOf } from "../../../shared/http/schemas.ts";
import { patternInput } from "../../pipelines/model.ts";
import { carryOptions, importErrors, importNeeds, portableTypeSchema } from "../model.ts";
import { templateId, templateSchema, templateSummarySchema, templateUseSchema } from "./model.ts";
import { templateResource } from "./resources.ts";

const path = z.object({ template_id: templateId });

export const templateOperations = {
  listTemplates: operation({
    id: "exchange.list_templates",
    method: "GET",
    path: "/templates",
    summary: "List the templates",
    description:
      "Agents and pipelines that come with the product, by id. `search` finds templates of which every word begins a word of id, title, summary or tags.",
    permission: "authenticated",
    request: {
      query: z.strictObject({
        type: portableTypeSchema.optional(),
        pattern: patternInput.optional(),
        tag: z.string().min(1).max(64).optional(),
        search: z.string().trim().min(1).max(120).optional(),
      }),
    },
    response: pageOf(templateSummarySchema),
    success: 200,
    errors: [],
  }),
  getTemplate: operation({
    id: "exchange.get_template",
    method: "GET",
    path: "/templates/{template_id}",
    summary: "Get a template with all that it makes",
    description: "The document as an import takes it, what it needs of you, and the graphs of its pipelines drawn.",
    permission: "authenticated",
    request: { path },
    response: templateSchema,
    success: 200,
    errors: [],
  }),
  useTemplate: operation({
    id: "exchange.use_template",
    method: "POST",
    path: "/templates/{template_id}/use",
    summary: "Make a template's agents and pipelines your own",
    description:
      'New drafts each time, all at once or nothing: what is called like something that is here already gets a number, as in "Triage (2)". Needs the right to create of each kind that it makes. A pipeline runs once its agents are activated.',
    permission: "agents:create",
    or: ["pipelines:create"],
    besides: importNeeds,
    resource: templateResource,
    request: {
      path,
      body: z.strictObject({
        ...carryOptions,
        version: z
          .int()
          .min(1)
          .optional()
          .meta({ description: "The version that you have looked at; with another one nothing is made (409)." }),
      }),
    },
    response: templateUseSchema,
    location: "/{collection}/{id}",
    success: 201,
    errors: importErrors,
  }),
} as const;
