import type * as z from "zod";
import type { agentSchema, agentSummarySchema, Definition, ToolView } from "../model.ts";
import type { Parts, StoredAgent, StoredTool } from "../store.ts";
import { shownConfig } from "../tools/rules/shown.ts";
import { contextSnapshotSchema, type SnapshotContent, toolSnapshotSchema } from "../versions/rules/snapshot.ts";

/** How stored things look from outside. Members that a response does not declare are dropped when it is rendered. */

type Summary = z.input<typeof agentSummarySchema> & { readonly etag: string };

export const summaryView = (agent: StoredAgent): Summary => ({
  ...agent,
  has_unversioned_changes: agent.definition_number !== agent.versioned_definition,
});

export const agentView = (
  agent: StoredAgent,
  system_prompt: string | null,
  { contexts, tools }: Parts,
): z.input<typeof agentSchema> & { readonly etag: string } => ({
  ...summaryView(agent),
  system_prompt,
  contexts,
  tools: tools.map(toolView),
});

export const toolView = (tool: StoredTool): ToolView & { readonly etag: string } => ({
  ...tool,
  config: shownConfig(tool.config),
});

export const definitionOf = (agent: StoredAgent, system_prompt: string): Definition => ({
  name: agent.name,
  description: agent.description,
  agent_type: agent.agent_type,
  model_id: agent.model_id,
  fallback_model_ids: agent.fallback_model_ids,
  cache_prompt: agent.cache_prompt,
  guardrail: agent.guardrail,
  retrieval: agent.retrieval,
  system_prompt,
  temperature: agent.temperature,
  max_tokens: agent.max_tokens,
  response_schema: agent.response_schema,
  capabilities: agent.capabilities,
  tags: agent.tags,
  metadata: agent.metadata,
});

/** Everything an agent consists of, as a version keeps it. */
export const contentOf = (agent: StoredAgent, system_prompt: string, parts: Parts): SnapshotContent => ({
  definition: definitionOf(agent, system_prompt),
  contexts: parts.contexts.map((context) => contextSnapshotSchema.parse(context)),
  tools: parts.tools.map((tool) => toolSnapshotSchema.parse(tool)),
});
