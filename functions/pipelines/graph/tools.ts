import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { type NamedTool, type StoredAgent, toolNames } from "../../agents/public.ts";
import type { Finding } from "./finding.ts";
import type { Graph, GraphNode } from "./rules/nodes.ts";

type ToolNode = Extract<GraphNode, { kind: "tool" }>;

/** What is wrong with the tools that a graph calls: of the version that a node names, else of the active one. */
export async function toolFindings(
  table: TenantTable,
  blobs: Pick<Blobs, "load">,
  graph: Graph,
  agents: ReadonlyMap<string, StoredAgent>,
): Promise<Finding[]> {
  const calls = graph.nodes.flatMap((node) => {
    if (node.kind !== "tool" || node.config.tool === undefined) return [];
    const agent = agents.get(node.config.agent_id ?? "");
    const version = node.config.version ?? agent?.active_version;
    return agent === undefined || version == null ? [] : [{ node, agent_id: agent.id, version }];
  });
  const versions = new Map(calls.map(({ agent_id, version }) => [`${agent_id}/${version}`, { agent_id, version }]));
  const found = await toolNames(table, blobs, [...versions.values()]);
  const tools = new Map([...versions.keys()].map((key, i) => [key, found[i]]));
  return calls.flatMap(({ node, agent_id, version }) => {
    const known = tools.get(`${agent_id}/${version}`);
    const problem = known === undefined ? undefined : problemOf(node, known, `version ${version} of agent ${agent_id}`);
    return problem === undefined ? [] : [problem];
  });
}

function problemOf(node: ToolNode, tools: readonly NamedTool[], whose: string): Finding | undefined {
  const { tool, mcp_tool } = node.config;
  const wrong = (code: string, what: string): Finding => ({
    code,
    message: `"${node.label}" (${node.id}) ${what}`,
    node_ids: [node.id],
    connection_ids: [],
  });
  const found = tools.find(({ name }) => name === tool);
  if (found === undefined)
    return wrong("tool_not_found", `calls ${tool}, which ${whose} does not have. Choose another.`);
  if (!found.is_enabled)
    return wrong("tool_disabled", `calls ${tool}, which is switched off in ${whose}. Switch it on, or choose another.`);
  if (found.of_server === null)
    return mcp_tool === undefined
      ? undefined
      : wrong("tool_not_found", `names mcp_tool, and ${tool} is no MCP server.`);
  if (mcp_tool !== undefined && found.of_server.includes(mcp_tool)) return undefined;
  const which = found.of_server.join(", ");
  return wrong("tool_not_found", `has to name as mcp_tool one of the tools that ${tool} may be used for: ${which}.`);
}
