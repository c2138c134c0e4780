import { trusted } from "../../../shared/bounded/trusted.ts";
import type { AgentSnapshot } from "../../agents/public.ts";
import { storedToolConfig, type Tool } from "../../agents/tools/public.ts";
import type { AgentRunDeps, Between } from "../run/agent.ts";
import { openTools } from "../run/offer.ts";
import { type ToolResult, toolFailure } from "./rules/outcome.ts";
import { checkArguments, mcpToolName } from "./runner.ts";

export interface CalledTool {
  /** Of the agent. */
  readonly name: string;
  /** Of its MCP server, by that one's own name. */
  readonly of_server?: string | undefined;
  readonly arguments: unknown;
  /** Goes to the endpoint of an API: the same for the same call. */
  readonly idempotency_key: string;
}

/**
 * One call of a tool of an agent's version, without a model. What a model would be offered is what may be called: a tool that is
 * switched off is not, nor one that its server describes otherwise than it was accepted. The arguments are held to the parameters
 * that are pinned, before anything is sent.
 */
export async function callTool(
  snapshot: AgentSnapshot,
  called: CalledTool,
  deps: Omit<AgentRunDeps, "invoker" | "blobs" | "files"> & { readonly between?: Between | undefined },
  signal: AbortSignal,
): Promise<ToolResult> {
  const { name, of_server, idempotency_key } = called;
  const found = snapshot.tools.find((one) => one.name === name);
  if (found === undefined) return toolFailure("tool_not_found", `The agent has none of the name ${name}.`);
  const { id, description, tool_type, config, is_enabled } = found;
  const stored = trusted(() => storedToolConfig.safeParse({ tool_type, config }));
  if (!is_enabled || !stored.success) return toolFailure("tool_not_allowed", is_enabled ? "" : "It is switched off.");
  const tool: Tool = { ...stored.data, id, name, description };
  if ((tool.tool_type === "mcp") !== (of_server !== undefined))
    return toolFailure(
      "tool_not_found",
      of_server === undefined ? "Say which of its server's tools (mcp_tool)." : "It is no MCP server.",
    );
  const own = openTools(snapshot, { ...deps, idempotency_key });
  const runner = deps.between?.tools(own) ?? own;
  try {
    const described = await runner.describe(tool, signal);
    if (!described.ok) return described;
    const left = described.left_out.find((one) => one.name === of_server);
    if (left !== undefined) return toolFailure(left.code);
    const shown = of_server === undefined ? name : mcpToolName(tool, of_server);
    const offered = described.tools.find((one) => one.name === shown);
    if (offered === undefined) return toolFailure("tool_not_allowed", "It is not among those that the agent may use.");
    const checked = await checkArguments(offered.parameters, called.arguments);
    return checked.ok ? await runner.execute(tool, shown, checked.args, signal) : checked;
  } finally {
    await runner.close();
  }
}
