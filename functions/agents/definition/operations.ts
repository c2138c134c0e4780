import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { flagQuery, nameSchema, pageOf, pageQuery } from "../../../shared/http/schemas.ts";
import { newOwnerSchema } from "../../../shared/identity/owned.ts";
import { idSchema } from "../../../shared/ids.ts";
import { MOST_WORKSPACES } from "../../workspaces/public.ts";
import {
  agentLimits,
  agentPath,
  agentSchema,
  agentStatusSchema,
  agentSummarySchema,
  agentTypeSchema,
  definitionSchema,
  newDefinition,
  retrievalSchema,
} from "../model.ts";
import { agentResource, wholeAgentResource } from "../resources.ts";

const workspaceIds = z
  .array(idSchema("workspace"))
  .max(MOST_WORKSPACES)
  .refine((ids) => new Set(ids).size === ids.length, "must not name a workspace twice");

const createBody = z.strictObject({ ...newDefinition, workspace_ids: workspaceIds.default([]) });

const { mode, model_id, top_k, budget_tokens } = retrievalSchema.shape;
/** Without what is usual: a change leaves what it does not name. */
const retrievalChange = z
  .strictObject({
    mode: mode.unwrap(),
    model_id: model_id.unwrap(),
    top_k: top_k.unwrap(),
    budget_tokens: budget_tokens.unwrap(),
  })
  .partial()
  .meta({
    id: "AgentRetrievalChange",
    description: "What is to be different in how contexts are searched; the rest stays as it is.",
  });

const updateBody = z
  .strictObject({
    ...definitionSchema.omit({ agent_type: true }).shape,
    retrieval: retrievalChange,
    workspace_ids: workspaceIds,
    owner_id: newOwnerSchema,
  })
  .partial()
  .refine((body) => Object.keys(body).length > 0, "names nothing to change");

const force = z
  .boolean()
  .default(false)
  .meta({ description: "Also when active pipelines or live deployments refer to the agent." });

const forceQuery = flagQuery.meta({
  description: "`true`: also when active pipelines or live deployments refer to the agent.",
});

const used = ["conflict", "precondition_failed"] as const;

export const agentOperations = {
  list: operation({
    id: "agents.list",
    method: "GET",
    path: "/agents",
    summary: "List agents",
    description: "Newest first, archived ones included unless `status` says otherwise. The filters can be combined.",
    permission: "agents:read",
    resource: { type: "agent", list: true },
    request: {
      query: z.strictObject({
        ...pageQuery,
        workspace_id: idSchema("workspace").optional(),
        status: agentStatusSchema.optional(),
        agent_type: agentTypeSchema.optional(),
      }),
    },
    response: pageOf(agentSummarySchema),
    success: 200,
    errors: [],
  }),
  create: operation({
    id: "agents.create",
    method: "POST",
    path: "/agents",
    summary: "Create an agent",
    description: "It begins as a draft. Its name must be unique among the organization's agents that are not archived.",
    permission: "agents:create",
    besides: ["agents:read_prompts"],
    resource: { type: "agent", create: true },
    request: { body: createBody },
    response: agentSchema,
    success: 201,
    errors: ["already_exists", "unknown_model", "reference_not_found", "quota_exceeded"],
  }),
  get: operation({
    id: "agents.get",
    method: "GET",
    path: "/agents/{agent_id}",
    summary: "Read an agent with its contexts and tools",
    permission: "agents:read",
    besides: ["agents:read_prompts"],
    resource: wholeAgentResource,
    request: { path: agentPath },
    response: agentSchema,
    success: 200,
    errors: [],
  }),
  update: operation({
    id: "agents.update",
    method: "PATCH",
    path: "/agents/{agent_id}",
    summary: "Change an agent's working copy",
    description:
      "Changes what is named and leaves the rest. Runs and pipelines go on with the active version until another one is made.",
    permission: "agents:update",
    besides: ["agents:read_prompts"],
    resource: wholeAgentResource,
    request: { path: agentPath, body: updateBody },
    response: agentSchema,
    success: 200,
    errors: ["already_exists", "unknown_model", "reference_not_found", "conflict", "precondition_failed"],
  }),
  remove: operation({
    id: "agents.delete",
    method: "DELETE",
    path: "/agents/{agent_id}",
    summary: "Delete an agent, which archives it",
    description:
      "It can be restored until its `purge_at`, then it is erased with its versions; records of what it did are kept. An agent that is archived already stays so.",
    permission: "agents:delete",
    resource: agentResource,
    request: { path: agentPath, query: z.strictObject({ force: forceQuery }) },
    response: "none",
    success: 204,
    errors: used,
  }),
  activate: operation({
    id: "agents.activate",
    method: "POST",
    path: "/agents/{agent_id}/activate",
    summary: "Activate a draft agent",
    description:
      "Needs a model that can be called and contexts that are ready. Makes a version when the working copy differs from the newest one.",
    permission: "agents:update",
    resource: wholeAgentResource,
    request: {
      path: agentPath,
      body: z.strictObject({ changelog: z.string().max(agentLimits.changelog).default("") }),
    },
    response: agentSummarySchema,
    success: 200,
    errors: ["conflict", "unknown_model", "precondition_failed"],
  }),
  deactivate: operation({
    id: "agents.deactivate",
    method: "POST",
    path: "/agents/{agent_id}/deactivate",
    summary: "Take an active agent back to draft",
    permission: "agents:update",
    resource: agentResource,
    request: { path: agentPath, body: z.strictObject({ force }) },
    response: agentSummarySchema,
    success: 200,
    errors: used,
  }),
  archive: operation({
    id: "agents.archive",
    method: "POST",
    path: "/agents/{agent_id}/archive",
    summary: "Archive an agent",
    description:
      "Frees its name and its place in the plan. It can be restored until its `purge_at`, then it is erased with its versions; one to which an active pipeline refers, when none does any more.",
    permission: "agents:delete",
    resource: agentResource,
    request: { path: agentPath, body: z.strictObject({ force }) },
    response: agentSummarySchema,
    success: 200,
    errors: used,
  }),
  restore: operation({
    id: "agents.restore",
    method: "POST",
    path: "/agents/{agent_id}/restore",
    summary: "Bring an archived agent back as a draft",
    permission: "agents:update",
    resource: agentResource,
    request: { path: agentPath },
    response: agentSummarySchema,
    success: 200,
    errors: ["conflict", "already_exists", "quota_exceeded", "precondition_failed"],
  }),
  duplicate: operation({
    id: "agents.duplicate",
    method: "POST",
    path: "/agents/{agent_id}/duplicate",
    summary: "Copy an agent with its contexts and tools",
    description:
      "The copy is a draft without versions. Without a name it is called `<name> (copy)`, or the next free one. It needs `agents:read` besides.",
    permission: "agents:create",
    besides: ["agents:read", "agents:read_prompts"],
    resource: wholeAgentResource,
    request: { path: agentPath, body: z.strictObject({ name: nameSchema.optional() }) },
    response: agentSchema,
    success: 201,
    location: "/agents/{id}",
    errors: ["already_exists", "reference_not_found", "quota_exceeded", "conflict"],
  }),
  listUses: operation({
    id: "agents.list_uses",
    method: "GET",
    path: "/agents/{agent_id}/uses",
    summary: "Active pipelines and live deployments that refer to an agent",
    permission: "agents:read",
    resource: agentResource,
    request: { path: agentPath, query: z.strictObject(pageQuery) },
    response: pageOf(
      z.object({ user_kind: z.enum(["pipeline", "deployment"]), user_id: z.string(), created_at: z.string() }),
    ),
    success: 200,
    errors: [],
  }),
  executeStatus: operation({
    id: "agents.execute_status",
    method: "GET",
    path: "/agents/{agent_id}/execute/status",
    summary: "Whether an agent can be executed now",
    permission: "agents:read",
    resource: agentResource,
    request: { path: agentPath },
    response: z.object({
      agent_id: z.string(),
      agent_name: z.string(),
      model_id: z.string(),
      provider: z.string().nullable(),
      is_configured: z.boolean(),
      status: agentStatusSchema,
      can_execute: z.boolean(),
      message: z.string(),
    }),
    success: 200,
    errors: [],
  }),
} as const;
