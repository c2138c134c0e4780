import { versionFiles } from "../../../shared/blobs/purposes.ts";
import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import type { Issue } from "../../../shared/errors.ts";
import { canonicalJson } from "../../../shared/expressions/json.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { nameKey } from "../../../shared/name-key.ts";
import { TO_SUPPLY } from "../../../shared/secrets/supply.ts";
import { changed } from "../contexts/changes.ts";
import { changeAgent, placeWrites } from "../definition/changes.ts";
import { foundAgent, type Maker, NO_PARTS, newAgent } from "../definition/found.ts";
import type { AgentDeps } from "../deps.ts";
import { agentEvents } from "../events.ts";
import type { WholeAgent } from "../resources.ts";
import {
  CONTEXT_INLINE_BYTES,
  type Parts,
  PROMPT_INLINE_BYTES,
  type StoredContext,
  type StoredTool,
} from "../store.ts";
import { originOf, sealConfig } from "../tools/config.ts";
import { toolIssues } from "../tools/rules/issues.ts";
import { replaceParts } from "../versions/parts.ts";
import { type ReadAgent, readTool } from "./read.ts";
import type { PortableAgent, PortableContext } from "./rules/document.ts";

/** The writes that make an agent of a document a thing of the organization, or change one to be like it. */
export interface PortedAgent {
  readonly writes: readonly Write[];
  readonly events: readonly EventDraft[];
}

/** What is wrong with an agent beyond its shape: addresses, placeholders, expressions. */
export function portableIssues(
  deps: Pick<AgentDeps, "checkUrl" | "compile_expression">,
  agent: PortableAgent,
): Issue[] {
  const tools = agent.tools.flatMap((tool, i) =>
    toolIssues(tool, deps).map(({ path, message }) => ({ path: `tools.${i}.${path}`, message })),
  );
  const urls = (agent.contexts ?? []).flatMap((context, i) => {
    if (context.content_type !== "url") return [];
    const checked = deps.checkUrl(context.url);
    return checked.ok ? [] : [{ path: `contexts.${i}.url`, message: checked.error.message }];
  });
  return [...tools, ...urls];
}

/** Places of secrets that neither the document nor the stored agent has. */
export function unsupplied(agent: PortableAgent, stored: Parts = NO_PARTS): string[] {
  return agent.tools.flatMap((tool) => {
    if (tool.tool_type === "function") return [];
    const kept = keptHeaders(
      tool,
      stored.tools.find(({ name_key }) => name_key === nameKey(tool.name)),
    );
    return Object.entries(tool.config.secret_headers).flatMap(([name, value]) =>
      value === TO_SUPPLY && kept[name] === undefined ? [`tools.${tool.name}.config.secret_headers.${name}`] : [],
    );
  });
}

type Tool = PortableAgent["tools"][number];

/** Secrets that stay as they are stored: those that the document does not bring, of a tool that leads where it led. */
function keptHeaders(tool: Tool, stored: StoredTool | undefined): Readonly<Record<string, string>> {
  if (tool.tool_type === "function" || stored === undefined || originOf(stored.config) !== originOf(tool.config))
    return {};
  const sealed = (stored.config.secret_headers ?? {}) as Readonly<Record<string, string>>;
  return Object.fromEntries(Object.entries(sealed).filter(([name]) => tool.config.secret_headers[name] === TO_SUPPLY));
}

async function toolOf(
  deps: AgentDeps,
  { tenant, at }: Maker,
  agent_id: string,
  tool: Tool,
  stored: StoredTool | undefined,
) {
  const { name, description, is_enabled, ...input } = tool;
  const id = stored?.id ?? newId("agent_tool", at);
  const config = await sealConfig(deps.secrets, tenant, id, { input, kept: keptHeaders(tool, stored) });
  const made: StoredTool = {
    id,
    agent_id,
    name,
    name_key: nameKey(name),
    description,
    is_enabled,
    tool_type: tool.tool_type,
    config,
    created_at: stored?.created_at ?? timestamp(at),
    updated_at: timestamp(at),
    etag: newEtag(at),
  };
  return made;
}

async function contextOf(deps: AgentDeps, { tenant, at }: Maker, agent_id: string, context: PortableContext) {
  const text = context.content_type === "text" ? context.content : undefined;
  const made: StoredContext = {
    id: newId("agent_context", at),
    agent_id,
    name: context.name,
    content_type: context.content_type,
    is_active: context.is_active,
    status: text === undefined ? "pending" : "ready",
    error: null,
    url: context.content_type === "url" ? context.url : null,
    file: null,
    content:
      text === undefined ? null : await deps.blobs.store(versionFiles(tenant, agent_id), text, CONTEXT_INLINE_BYTES),
    content_bytes: Buffer.byteLength(text ?? ""),
    truncated: false,
    fetched_at: null,
    attempt: text === undefined ? newEtag(at) : null,
    created_at: timestamp(at),
    updated_at: timestamp(at),
    etag: newEtag(at),
  };
  return made;
}

/** An address of a context is fetched by whoever hears of it. */
const fetches = (contexts: readonly StoredContext[]): EventDraft[] =>
  contexts.flatMap((one) => (one.attempt === null ? [] : [changed(one, "created", { fetch: one.attempt })]));

const stored = (deps: AgentDeps, { tenant }: Maker, id: string, prompt: string) =>
  deps.blobs.store(versionFiles(tenant, id), prompt, PROMPT_INLINE_BYTES);

/** A new agent out of a document. Its place in the plan and the check of its model are the caller's. */
export async function createPortable(
  deps: AgentDeps,
  maker: Maker,
  { id, workspace_ids }: { id: string; workspace_ids: readonly string[] },
  { contexts = [], tools, ...definition }: PortableAgent,
): Promise<PortedAgent> {
  const parts: Parts = {
    contexts: await Promise.all(contexts.map((context) => contextOf(deps, maker, id, context))),
    tools: await Promise.all(tools.map((tool) => toolOf(deps, maker, id, tool, undefined))),
  };
  const system_prompt = await stored(deps, maker, id, definition.system_prompt);
  const agent = newAgent(maker, id, { ...definition, system_prompt, workspace_ids: [...workspace_ids] }, parts);
  const { name, agent_type } = agent;
  const data = { agent_id: id, name, agent_type, duplicated_from: null };
  return {
    writes: [
      ...foundAgent(deps.table, maker, agent),
      ...replaceParts(deps.table.of(maker.tenant), id, NO_PARTS, parts),
    ],
    events: [draft(agentEvents, "agent.created", { id, name }, data), ...fetches(parts.contexts)],
  };
}

/**
 * A stored agent that becomes like the one of a document: what is the same stays as it is, with its age. Contexts stay
 * where the document has no list of them.
 * @param changed_fields which fields of it differ
 */
export async function updatePortable(
  deps: AgentDeps,
  maker: Maker,
  { agent: read, parts }: WholeAgent,
  before: ReadAgent,
  { contexts, tools, ...definition }: PortableAgent,
  changed_fields: readonly string[],
): Promise<PortedAgent> {
  const own = deps.table.of(maker.tenant);
  const free = [...before.contexts];
  const keeps = (context: PortableContext): StoredContext | undefined => {
    const same = free.findIndex(({ portable }) => canonicalJson(portable ?? null) === canonicalJson(context));
    return same < 0 ? undefined : free.splice(same, 1)[0]?.stored;
  };
  const placed = (contexts ?? []).map((context) => ({ context, kept: keeps(context) }));
  const nextContexts =
    contexts === undefined
      ? parts.contexts
      : await Promise.all(
          placed.map(async ({ context, kept }) => kept ?? (await contextOf(deps, maker, read.id, context))),
        );
  const nextTools = await Promise.all(
    tools.map(async (tool) => {
      const old = parts.tools.find(({ name_key }) => name_key === nameKey(tool.name));
      const same = old !== undefined && canonicalJson(readTool(old)) === canonicalJson(tool);
      return same ? old : toolOf(deps, maker, read.id, tool, old);
    }),
  );
  const touched = ({ contexts: some, tools: others }: Parts, kept: Parts): Parts => ({
    contexts: some.filter((one) => !kept.contexts.includes(one)),
    tools: others.filter((one) => !kept.tools.includes(one)),
  });
  const after: Parts = { contexts: nextContexts, tools: nextTools };
  const fields = {
    ...definition,
    system_prompt:
      definition.system_prompt === before.agent.system_prompt
        ? read.system_prompt
        : await stored(deps, maker, read.id, definition.system_prompt),
    contexts: after.contexts.length,
    tools: after.tools.length,
    definition_number: read.definition_number + 1,
  };
  const { write, next } = changeAgent(own, read, maker.at, fields);
  const { id, name } = next;
  const fresh = touched(after, parts);
  return {
    writes: [
      write,
      ...placeWrites(deps.table, maker.tenant, { before: read, after: next, by: maker.actor.id, at: maker.at }),
      ...replaceParts(own, id, touched(parts, after), fresh),
    ],
    events: [
      draft(agentEvents, "agent.updated", { id, name }, { agent_id: id, name, changed_fields: [...changed_fields] }),
      ...fetches(fresh.contexts),
    ],
  };
}
