import type { Blobs } from "../../../shared/blobs/blobs.ts";
import { TO_SUPPLY } from "../../../shared/secrets/supply.ts";
import { definitionOf } from "../definition/views.ts";
import type { WholeAgent } from "../resources.ts";
import type { StoredContext, StoredTool } from "../store.ts";
import { newToolSchema } from "../tools/rules/definition.ts";
import type { PortableAgent, PortableContext } from "./rules/document.ts";

/** A context with what it is in a document; undefined where it has nothing that could travel yet. */
export interface ReadContext {
  readonly stored: StoredContext;
  readonly portable: PortableContext | undefined;
}

/** What is stored of an agent, as a document has it. */
export interface ReadAgent {
  readonly agent: PortableAgent;
  readonly contexts: readonly ReadContext[];
}

async function readContext(
  { blobs }: { readonly blobs: Pick<Blobs, "load"> },
  stored: StoredContext,
): Promise<ReadContext> {
  const { name, is_active, url, content } = stored;
  if (stored.content_type === "url" && url !== null)
    return { stored, portable: { content_type: "url", name, is_active, url } };
  // A file travels as the text that was taken from it.
  const text = content === null ? "" : await blobs.load(content);
  return { stored, portable: text === "" ? undefined : { content_type: "text", name, is_active, content: text } };
}

/** A stored tool as a document has it: its secrets have their names. */
export function readTool({ tool_type, name, description, is_enabled, config }: StoredTool) {
  const sealed = (config.secret_headers ?? {}) as Readonly<Record<string, string>>;
  const secret_headers = Object.fromEntries(Object.keys(sealed).map((header) => [header, TO_SUPPLY]));
  const shown = tool_type === "function" ? config : { ...config, secret_headers };
  return newToolSchema.parse({ tool_type, name, description, is_enabled, config: shown });
}

export async function readPortable(
  deps: { readonly blobs: Pick<Blobs, "load"> },
  { agent, parts }: WholeAgent,
): Promise<ReadAgent> {
  const [prompt, contexts] = await Promise.all([
    deps.blobs.load(agent.system_prompt),
    Promise.all(parts.contexts.map((context) => readContext(deps, context))),
  ]);
  return {
    agent: {
      ...definitionOf(agent, prompt),
      contexts: contexts.flatMap(({ portable }) => portable ?? []),
      tools: parts.tools.map(readTool),
    },
    contexts,
  };
}
