import * as z from "zod";
import { descriptionSchema, limits, metadataSchema, nameSchema, tagsSchema } from "../../shared/http/schemas.ts";
import { ownerIdSchema } from "../../shared/identity/owned.ts";
import { idSchema } from "../../shared/ids.ts";
import { jsonSchemaField } from "../../shared/json-schema/schema.ts";
import { defineStates } from "../../shared/states.ts";
import { defaultEmbeddingId } from "../models/defaults/public.ts";
import { offerKinds } from "./offers/rules/kinds.ts";

/**
 * Contexts and tools of one agent. A rollback replaces all of them in one transaction of 100 items: at most 20 of each
 * are written and 20 of each removed, which leaves room for the agent, its name, the audit entry and the event.
 */
export const agentLimits = {
  contexts: 20,
  tools: 20,
  workspaces: 20,
  text_context_bytes: 1_000_000,
  file_bytes: 50_000_000,
  message: limits.prompt,
  history: 100,
  fallback_models: 3,
  capabilities: 20,
  variables: 50,
  variable: 10_000,
  changelog: 1_000,
  max_tokens: 1_000_000,
} as const;

export const agentTypeSchema = z.enum(["chat", "task", "pipeline", "custom"]).meta({ id: "AgentType" });
export const agentStatusSchema = z.enum(["draft", "active", "archived", "purging"]).meta({ id: "AgentStatus" });
export type AgentStatus = z.output<typeof agentStatusSchema>;

export const agentStates = defineStates("agent", agentStatusSchema.options, [
  { from: [], to: "draft", why: "It is created, or copied." },
  { from: ["draft"], to: "active", why: "It is activated: a version that others may run." },
  { from: ["active"], to: "draft", why: "It is deactivated; with `force` although others refer to it." },
  { from: ["draft", "active"], to: "archived", why: "It is archived; with `force` although others refer to it." },
  { from: ["archived"], to: "draft", why: "It is restored." },
  { from: ["archived"], to: "purging", why: "Nobody restored it in time: it is being erased." },
]);
/** An archived agent is neither changed nor run. */
export const USABLE_AGENT = agentStates.from("archived");

/** Whether an agent can be changed and run: it is not archived, and not on its way out. */
export const isUsable = ({ status }: { readonly status: string }): boolean =>
  USABLE_AGENT.some((usable) => usable === status);

export const modelIdSchema = z.string().min(1).max(200).meta({ example: "amazon-bedrock/claude-sonnet-4-5" });
export const promptSchema = z.string().max(limits.prompt);
export const temperatureSchema = z.number().min(0).max(2);
export const maxTokensSchema = z
  .int()
  .min(0)
  .max(agentLimits.max_tokens)
  .meta({ description: "Most tokens of an answer; 0 is the provider's default." });

/** One skill of an agent, as cards of agents tell it to others: of the same form as a skill of an A2A agent card. */
export const capabilitySchema = z
  .strictObject({
    id: z
      .string()
      .regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/, 'must be 1 to 64 small letters, digits, "_", "." or "-"')
      .meta({ example: "translate.legal" }),
    name: nameSchema,
    description: descriptionSchema.default(""),
    tags: tagsSchema.default([]),
  })
  .meta({ id: "AgentCapability", description: "Something that an agent is good at." });
export type Capability = z.output<typeof capabilitySchema>;

const capabilitiesSchema = z
  .array(capabilitySchema)
  .max(agentLimits.capabilities)
  .refine((all) => new Set(all.map(({ id }) => id)).size === all.length, "must not have two of the same id")
  .meta({ description: "What the agent is good at: a supervisor finds its workers by these." });

/** As they are stored: agents were there before they had these. */
export const storedCapabilities = capabilitiesSchema.default([]);
export const storedCachePrompt = z.boolean().default(false);

/** A guardrail of Amazon Bedrock, by what the service takes for its names. */
export const guardrailSchema = z
  .strictObject({
    id: z
      .string()
      .max(64)
      .regex(/^[a-z0-9]+$/, "must be the id of a guardrail of Amazon Bedrock")
      .meta({ example: "gr8zq1p4x0c2" }),
    version: z
      .string()
      .regex(/^([1-9][0-9]{0,7}|DRAFT)$/, "must be a number, or DRAFT")
      .meta({ example: "3" }),
  })
  .meta({
    id: "AgentGuardrail",
    description:
      "A guardrail of Amazon Bedrock in the account of this deployment. It stands before and behind each call: all models of the agent have to be served there.",
  });

const guardrailField = guardrailSchema.nullable();
export const storedGuardrail = guardrailField.default(null);

const retrievalModeSchema = z.enum(["auto", "always", "off"]).meta({
  id: "AgentRetrievalMode",
  description:
    "`auto`: contexts are searched where together they have more tokens than `budget_tokens`. `always`: whatever they have. `off`: they are sent whole, as far as the model's window has room.",
});

/** How an agent's contexts are searched. */
export const retrievalSchema = z
  .strictObject({
    mode: retrievalModeSchema.default("auto"),
    model_id: modelIdSchema
      .meta({
        description: "A model of kind `embedding`. Another one means that all contexts are indexed anew.",
        example: defaultEmbeddingId,
      })
      .default(defaultEmbeddingId),
    top_k: z.int().min(1).max(50).meta({ description: "Most passages that a call is given." }).default(8),
    budget_tokens: z
      .int()
      .min(100)
      .max(1_000_000)
      .meta({ description: "So many tokens of contexts are sent whole; three bytes count as one." })
      .default(16_000),
  })
  .meta({
    id: "AgentRetrieval",
    description:
      "How contexts are used that are too large for the prompt: those passages are sent that are most like the message.",
  });
export type Retrieval = z.output<typeof retrievalSchema>;

/** As it is stored: agents and versions that were there before are used as before, for nobody has indexed their contexts. */
export const storedRetrieval = retrievalSchema.prefault({ mode: "off" });

/** What a version pins of the agent itself. */
export const definitionSchema = z.object({
  name: nameSchema,
  description: descriptionSchema,
  agent_type: agentTypeSchema,
  model_id: modelIdSchema,
  fallback_model_ids: z
    .array(modelIdSchema)
    .max(agentLimits.fallback_models)
    .refine((ids) => new Set(ids).size === ids.length, "must not name a model twice")
    .meta({ description: "Models that are asked in turn where `model_id` fails, before anything was said or done." }),
  system_prompt: promptSchema,
  temperature: temperatureSchema,
  max_tokens: maxTokensSchema,
  response_schema: jsonSchemaField
    .nullable()
    .meta({ description: "JSON Schema (2020-12) that answers have to match; null for free text." }),
  cache_prompt: z.boolean().meta({
    description:
      "Has the provider keep the prompt, contexts and tools for calls within five minutes, where it does so on request (`supports.prompt_cache` of the model). Reading what is kept costs a fraction of other input, keeping it may cost more: it pays for agents that are asked often or call tools.",
  }),
  guardrail: guardrailField,
  retrieval: retrievalSchema,
  capabilities: capabilitiesSchema,
  tags: tagsSchema,
  metadata: metadataSchema,
});
export type Definition = z.output<typeof definitionSchema>;

const { shape } = definitionSchema;

/** The definition of a new agent, as it is sent: what is left out has its usual value. */
export const newDefinition = {
  ...shape,
  description: shape.description.default(""),
  fallback_model_ids: shape.fallback_model_ids.default([]),
  system_prompt: shape.system_prompt.default(""),
  temperature: shape.temperature.default(0.7),
  max_tokens: shape.max_tokens.default(0),
  response_schema: shape.response_schema.default(null),
  cache_prompt: shape.cache_prompt.default(false),
  guardrail: shape.guardrail.default(null),
  retrieval: shape.retrieval.prefault({}),
  capabilities: shape.capabilities.default([]),
  tags: shape.tags.default([]),
  metadata: shape.metadata.default({}),
};

/** Fields of the definition that a PATCH may change; what an agent is for stays what it was. */
export const definitionFields = [
  "name",
  "description",
  "agent_type",
  "model_id",
  "fallback_model_ids",
  "system_prompt",
  "temperature",
  "max_tokens",
  "response_schema",
  "cache_prompt",
  "guardrail",
  "retrieval",
  "capabilities",
  "tags",
  "metadata",
] as const satisfies readonly (keyof Definition)[];

/** An agent as lists show it: everything but the prompt. */
export const agentSummarySchema = z
  .object({
    id: idSchema("agent"),
    organization_id: idSchema("organization"),
    workspace_ids: z.array(idSchema("workspace")),
    ...definitionSchema.omit({ system_prompt: true, response_schema: true }).shape,
    response_schema: z.record(z.string(), z.unknown()).nullable(),
    status: agentStatusSchema,
    active_version: z
      .int()
      .nullable()
      .meta({ description: "What runs and pipelines use; null until the agent is activated." }),
    latest_version: z.int().meta({ description: "Number of the newest version; 0 when there is none." }),
    has_unversioned_changes: z
      .boolean()
      .meta({ description: "Whether the working copy differs from the newest version." }),
    owner_id: ownerIdSchema,
    created_by: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
    archived_at: z.string().nullable(),
    purge_at: z
      .string()
      .nullable()
      .meta({ description: "Until when an archived agent can be restored; then it is erased with its versions." }),
  })
  .meta({ id: "AgentSummary", description: "An agent, without its prompt." });

export const contextTypeSchema = z.enum(["text", "file", "url"]).meta({ id: "AgentContextType" });
export const contextStatusSchema = z
  .enum(["pending", "processing", "ready", "failed"])
  .meta({ id: "AgentContextStatus" });

export const contextStates = defineStates("context", contextStatusSchema.options, [
  { from: [], to: "ready", why: "It is created as a text." },
  { from: [], to: "pending", why: "It is created as a file, which waits for its upload, or as an address to fetch." },
  {
    from: ["ready", "failed", "processing"],
    to: "pending",
    why: "Another upload is asked for, or the address is fetched again.",
  },
  {
    from: ["pending"],
    to: "processing",
    why: "A file is uploaded whose text has to be taken from it (PDF, Office, HTML).",
  },
  { from: ["pending"], to: "ready", why: "A file of text is uploaded, or the address was fetched." },
  {
    from: ["pending"],
    to: "failed",
    why: "The address has no text, or none within an hour; or a version or a copy takes it up before it arrived.",
  },
  { from: ["processing"], to: "ready", why: "Its text is there." },
  {
    from: ["processing"],
    to: "failed",
    why: "The file gives no text, or too much of it, or none within an hour; `error` says why and what to do.",
  },
]);

/** A piece of knowledge that an agent is given with every message. */
export const contextSchema = z
  .object({
    id: idSchema("agent_context"),
    agent_id: idSchema("agent"),
    name: nameSchema,
    content_type: contextTypeSchema,
    is_active: z.boolean(),
    status: contextStatusSchema.meta({
      description:
        "`pending`: a file waits for its upload, an address for being fetched. `processing`: text is being taken from the uploaded file. Agents are given contexts that are `ready`.",
    }),
    error: z
      .object({ code: z.string(), message: z.string() })
      .meta({ id: "AgentContextError", description: "Why there is no text, and what to do." })
      .nullable(),
    url: z.string().nullable(),
    file: z
      .object({
        filename: z.string(),
        media_type: z.string(),
        size_bytes: z.int(),
        sha256: z.string().nullable(),
      })
      .meta({ id: "AgentContextFile" })
      .nullable(),
    content_bytes: z.int().meta({ description: "Size of the text that the agent is given." }),
    truncated: z.boolean().meta({ description: "The source had more text than a context holds (1 MB)." }),
    fetched_at: z.string().nullable(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: "AgentContext", description: "A text, file or address whose content the agent is given." });
export type ContextView = z.output<typeof contextSchema>;

export const toolTypeSchema = z.enum(["function", "api", "mcp"]).meta({ id: "AgentToolType" });

/** A tool as the API shows it: of secret headers the names only. */
export const toolSchema = z
  .object({
    id: idSchema("agent_tool"),
    agent_id: idSchema("agent"),
    tool_type: toolTypeSchema,
    name: z.string(),
    description: z.string(),
    config: z
      .record(z.string(), z.unknown())
      .meta({ description: "By type; `secret_headers` lists the names of the headers that are stored encrypted." }),
    is_enabled: z.boolean(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: "AgentTool", description: "Something the agent's model may call." });
export type ToolView = z.output<typeof toolSchema>;

export const offerKindSchema = z.enum(offerKinds).meta({ id: "McpOfferKind" });

/** A tool with what its MCP server has changed since it was pinned. */
export const toolDetailSchema = toolSchema
  .extend({
    changed_tools: z
      .array(
        z.object({
          version: z.int().nullable().meta({ description: "The agent's version; null for the working copy." }),
          kind: offerKindSchema,
          name: z.string().meta({ description: "The server's own name of it; of a resource its address." }),
          description: z.string().meta({ description: "What the server says of it now." }),
          seen_at: z.string(),
        }),
      )
      .meta({
        description:
          "What of the MCP server's tools, resources and prompts it describes otherwise than before. They are not used until accepted.",
      }),
  })
  .meta({ id: "AgentToolDetail", description: "A tool with what its server has changed." });

/** A prompt as it is answered. */
export const shownPrompt = z
  .string()
  .nullable()
  .meta({ description: "null where you have no permission `agents:read_prompts`." });

export const agentSchema = z
  .object({
    ...agentSummarySchema.shape,
    system_prompt: shownPrompt,
    contexts: z.array(contextSchema),
    tools: z.array(toolSchema),
  })
  .meta({ id: "Agent", description: "An agent with everything it consists of." });

export const versionSchema = z
  .object({
    id: idSchema("agent_version"),
    agent_id: idSchema("agent"),
    number: z.int(),
    changelog: z.string(),
    rolled_back_to: z.int().nullable().meta({ description: "The version that this one restores." }),
    created_by: z.string(),
    created_at: z.string(),
  })
  .meta({ id: "AgentVersion", description: "An immutable, complete snapshot of an agent." });
export type VersionView = z.output<typeof versionSchema>;

/** The path parameter of whatever is about one agent. */
export const agentPath = z.object({ agent_id: idSchema("agent") });
