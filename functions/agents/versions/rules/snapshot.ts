import * as z from "zod";
import { blobSchema } from "../../../../shared/blobs/blobs.ts";
import {
  contextSchema,
  contextStatusSchema,
  definitionSchema,
  storedCachePrompt,
  storedCapabilities,
  storedGuardrail,
  storedRetrieval,
  toolTypeSchema,
} from "../../model.ts";

/** A context within a snapshot: everything but its text, which has its place by content hash and never changes there. */
export const contextSnapshotSchema = contextSchema.omit({ agent_id: true, created_at: true, updated_at: true }).extend({
  content: blobSchema.nullable(),
  status: contextStatusSchema,
});
export type ContextSnapshot = z.output<typeof contextSnapshotSchema>;

/** A tool within a snapshot. Secret headers are in it as they are stored: encrypted for this tenant and this tool. */
export const toolSnapshotSchema = z.object({
  id: z.string(),
  tool_type: toolTypeSchema,
  name: z.string(),
  description: z.string(),
  config: z.record(z.string(), z.unknown()),
  is_enabled: z.boolean(),
});
export type ToolSnapshot = z.output<typeof toolSnapshotSchema>;

/** Everything an agent consists of at one moment. What it was checked against when it was saved is not checked again. */
export const snapshotContentSchema = z.object({
  definition: definitionSchema.extend({
    response_schema: z.record(z.string(), z.unknown()).nullable(),
    cache_prompt: storedCachePrompt,
    guardrail: storedGuardrail,
    retrieval: storedRetrieval,
    capabilities: storedCapabilities,
  }),
  contexts: z.array(contextSnapshotSchema),
  tools: z.array(toolSnapshotSchema),
});
export type SnapshotContent = z.output<typeof snapshotContentSchema>;

/** What can be run: a version, or the working copy (`version` is null). */
export interface AgentSnapshot extends SnapshotContent {
  readonly organization_id: string;
  readonly agent_id: string;
  readonly version: number | null;
}
