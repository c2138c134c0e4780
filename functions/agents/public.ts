/** What other rooms may use of agents. */
export { holdAgent, loadSnapshot, pinAgent, releaseAgent } from "./pin.ts";
export {
  type AgentDelta,
  type AgentRunDeps,
  type AgentRunError,
  type AgentRunInput,
  type AgentRunResult,
  type AgentToolCall,
  runAgent,
} from "./run.ts";
export type { AgentSnapshot } from "./snapshot.ts";
export { agentItem, agentUseItem, type StoredAgent } from "./store.ts";
