import { readFamily } from "../../shared/dynamo/family.ts";
import { primaryKey } from "../../shared/dynamo/item.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import { notFound } from "../../shared/errors.ts";
import { defineResource, type Reading } from "../../shared/http/resource.ts";
import {
  agentContextItem,
  agentItem,
  agentToolItem,
  agentVersionItem,
  type Parts,
  type StoredAgent,
  type StoredTool,
} from "./store.ts";

/** The things that paths of agents name, and how each is read. */

/** An agent with all its contexts (oldest first) and tools (by name), at most 20 of each: one query. */
export interface WholeAgent {
  readonly agent: StoredAgent;
  readonly parts: Parts;
}

async function findWhole(table: TenantTable, id: string): Promise<WholeAgent | undefined> {
  const { pk, sk } = primaryKey(agentItem, table.tenant, { id });
  const kinds = { agents: agentItem, contexts: agentContextItem, tools: agentToolItem };
  const { agents, ...parts } = await readFamily(table, { pk, from: sk, to: "TOOL#" }, kinds);
  const [agent] = agents;
  return agent === undefined ? undefined : { agent, parts };
}

/** An agent with its parts, where it is not what the path names. @throws Problem `not_found` */
export async function wholeAgent(table: TenantTable, id: string): Promise<WholeAgent> {
  const found = await findWhole(table, id);
  if (found === undefined) throw notFound();
  return found;
}

export const agentResource = defineResource({
  type: "agent",
  path: ["agent_id"],
  item: agentItem,
  key: ({ agent_id }) => ({ id: agent_id }),
  subject: (agent) => agent,
});

/** What policies look at where a part of an agent is named: the agent. */
export const agentOfPart = (_part: unknown, { table, path }: Reading<"agent_id">): Promise<StoredAgent | undefined> =>
  table.get(agentItem, { id: String(path.agent_id) });

export const wholeAgentResource = defineResource({
  type: "agent",
  path: ["agent_id"],
  read: ({ table, path }) => findWhole(table, String(path.agent_id)),
  subject: ({ agent }) => agent,
});

export const contextResource = defineResource({
  type: "agent",
  path: ["agent_id", "context_id"],
  item: agentContextItem,
  key: ({ agent_id, context_id }) => ({ agent_id, id: context_id }),
  subject: agentOfPart,
});

export const versionResource = defineResource({
  type: "agent",
  path: ["agent_id", "number"],
  item: agentVersionItem,
  key: ({ agent_id, number }) => ({ agent_id, number }),
  subject: agentOfPart,
});

/** Tools are kept by name; one by its id is found among the agent's few. */
export const toolResource = defineResource({
  type: "agent",
  path: ["agent_id", "tool_id"],
  subject: agentOfPart,
  async read({ table, path }): Promise<StoredTool | undefined> {
    for await (const tool of table.all(agentToolItem, { of: { agent_id: path.agent_id } }))
      if (tool.id === path.tool_id) return tool;
    return undefined;
  },
});
