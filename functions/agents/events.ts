import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";

const agent = z.object({ agent_id: z.string(), name: z.string() });
const thread = z.object({ agent_id: z.string(), thread_id: z.string() });
const version = z.object({ agent_id: z.string(), number: z.int() });

export const agentEvents = defineEvents({
  "agent.created": {
    summary: "An agent was created.",
    resource: "agent",
    data: agent.extend({ agent_type: z.string(), duplicated_from: z.string().nullable() }),
  },
  "agent.updated": {
    summary: "An agent's definition changed.",
    resource: "agent",
    data: agent.extend({ changed_fields: z.array(z.string()) }),
  },
  "agent.activated": {
    summary: "An agent became active; runs and pipelines use this version of it.",
    resource: "agent",
    data: agent.extend({ active_version: z.int() }),
  },
  "agent.deactivated": { summary: "An agent went back to draft.", resource: "agent", data: agent },
  "agent.archived": {
    summary: "An agent was archived.",
    resource: "agent",
    data: agent.extend({ forced: z.boolean() }),
  },
  "agent.deleted": {
    summary: "An agent was deleted, which archives it; sent beside agent.archived.",
    resource: "agent",
    data: agent,
    audited: false,
  },
  "agent.purged": {
    summary: "An archived agent was erased with its versions, contexts and tools; nobody had restored it in time.",
    resource: "agent",
    data: agent,
  },
  "agent.restored": { summary: "An archived agent came back as a draft.", resource: "agent", data: agent },
  "agent.version_created": {
    summary: "An immutable version of an agent was made.",
    resource: "agent",
    data: version,
  },
  "agent.rolled_back": {
    summary: "An agent was set back to an earlier version, by a new one that equals it.",
    resource: "agent",
    data: version.extend({ rolled_back_to: z.int() }),
  },
  "agent.context_changed": {
    summary: "A context of an agent was added, changed, filled or removed.",
    resource: "agent",
    data: z.object({
      agent_id: z.string(),
      context_id: z.string(),
      change: z.enum([
        "created",
        "updated",
        "deleted",
        "uploaded",
        "fetched",
        "fetch_failed",
        "extracted",
        "extract_failed",
      ]),
      changed_fields: z.array(z.string()),
      /** Names the fetch that has to be made; null when there is none. */
      fetch: z.string().nullable(),
    }),
  },
  "agent.context_uploaded": {
    summary: "A file of a context was uploaded, whose text is now being taken from it.",
    resource: "agent",
    data: z.object({
      agent_id: z.string(),
      context_id: z.string(),
      media_type: z.string(),
      /** Names the upload that has to be read. */
      upload: z.string(),
    }),
  },
  "agent.index_requested": {
    summary:
      "The contexts of an agent are to be indexed: somebody asked for it, or more is left than fits into one go.",
    resource: "agent",
    data: z.object({
      agent_id: z.string(),
      version: z.int().nullable(),
      /** What did not fit into a go before. */
      rest: z.boolean().default(false),
    }),
  },
  "agent.context_indexed": {
    summary: "A context of an agent was indexed for being searched, or could not be.",
    resource: "agent",
    data: z.object({
      agent_id: z.string(),
      context_id: z.string(),
      model_id: z.string(),
      chunks: z.int(),
      error_code: z.string().nullable(),
    }),
    audited: false,
  },
  "agent.thread_created": { summary: "Somebody began a conversation with an agent.", resource: "agent", data: thread },
  "agent.thread_deleted": {
    summary: "A conversation with an agent was deleted, or went with the membership of whose it was.",
    resource: "agent",
    data: thread,
  },
  "agent.tool_changed": {
    summary: "A tool of an agent was added, changed or removed, or what its server has changed was accepted.",
    resource: "agent",
    data: z.object({
      agent_id: z.string(),
      tool_id: z.string(),
      change: z.enum(["created", "updated", "deleted", "accepted"]),
      changed_fields: z.array(z.string()),
    }),
  },
});
