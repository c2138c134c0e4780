/** What other rooms may use of executions. */
export {
  type AgentDelta,
  type AgentRunDeps,
  type AgentRunError,
  type AgentRunInput,
  type AgentRunResult,
  type AgentToolCall,
  type Between,
  runAgent,
} from "./run/agent.ts";
export { Deltas } from "./run/deltas.ts";
export { problemOf } from "./run/problem.ts";
export type { PromptChoice } from "./run/rules/choice.ts";
export { type CalledTool, callTool } from "./tools/call.ts";
export type { ToolRunner } from "./tools/runner.ts";
