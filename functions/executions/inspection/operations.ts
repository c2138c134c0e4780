import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { idSchema } from "../../../shared/ids.ts";
import { agentPath, offerKindSchema } from "../../agents/model.ts";
import { toolResource } from "../../agents/resources.ts";

const chosen = z.boolean().meta({ description: "Whether the tool's configuration names it." });
const words = { name: z.string(), description: z.string() };

export const offerView = z
  .object({
    tools: z.array(
      z.object({
        ...words,
        problem: z.string().nullable().meta({ description: "Why a model cannot be given it." }),
        chosen,
      }),
    ),
    resources: z.array(
      z.object({
        uri: z.string().meta({ example: "docs://team/handbook" }),
        ...words,
        mime_type: z.string().nullable().meta({ example: "text/markdown" }),
        chosen,
      }),
    ),
    resource_templates: z.array(
      z.object({
        uri_template: z.string().meta({ example: "notes://{day}" }),
        ...words,
        mime_type: z.string().nullable().meta({ example: "text/markdown" }),
      }),
    ),
    prompts: z.array(
      z.object({
        ...words,
        arguments: z.array(z.object({ ...words, required: z.boolean() })),
        chosen,
      }),
    ),
    unavailable: z
      .array(z.object({ kind: offerKindSchema, code: z.string(), message: z.string() }))
      .meta({ description: "Of which kinds the server has said nothing, or more than is shown, and why." }),
  })
  .meta({ id: "McpOffer", description: "What an MCP server has now." });
export type OfferView = z.output<typeof offerView>;

export const inspectionOperations = {
  inspectTool: operation({
    id: "agents.inspect_tool",
    method: "POST",
    path: "/agents/{agent_id}/tools/{tool_id}/inspect",
    summary: "Ask an MCP server what it has",
    description:
      "Its tools, resources, templates of resources and prompts as it lists them now, from which the tool's configuration chooses. Nothing is changed or pinned by it.",
    permission: "agents:update",
    resource: toolResource,
    request: { path: agentPath.extend({ tool_id: idSchema("agent_tool") }) },
    response: offerView,
    success: 200,
    errors: ["conflict"],
  }),
} as const;
