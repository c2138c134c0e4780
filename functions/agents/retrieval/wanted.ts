import type { Blob, Blobs } from "../../../shared/blobs/blobs.ts";
import type { Envelope } from "../../../shared/change/events.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { agentEvents } from "../events.ts";
import type { Retrieval } from "../model.ts";
import { wholeAgent } from "../resources.ts";
import { loadSnapshot } from "../versions/pin.ts";
import { areSearched, type KnownContext, readyContexts, textName } from "./rules/needed.ts";

/** A text that is to be searched, and the first context that has it. */
export interface WantedText {
  readonly context_id: string;
  readonly text: string;
  readonly content: Blob;
}

/** What an agent, or one of its versions, needs indexed. */
export interface Wanted {
  readonly agent_id: string;
  readonly version: number | null;
  readonly retrieval: Retrieval;
  readonly texts: readonly WantedText[];
  /** The agent that it is a copy of. */
  readonly copied_from?: string | undefined;
  /** Whether this is what another worker had no time left for. */
  readonly rest?: boolean | undefined;
}

/** Fields of an agent's definition that decide what is indexed. */
const DECIDE = ["retrieval", "contexts"];

/** Which agent an event is about, and which version; undefined where nothing about its index has changed. */
function about({ type, data }: Envelope): Pick<Wanted, "agent_id" | "version" | "copied_from" | "rest"> | undefined {
  switch (type) {
    case "agent.context_changed": {
      const { agent_id, change } = agentEvents[type].data.parse(data);
      return change === "deleted" ? undefined : { agent_id, version: null };
    }
    case "agent.created": {
      const { agent_id, duplicated_from } = agentEvents[type].data.parse(data);
      return { agent_id, version: null, copied_from: duplicated_from ?? undefined };
    }
    case "agent.updated": {
      const { agent_id, changed_fields } = agentEvents[type].data.parse(data);
      return changed_fields.some((field) => DECIDE.includes(field)) ? { agent_id, version: null } : undefined;
    }
    case "agent.version_created": {
      const { agent_id, number } = agentEvents[type].data.parse(data);
      return { agent_id, version: number };
    }
    case "agent.index_requested":
      return agentEvents[type].data.parse(data);
    default:
      throw new Error(`nothing is indexed for ${type}`);
  }
}

/** Each text once, in whichever contexts it stands. */
export function textsOf(contexts: readonly (KnownContext & { readonly id: string })[]): WantedText[] {
  const texts = new Map<string, WantedText>();
  for (const { id, content } of readyContexts(contexts)) {
    const text = textName(content);
    if (!texts.has(text)) texts.set(text, { context_id: id, text, content });
  }
  return [...texts.values()];
}

/** What is to be indexed after an event, as the agent is now; undefined where nothing is. */
export async function wantedBy(
  event: Envelope,
  { table, blobs }: { readonly table: Table; readonly blobs: Pick<Blobs, "load"> },
): Promise<Wanted | undefined> {
  const of = about(event);
  if (of === undefined) return undefined;
  const tenant = event.organization_id;
  try {
    const { retrieval, contexts } =
      of.version === null
        ? await wholeAgent(table.of(tenant), of.agent_id).then(({ agent, parts }) => ({ ...agent, ...parts }))
        : await loadSnapshot(table, blobs, tenant, of.agent_id, of.version).then((snapshot) => ({
            retrieval: snapshot.definition.retrieval,
            contexts: snapshot.contexts,
          }));
    return areSearched(retrieval, contexts) ? { ...of, retrieval, texts: textsOf(contexts) } : undefined;
  } catch (error) {
    // It is gone by now.
    if (error instanceof Problem && error.code === "not_found") return undefined;
    throw error;
  }
}
