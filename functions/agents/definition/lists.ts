import type { IndexName } from "../../../shared/dynamo/item.ts";
import type { Page, TenantTable } from "../../../shared/dynamo/table.ts";
import { agentItem, agentWorkspaceItem, type StoredAgent } from "../store.ts";

interface AgentQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly workspace_id?: string | undefined;
  readonly status?: string | undefined;
  readonly agent_type?: string | undefined;
}

/** The index whose partition is narrowed by just these filters. */
const indexFor = ({ status, agent_type }: AgentQuery): { readonly index: IndexName } => {
  if (agent_type !== undefined) return { index: status === undefined ? "gsi2" : "gsi3" };
  return { index: status === undefined ? "gsi4" : "gsi1" };
};

/**
 * A page of agents, newest first. Every combination of filters has an index, so a page is one query; the agents of a
 * workspace are links that are then read in one batch.
 */
export async function listAgents(table: TenantTable, query: AgentQuery): Promise<Page<StoredAgent>> {
  const { limit, cursor, workspace_id, status, agent_type } = query;
  const filters = { ...(status === undefined ? {} : { status }), ...(agent_type === undefined ? {} : { agent_type }) };
  const page = { ...indexFor(query), limit, cursor, newest_first: true };
  if (workspace_id === undefined) return table.page(agentItem, { ...page, of: filters });
  const { index, ...unfiltered } = page;
  const links = await table.page(agentWorkspaceItem, {
    ...(index === "gsi4" ? unfiltered : page),
    of: { workspace_id, ...filters },
  });
  const agents = await table.table.batch(links.items.map(({ agent_id }) => table.read(agentItem, { id: agent_id })));
  return { items: agents.filter((agent) => agent !== undefined), next_cursor: links.next_cursor };
}
