import * as z from "zod";
import { idSchema } from "../../../shared/ids.ts";
import { defineStates } from "../../../shared/states.ts";
import { retrievalSchema } from "../model.ts";

export const indexStatusSchema = z.enum(["pending", "ready", "failed"]).meta({ id: "AgentIndexStatus" });
export type IndexStatus = z.output<typeof indexStatusSchema>;

export const indexStates = defineStates("index of a context", indexStatusSchema.options, [
  {
    from: [],
    to: "pending",
    why: "The agent's contexts have become more than its budget, or one of them has changed.",
  },
  { from: ["pending"], to: "ready", why: "All of its pieces have their vectors." },
  {
    from: ["pending"],
    to: "failed",
    why: "The model for embeddings does not answer; `error` says why and what to do.",
  },
  { from: ["failed"], to: "pending", why: "It was asked for again, or something about the agent has changed." },
]);

/** Why something is not there, and what to do. */
export const lackSchema = z.object({ code: z.string(), message: z.string() });

export const indexedContextSchema = z
  .object({
    context_id: idSchema("agent_context"),
    name: z.string(),
    status: indexStatusSchema,
    chunks: z.int().meta({ description: "Pieces that are searched; 0 while that is not known." }),
    indexed_chunks: z.int(),
    error: lackSchema.nullable(),
    updated_at: z.string().nullable(),
  })
  .meta({ id: "AgentIndexedContext", description: "How far a context is indexed." });

export const retrievalStateSchema = z
  .object({
    agent_id: idSchema("agent"),
    version: z.int().nullable().meta({ description: "Null for the working copy." }),
    retrieval: retrievalSchema,
    searched: z.boolean().meta({
      description: "Whether contexts are searched. Else they are sent whole, and none is indexed.",
    }),
    content_bytes: z.int().meta({ description: "Of all contexts that are active and ready." }),
    budget_bytes: z.int().meta({ description: "With more than this, contexts are searched in mode `auto`." }),
    status: indexStatusSchema.nullable().meta({
      description: "Of all contexts together: `ready` once the agent can be run; null where they are not searched.",
    }),
    contexts: z.array(indexedContextSchema),
  })
  .meta({ id: "AgentRetrievalState", description: "How an agent's contexts are used, and how far they are indexed." });
export type RetrievalState = z.output<typeof retrievalStateSchema>;
