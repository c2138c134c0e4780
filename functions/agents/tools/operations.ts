import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { pageOf, pageQuery } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";
import { agentPath, offerKindSchema, toolDetailSchema, toolSchema } from "../model.ts";
import { offerLimits } from "../offers/rules/limits.ts";
import { agentResource, toolResource } from "../resources.ts";
import { newToolSchema, toolDescription, toolName } from "./rules/definition.ts";

const path = agentPath.extend({ tool_id: idSchema("agent_tool") });

const updateBody = z
  .strictObject({
    name: toolName,
    description: toolDescription,
    is_enabled: z.boolean(),
    config: z.record(z.string(), z.unknown()).meta({
      description:
        "Members that are named replace the old ones; null removes one. In `headers` and `secret_headers` each name counts for itself: secrets that are not named stay.",
    }),
  })
  .partial()
  .refine((body) => Object.keys(body).length > 0, "names nothing to change");

export const toolOperations = {
  listTools: operation({
    id: "agents.list_tools",
    method: "GET",
    path: "/agents/{agent_id}/tools",
    summary: "List an agent's tools",
    permission: "agents:read",
    resource: agentResource,
    request: { path: agentPath, query: z.strictObject(pageQuery) },
    response: pageOf(toolSchema),
    success: 200,
    errors: [],
  }),
  createTool: operation({
    id: "agents.create_tool",
    method: "POST",
    path: "/agents/{agent_id}/tools",
    summary: "Add a tool",
    description:
      "A function is an expression over the model's arguments, an API is one HTTP endpoint, an MCP server brings tools of its own. Values of `secret_headers` are encrypted and never shown again.",
    permission: "agents:update",
    resource: agentResource,
    request: { path: agentPath, body: newToolSchema },
    response: toolSchema,
    success: 201,
    errors: ["conflict", "already_exists"],
  }),
  getTool: operation({
    id: "agents.get_tool",
    method: "GET",
    path: "/agents/{agent_id}/tools/{tool_id}",
    summary: "Read a tool",
    permission: "agents:read",
    resource: toolResource,
    request: { path },
    response: toolDetailSchema,
    success: 200,
    errors: [],
  }),
  acceptTool: operation({
    id: "agents.accept_tool",
    method: "POST",
    path: "/agents/{agent_id}/tools/{tool_id}/accept",
    summary: "Accept what an MCP server says now of its tools, resources and prompts",
    description:
      "What an MCP server says of a tool, a resource or a prompt is pinned when an agent first uses it, for its working copy and for each version. What changes is not used until it is accepted here.",
    permission: "agents:update",
    resource: toolResource,
    request: {
      path,
      body: z.strictObject({
        version: z.int().min(1).optional().meta({ description: "Of a version; else of the working copy." }),
        kind: offerKindSchema.optional().meta({ description: "Of these only; else of all." }),
        names: z
          .array(z.string().min(1).max(offerLimits.uri))
          .min(1)
          .max(100)
          .optional()
          .meta({ description: "The server's own names, of a resource its address; else all that have changed." }),
      }),
    },
    response: toolDetailSchema,
    success: 200,
    errors: ["precondition_failed"],
  }),
  updateTool: operation({
    id: "agents.update_tool",
    method: "PATCH",
    path: "/agents/{agent_id}/tools/{tool_id}",
    summary: "Change a tool",
    description: "Stored secrets do not follow to another address: give them again when it changes.",
    permission: "agents:update",
    resource: toolResource,
    request: { path, body: updateBody },
    response: toolSchema,
    success: 200,
    errors: ["conflict", "already_exists", "precondition_failed"],
  }),
  removeTool: operation({
    id: "agents.delete_tool",
    method: "DELETE",
    path: "/agents/{agent_id}/tools/{tool_id}",
    summary: "Remove a tool",
    description: "Versions that hold it keep it.",
    permission: "agents:update",
    resource: toolResource,
    request: { path },
    response: "none",
    success: 204,
    errors: ["conflict", "precondition_failed"],
  }),
} as const;
