import * as z from "zod";
import { blobSchema } from "../../shared/blobs/blobs.ts";
import { defineDue } from "../../shared/due/due.ts";
import { defineItem, type ItemOf } from "../../shared/dynamo/item.ts";
import { idSchema } from "../../shared/ids.ts";
import {
  agentStatusSchema,
  agentSummarySchema,
  agentTypeSchema,
  contextSchema,
  storedCachePrompt,
  storedCapabilities,
  storedGuardrail,
  storedRetrieval,
  versionSchema,
} from "./model.ts";
import { toolSnapshotSchema } from "./versions/rules/snapshot.ts";

/**
 * The agent itself. Its fields are changed by updates, never replaced as a whole: `uses` and `latest_version` are
 * counted by others at the same time.
 */
export const agentItem = defineItem({
  type: "agent",
  summary: "An agent: its working copy without contexts and tools.",
  schema: agentSummarySchema.omit({ has_unversioned_changes: true }).extend({
    /** A long prompt is kept in the bucket, so that lists of agents stay cheap. */
    system_prompt: blobSchema,
    cache_prompt: storedCachePrompt,
    guardrail: storedGuardrail,
    retrieval: storedRetrieval,
    capabilities: storedCapabilities,
    /** Rises with every change of the definition, the contexts or the tools. */
    definition_number: z.int(),
    /** `definition_number` of the newest version; null when there is none. */
    versioned_definition: z.int().nullable(),
    /** Active pipelines and deployments that refer to the agent (`agent_use` items). */
    uses: z.int(),
    contexts: z.int(),
    tools: z.int(),
    etag: z.string(),
  }),
  key: { pk: "AGENT#{id}", sk: "AGENT" },
  indexes: {
    gsi4: { pk: "AGENTS", sk: "{id}" },
    gsi1: { pk: "AGENTS_BY_STATUS#{status}", sk: "{id}" },
    gsi2: { pk: "AGENTS_BY_TYPE#{agent_type}", sk: "{id}" },
    gsi3: { pk: "AGENTS_BY_TYPE#{agent_type}#{status}", sk: "{id}" },
  },
  json: ["metadata", "response_schema"],
});
export type StoredAgent = ItemOf<typeof agentItem>;

/** When an archived agent is erased. Only archived ones have it, and those that are on their way out. */
export const agentPurge = defineDue("agent_purge");

/** When a context whose text somebody is to fetch or to take from a file has waited too long: `agent/context/attempt`. */
export const contextOverdue = defineDue("context_overdue");

export const agentNameItem = defineItem({
  type: "agent_name",
  summary: "Uniqueness of an agent's name among those that are not archived, whatever the case of its letters.",
  schema: z.object({ name_key: z.string(), agent_id: idSchema("agent") }),
  key: { pk: "AGENT_NAME#{name_key}", sk: "AGENT_NAME" },
});

export const agentWorkspaceItem = defineItem({
  type: "agent_workspace",
  summary: "An agent in a workspace, with what lists are narrowed by.",
  schema: z.object({
    workspace_id: idSchema("workspace"),
    agent_id: idSchema("agent"),
    agent_type: agentTypeSchema,
    status: agentStatusSchema,
  }),
  key: { pk: "WORKSPACE_AGENTS#{workspace_id}", sk: "{agent_id}" },
  indexes: {
    gsi1: { pk: "WORKSPACE_AGENTS#{workspace_id}#STATUS#{status}", sk: "{agent_id}" },
    gsi2: { pk: "WORKSPACE_AGENTS#{workspace_id}#TYPE#{agent_type}", sk: "{agent_id}" },
    gsi3: { pk: "WORKSPACE_AGENTS#{workspace_id}#TYPE#{agent_type}#{status}", sk: "{agent_id}" },
  },
});

export const agentContextItem = defineItem({
  type: "agent_context",
  summary: "A context of an agent's working copy; its text is kept by content hash when it is long.",
  schema: contextSchema.extend({
    content: blobSchema.nullable(),
    /** Names the fetch or the upload that is under way; what an older one brings is dropped. */
    attempt: z.string().nullable(),
    /** While a file is being uploaded: when its address ends, and with it its place among the uploads. */
    upload_until: z.string().optional(),
    etag: z.string(),
  }),
  key: { pk: "AGENT#{agent_id}", sk: "CONTEXT#{id}" },
});
export type StoredContext = ItemOf<typeof agentContextItem>;

export const agentToolItem = defineItem({
  type: "agent_tool",
  summary: "A tool of an agent's working copy, by name: the model calls it so. Secret headers are encrypted.",
  schema: toolSnapshotSchema.extend({
    id: idSchema("agent_tool"),
    agent_id: idSchema("agent"),
    name_key: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
    etag: z.string(),
  }),
  key: { pk: "AGENT#{agent_id}", sk: "TOOL#{name_key}" },
  json: ["config"],
});
export type StoredTool = ItemOf<typeof agentToolItem>;

export const agentVersionItem = defineItem({
  type: "agent_version",
  summary: "An immutable version of an agent; the snapshot is JSON of the definition, contexts and tools.",
  schema: versionSchema.extend({
    organization_id: z.string(),
    snapshot: blobSchema,
  }),
  key: { pk: "AGENT#{agent_id}", sk: "VERSION#{number}" },
});
export type StoredVersion = ItemOf<typeof agentVersionItem>;

/** Who refers to an agent and must not lose it: an active pipeline, a live deployment. */
export const agentUseItem = defineItem({
  type: "agent_use",
  summary: "An active pipeline or a live deployment that refers to an agent.",
  schema: z.object({
    agent_id: idSchema("agent"),
    user_kind: z.enum(["pipeline", "deployment"]),
    user_id: z.string(),
    created_at: z.string(),
  }),
  key: { pk: "AGENT#{agent_id}", sk: "USE#{user_kind}#{user_id}" },
});

/** A longer prompt lies in the bucket: a page of 100 agents stays below one read of 1 MB. */
export const PROMPT_INLINE_BYTES = 4_000;
/** The same for a context's text: all of an agent's parts are read at once. */
export const CONTEXT_INLINE_BYTES = 8_000;

export interface Parts {
  readonly contexts: StoredContext[];
  readonly tools: StoredTool[];
}
