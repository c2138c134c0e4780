import type { Scope } from "../../../shared/expressions/expression.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import { wellFormed } from "../../../shared/text.ts";
import { loadSnapshot } from "../../agents/public.ts";
import { callTool } from "../../executions/public.ts";
import { type GraphNode, timeoutOf } from "../../pipelines/graph/public.ts";
import { failed, mapped } from "../calls/rules/spec.ts";
import type { AgentTask } from "./call-agent.ts";
import type { AttemptResult } from "./rules/outcome.ts";
import type { WorkDeps } from "./work-deps.ts";

type ToolNode = Extract<GraphNode, { kind: "tool" }>;

interface ToolTask extends Pick<AgentTask<ToolNode>, "step" | "run" | "table" | "within"> {
  readonly scope: Scope;
}

/** Failures after which the same call may succeed. */
const PASSING = new Set<string>(["tool_timeout", "tool_unavailable", "tool_secret_unavailable"]);

/**
 * Calls one tool of the pinned version of an agent. Every attempt carries the same idempotency key, since all are the same
 * call. What it answers is the output.
 */
export async function workTool({ step, scope, run, table, within }: ToolTask, deps: WorkDeps): Promise<AttemptResult> {
  const { agent_id = "", tool = "", mcp_tool, input_mapping } = step.config;
  const version = step.config.version ?? run.pinned.agents[agent_id];
  if (version === undefined) return failed("agent_missing", "The node names no agent.");
  const args = await mapped(input_mapping, scope);
  if (!args.ok) return args;
  const snapshot = await loadSnapshot(deps.table, deps.blobs, table.tenant, agent_id, version);
  const called = { name: tool, of_server: mcp_tool, arguments: args.value, idempotency_key: `${run.id}-${step.id}` };
  const signal = AbortSignal.timeout(within(timeoutOf(step)));
  const result = await callTool(snapshot, called, deps, signal);
  if (result.ok) return { ok: true, output: wellFormed((result.output ?? null) as Json) };
  // Nobody but the node's own time cancels it.
  const code = result.code === "cancelled" ? "tool_timeout" : result.code;
  return failed(code, code === result.code ? result.message : "The tool did not answer in time.", PASSING.has(code));
}
