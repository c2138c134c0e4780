import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import { idSchema } from "../../shared/ids.ts";
import { wholeAgentResource } from "../agents/resources.ts";
import { pipelineResource } from "../pipelines/resources.ts";
import {
  carryOptions,
  conflictPolicies,
  formatSchema,
  importErrors,
  importNeeds,
  importSchema,
  MOST_THINGS,
} from "./model.ts";
import { templateOperations } from "./templates/operations.ts";

const media_types = ["application/json", "application/yaml; charset=utf-8"] as const;
const format = formatSchema.default("json");
const include_references = z
  .enum(["true", "false"])
  .meta({ id: "IncludeReferences" })
  .default("true")
  .meta({ description: "Whether the agents and pipelines that it names come along." });
const about =
  'A document of `kaizen_version` 1: things by name, references as `{"$agent": "name"}`, always in the same order. Of secrets it has the names, with null; `to_supply` lists them, `left_out` what could not come along. Needs `agents:read_prompts` where it holds agents or prompts.';

const ids = (noun: "agent" | "pipeline") => z.array(idSchema(noun)).max(MOST_THINGS).default([]);

export const operations = {
  exportAgent: operation({
    id: "exchange.export_agent",
    method: "GET",
    path: "/agents/{agent_id}/export",
    summary: "Export an agent",
    description: about,
    permission: "agents:read_prompts",
    besides: ["agents:read", "pipelines:read"],
    resource: wholeAgentResource,
    request: { path: z.object({ agent_id: idSchema("agent") }), query: z.strictObject({ format }) },
    response: "file",
    media_types,
    success: 200,
    errors: ["forbidden", "payload_too_large", "conflict"],
    rate_class: "export",
  }),
  exportPipeline: operation({
    id: "exchange.export_pipeline",
    method: "GET",
    path: "/pipelines/{pipeline_id}/export",
    summary: "Export a pipeline with the newest revision of its graph",
    description: about,
    permission: "pipelines:read",
    besides: ["agents:read", "agents:read_prompts"],
    resource: pipelineResource,
    request: {
      path: z.object({ pipeline_id: idSchema("pipeline") }),
      query: z.strictObject({ format, include_references }),
    },
    response: "file",
    media_types,
    success: 200,
    errors: ["forbidden", "payload_too_large", "conflict"],
    rate_class: "export",
  }),
  exportMany: operation({
    id: "exchange.export",
    method: "POST",
    path: "/exports",
    summary: "Export several agents and pipelines as one document",
    description: about,
    permission: "agents:read_prompts",
    besides: ["agents:read", "pipelines:read"],
    resource: { type: "agent", list: true },
    request: {
      body: z
        .strictObject({
          agent_ids: ids("agent"),
          pipeline_ids: ids("pipeline"),
          format,
          include_references: z.boolean().default(true),
        })
        .refine(
          ({ agent_ids, pipeline_ids }) => agent_ids.length + pipeline_ids.length > 0,
          "must name at least one thing",
        )
        .meta({ example: { agent_ids: ["agt_01JDQ4X0Z5V8W3N7K2M9R6T1BC"] } }),
    },
    response: "file",
    media_types,
    success: 200,
    errors: ["forbidden", "payload_too_large", "conflict", "reference_not_found"],
    rate_class: "export",
  }),
  importDocument: operation({
    id: "exchange.import",
    method: "POST",
    path: "/imports",
    summary: "Import a document",
    description:
      "Everything in it is checked before anything is written, and all is written at once or nothing: some 90 items of the table, about a dozen agents and pipelines. Names are looked for in the document first, then in the organization. With `dry_run` nothing is written; the answer is the same. Needs the right to create of each kind that it creates, and to read and update of each that is here already and differs. What it creates is a draft.",
    permission: "agents:create",
    or: ["agents:update", "pipelines:create", "pipelines:update"],
    besides: importNeeds,
    resource: { type: "agent", create: true },
    request: {
      body: z.strictObject({
        document: z.union([z.record(z.string(), z.unknown()), z.string()]).meta({
          description: "What an export gave: the JSON itself, or its text as YAML or JSON.",
          example: {
            kaizen_version: 1,
            agents: [{ name: "Triage", agent_type: "task", model_id: "amazon-bedrock/claude-haiku-4-5" }],
          },
        }),
        ...carryOptions,
        on_conflict: z.enum(conflictPolicies).default("fail").meta({
          id: "ImportConflictPolicy",
          description:
            "Of what is here already under its name: nothing is imported, it comes under another name, or what is here becomes like it.",
        }),
      }),
    },
    response: importSchema,
    success: 200,
    errors: [...importErrors, "already_exists"],
  }),
  ...templateOperations,
} as const;
