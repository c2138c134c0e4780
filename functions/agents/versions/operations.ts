import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { pageOf, pageQuery } from "../../../shared/http/schemas.ts";
import {
  agentLimits,
  agentPath,
  agentSchema,
  contextSchema,
  definitionSchema,
  shownPrompt,
  toolSchema,
  versionSchema,
} from "../model.ts";
import { agentResource, versionResource, wholeAgentResource } from "../resources.ts";

/** Version numbers begin at 1. */
const number = z
  .string()
  .regex(/^[1-9]\d{0,8}$/)
  .transform(Number)
  .meta({ example: 3 });
const path = agentPath.extend({ number });

const contentView = {
  definition: definitionSchema.extend({
    response_schema: z.record(z.string(), z.unknown()).nullable(),
    system_prompt: shownPrompt,
  }),
  contexts: z.array(contextSchema.omit({ agent_id: true, created_at: true, updated_at: true })),
  tools: z.array(toolSchema.omit({ agent_id: true, created_at: true, updated_at: true })),
};

const fieldDifference = z
  .object({ field: z.string(), old: z.unknown(), new: z.unknown() })
  .meta({ id: "AgentFieldDifference" });
const partDifference = z
  .object({
    id: z.string(),
    name: z.string(),
    change: z.enum(["added", "removed", "changed"]),
    fields: z.array(fieldDifference),
  })
  .meta({ id: "AgentPartDifference", description: "What differs in one context or tool." });

export const versionOperations = {
  listVersions: operation({
    id: "agents.list_versions",
    method: "GET",
    path: "/agents/{agent_id}/versions",
    summary: "List an agent's versions, newest first",
    permission: "agents:read",
    resource: agentResource,
    request: { path: agentPath, query: z.strictObject(pageQuery) },
    response: pageOf(versionSchema),
    success: 200,
    errors: [],
  }),
  createVersion: operation({
    id: "agents.create_version",
    method: "POST",
    path: "/agents/{agent_id}/versions",
    summary: "Make a version of the working copy",
    description:
      "An immutable snapshot of definition, contexts and tools under the next number. The version of an active agent becomes the active one.",
    permission: "agents:update",
    resource: wholeAgentResource,
    request: {
      path: agentPath,
      body: z.strictObject({ changelog: z.string().max(agentLimits.changelog).default("") }),
    },
    response: versionSchema,
    success: 201,
    location: "/agents/{agent_id}/versions/{number}",
    errors: ["conflict"],
  }),
  getVersion: operation({
    id: "agents.get_version",
    method: "GET",
    path: "/agents/{agent_id}/versions/{number}",
    summary: "Read a version with everything in it",
    permission: "agents:read",
    besides: ["agents:read_prompts"],
    resource: versionResource,
    request: { path },
    response: z.object({ ...versionSchema.shape, ...contentView }),
    success: 200,
    errors: [],
  }),
  diffVersion: operation({
    id: "agents.diff_version",
    method: "GET",
    path: "/agents/{agent_id}/versions/{number}/diff",
    summary: "What differs between two versions",
    description: "From `against` to this version: the version before it, another number, or the `working_copy`.",
    permission: "agents:read",
    besides: ["agents:read_prompts"],
    resource: versionResource,
    request: {
      path,
      query: z.strictObject({ against: z.union([z.literal("working_copy"), number]).optional() }),
    },
    response: z.object({
      from: z
        .union([z.int(), z.literal("working_copy")])
        .nullable()
        .meta({ description: "null: nothing, before the first version." }),
      to: z.int(),
      definition: z.array(fieldDifference),
      contexts: z.array(partDifference),
      tools: z.array(partDifference),
    }),
    success: 200,
    errors: [],
  }),
  rollBack: operation({
    id: "agents.roll_back",
    method: "POST",
    path: "/agents/{agent_id}/versions/{number}/rollback",
    summary: "Set an agent back to a version",
    description:
      "Restores definition, contexts and tools, and makes a new version that equals the old one. The workspaces and the status stay as they are.",
    permission: "agents:update",
    besides: ["agents:read_prompts"],
    resource: wholeAgentResource,
    request: { path },
    response: agentSchema,
    success: 200,
    errors: ["conflict", "already_exists", "precondition_failed"],
  }),
} as const;
