import * as z from "zod";
import { cutText } from "../../../../shared/text.ts";

/** What an agent is given of MCP servers beside tools, and how it is recorded. Pure. */

/** Whether the prompt had room for a text. */
export const includedSchema = z.enum(["whole", "part", "none"]).meta({ id: "ContextIncluded" });

/** A resource that was read for the agent: enough to know later what it was. */
export const usedResourceSchema = z
  .object({
    tool_id: z.string(),
    uri: z.string().meta({ example: "docs://team/handbook" }),
    mime_type: z.string().nullable().meta({ example: "text/markdown" }),
    bytes: z.int(),
    sha256: z.string().meta({ example: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }),
    included: includedSchema,
  })
  .meta({ id: "McpResourceUsed", description: "A resource of an MCP server as the agent was given it." });
export type UsedResource = z.output<typeof usedResourceSchema>;

/** Of an address so much is recorded: with all of an execution's resources it is one step's item. */
const RECORDED_URI = 500;

/** A resource as it is recorded: without its text. */
export const recordedResource = (
  { tool_id, uri, mime_type, bytes, sha256 }: Omit<UsedResource, "included">,
  included: UsedResource["included"] = "none",
): UsedResource => ({ tool_id, uri: cutText(uri, RECORDED_URI), mime_type, bytes, sha256, included });

export const usedPromptSchema = z
  .object({ tool_id: z.string(), name: z.string(), messages: z.int(), bytes: z.int(), sha256: z.string() })
  .meta({ id: "McpPromptUsed", description: "A prompt of an MCP server that the agent was asked with." });
export type UsedPrompt = z.output<typeof usedPromptSchema>;

/** What an agent was given, as records show it. */
export const usedMaterial = { resources: z.array(usedResourceSchema), prompt: usedPromptSchema.nullable() };

/** The same as it is stored: of records from before there is nothing. */
export const storedMaterial = {
  resources: usedMaterial.resources.default([]),
  prompt: usedMaterial.prompt.default(null),
};
