import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { type Issue, Problem } from "../../../shared/errors.ts";
import { membershipItem } from "../../../shared/identity/items.ts";
import { idSchema } from "../../../shared/ids.ts";
import { agentItem, responseSchemas, type StoredAgent } from "../../agents/public.ts";
import { connectors } from "../../connectors/public.ts";
import { teamItem } from "../../teams/public.ts";
import { calledFindings } from "./called.ts";
import { connectorFindings } from "./connectors.ts";
import type { Finding } from "./finding.ts";
import { agentOf, idsNamed, peopleOf, referencesOf } from "./rules/kinds.ts";
import type { Graph } from "./rules/nodes.ts";
import type { PatternName } from "./rules/patterns.ts";
import { type AnswerSchemas, answerKey } from "./rules/types/flow.ts";
import { validated } from "./run.ts";
import { toolFindings } from "./tools.ts";

export interface GraphCheck {
  readonly valid: boolean;
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
}

const agentId = idSchema("agent");

/** The agents of this organization among those that the graph names. Another organization's id finds nothing. */
async function agentsOf(table: TenantTable, graph: Graph): Promise<ReadonlyMap<string, StoredAgent>> {
  const ids = idsNamed(graph, "agent").filter((id) => agentId.safeParse(id).success);
  const found = await table.table.batch(ids.map((id) => table.read(agentItem, { id })));
  return new Map(found.flatMap((agent) => (agent === undefined ? [] : [[agent.id, agent] as const])));
}

/** What each agent that a node runs answers with: the version that it names, else the active one. */
async function answersOf(
  table: TenantTable,
  blobs: Pick<Blobs, "load">,
  graph: Graph,
  agents: ReadonlyMap<string, StoredAgent>,
): Promise<AnswerSchemas> {
  const wanted = new Map<string, { readonly agent: StoredAgent; readonly version: number | null }>();
  for (const node of graph.nodes) {
    const { agent_id, version } = agentOf(node) ?? {};
    const agent = agent_id === undefined ? undefined : agents.get(agent_id);
    if (agent_id === undefined || agent === undefined) continue;
    wanted.set(answerKey(agent_id, version), { agent, version: version ?? agent.active_version });
  }
  const known = await responseSchemas(table, blobs, [...wanted.values()]);
  return new Map(
    [...wanted.keys()].map((key, i) => [key, known[i]] as const).filter(([, schema]) => schema !== undefined),
  );
}

/** Nodes that name people who are no active members, or teams that are not there: all are read in one batch. */
async function missingPeople(table: TenantTable, graph: Graph): Promise<Finding[]> {
  const named = graph.nodes.flatMap((node) =>
    peopleOf(node).flatMap(({ type, ids }) => ids.map((id) => ({ node, type, id }))),
  );
  const found = await table.table.batch(
    named.map(({ type, id }) =>
      type === "user" ? table.read(membershipItem, { user_id: id }) : table.read(teamItem, { id }),
    ),
  );
  return named.flatMap(({ node, type, id }, i) => {
    const there = found[i];
    if (there !== undefined && (!("status" in there) || there.status === "active")) return [];
    const what = type === "user" ? "no active member" : "no team";
    return {
      code: "approver_not_found",
      message: `"${node.label}" (${node.id}) names ${type} ${id}, which is ${what} of the organization. Name another.`,
      node_ids: [node.id],
      connection_ids: [],
    };
  });
}

/** Everything that is wrong with a graph, with the facts about what it names. */
export async function checkGraph(
  { table, blobs }: { readonly table: TenantTable; readonly blobs: Pick<Blobs, "load"> },
  pattern: PatternName,
  graph: Graph,
): Promise<GraphCheck> {
  const [agents, missing, called] = await Promise.all([
    agentsOf(table, graph),
    missingPeople(table, graph),
    calledFindings(table, graph),
  ]);
  const [answers, tools, asked] = await Promise.all([
    answersOf(table, blobs, graph, agents),
    toolFindings(table, blobs, graph, agents),
    connectorFindings(connectors, table, graph),
  ]);
  const { errors, warnings } = await validated(graph, { pattern, agents, answers });
  const all: Finding[] = [...errors, ...missing, ...called, ...tools, ...asked];
  for (const node of graph.nodes)
    for (const { type, id, pin } of referencesOf(node)) {
      const agent = type === "agent" ? agents.get(id) : undefined;
      if (agent === undefined || pin === undefined || pin.number <= agent.latest_version) continue;
      all.push({
        code: "agent_version_not_found",
        message: `"${node.label}" (${node.id}) names version ${pin.number} of agent ${agent.id}, whose newest version is ${agent.latest_version}. Choose another.`,
        node_ids: [node.id],
        connection_ids: [],
      });
    }
  return { valid: all.length === 0, errors: all, warnings };
}

/** The refusal of a graph that has errors; each stands with its nodes and connections. */
export function graphInvalid(check: Pick<GraphCheck, "errors">): Problem {
  const issues: Issue[] = check.errors.map(({ code, message, node_ids, connection_ids }) => ({
    path:
      node_ids[0] !== undefined
        ? `nodes.${node_ids[0]}`
        : connection_ids[0] !== undefined
          ? `connections.${connection_ids[0]}`
          : "graph",
    message,
    code,
  }));
  const count = check.errors.length;
  return new Problem(
    "graph_invalid",
    `The graph has ${count} ${count === 1 ? "error" : "errors"}: ${check.errors[0]?.message ?? ""}`,
    {
      issues,
      members: { graph_errors: check.errors },
    },
  );
}
