/** What other rooms may use of agents. */

export { handOverAgent } from "./definition/hand-over.ts";
export { READ_PROMPTS } from "./definition/prompt.ts";
export type { Capability } from "./model.ts";
export { agentItem, agentUseItem, type StoredAgent } from "./store.ts";
export { endThread, threadsOf } from "./threads/ending.ts";
export { type HeldThread, holdThread, type RememberedTurn, ThreadLost } from "./threads/memory.ts";
export { holdAgent, loadSnapshot, pinAgent, pinAgents, releaseAgent } from "./versions/pin.ts";
export { responseSchemas } from "./versions/response-schemas.ts";
export {
  type AgentSnapshot,
  type SnapshotContent,
  snapshotContentSchema,
  type ToolSnapshot,
} from "./versions/rules/snapshot.ts";
export { type NamedTool, toolNames } from "./versions/tool-names.ts";
export { workingContent } from "./versions/working.ts";
