export { guardrailIssues } from "../definition/catalogue.ts";
/** What other rooms may use to carry agents from one organization to another. */
export type { Maker } from "../definition/found.ts";
export { type AgentDeps, agentDeps } from "../deps.ts";
export { agentNameItem } from "../store.ts";
export { type ReadAgent, readPortable } from "./read.ts";
export {
  agentWithSecretsNamed,
  type PortableAgent,
  portableAgentSchema,
  shownAgent,
} from "./rules/document.ts";
export { createPortable, type PortedAgent, portableIssues, unsupplied, updatePortable } from "./write.ts";
