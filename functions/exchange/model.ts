import * as z from "zod";
import { limits, visibleText } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { modelIdSchema } from "../agents/model.ts";

/** Which documents this code writes and reads. A change that an older reader would misunderstand counts it up. */
export const DOCUMENT_VERSION = 1;

/** Things of each kind in one document. */
export const MOST_THINGS = 100;

export const formats = ["json", "yaml"] as const;
export type Format = (typeof formats)[number];
export const formatSchema = z.enum(formats).meta({ id: "DocumentFormat" });

const things = z.array(z.unknown()).max(MOST_THINGS).default([]);
const places = z.array(z.string()).optional();

/** What a document holds. */
export const portableTypeSchema = z.enum(["agent", "pipeline"]).meta({ id: "PortableType" });
export type PortableType = z.output<typeof portableTypeSchema>;

/** A document without what its things are, which their rooms know. */
export const documentSchema = z
  .strictObject({
    kaizen_version: z.literal(DOCUMENT_VERSION, {
      error: `must be ${DOCUMENT_VERSION}: this is the version that is read here`,
    }),
    agents: things,
    pipelines: things,
    to_supply: places,
    left_out: places,
  })
  .refine(({ agents, pipelines }) => agents.length + pipelines.length > 0, "has neither agents nor pipelines");

export const conflictPolicies = ["fail", "rename", "update"] as const;
export type ConflictPolicy = (typeof conflictPolicies)[number];

/** How long what stands before all names may be. */
const PREFIX = 40;
/** In how many workspaces at once. */
const WORKSPACES = 10;

/** How what a document holds comes into an organization, wherever the document is from. */
export const carryOptions = {
  dry_run: z
    .boolean()
    .default(false)
    .meta({ description: "Nothing is written; the answer and its status are what they would be." }),
  model_id: modelIdSchema
    .optional()
    .meta({ description: "The model of all agents, instead of those that the document names." }),
  name_prefix: visibleText(z.string().min(1).max(PREFIX))
    .optional()
    .meta({
      description: `Stands before every name of the document; of at most ${limits.name} characters together.`,
      example: "Acme ",
    }),
  workspace_ids: z
    .array(idSchema("workspace"))
    .max(WORKSPACES)
    .refine((ids) => new Set(ids).size === ids.length, "must not name a workspace twice")
    .default([])
    .meta({ description: "The workspaces of what is made new." }),
};

/** How carrying something in can be refused, by its operation's own words. */
export const importErrors = [
  "quota_exceeded",
  "unknown_model",
  "reference_not_found",
  "conflict",
  "forbidden",
] as const;

/** What bringing things in can need, by what is to be done with each. */
export const importNeeds = [
  "agents:create",
  "agents:read",
  "agents:read_prompts",
  "agents:update",
  "pipelines:create",
  "pipelines:read",
  "pipelines:update",
] as const;
export type ImportNeed = (typeof importNeeds)[number];

export const importActions = ["create", "update", "unchanged", "conflict"] as const;
const shownValue = z
  .union([z.string(), z.number(), z.boolean(), z.null()])
  .meta({ id: "ImportValue", example: "Looks up a word." });

export const importSchema = z
  .object({
    dry_run: z.boolean(),
    items: z.array(
      z
        .object({
          type: portableTypeSchema,
          name: z.string().meta({ description: "What it is called here." }),
          document_name: z.string().meta({ description: "What it is called in the document.", example: "Triage" }),
          id: z.string().nullable().meta({
            example: "agt_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
            description: "null of what is not made yet, in a dry run.",
          }),
          action: z.enum(importActions),
          changes: z
            .array(
              z
                .object({
                  path: z.string().meta({ example: "tools.lookup.description" }),
                  old: shownValue,
                  new: shownValue,
                })
                .meta({
                  id: "ImportChange",
                  description: "null stands for nothing, and for what is long or no single value.",
                }),
            )
            .meta({ description: "Of what is there already: where the document differs." }),
        })
        .meta({ id: "ImportItem" }),
    ),
    to_supply: z
      .array(z.string().meta({ example: "agents.Triage.tools.lookup.config.secret_headers.Authorization" }))
      .meta({
        description: "Secrets that neither the document nor the organization has, and people who are to be named.",
      }),
  })
  .meta({ id: "Import", description: "What an import does, thing by thing." });
