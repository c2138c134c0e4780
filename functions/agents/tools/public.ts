/** What other rooms may use of agents' tools: who runs them. */
export { pinName } from "../offers/rules/kinds.ts";
export { changedTools } from "./pins.ts";
export {
  type StoredToolConfig,
  secretHeaderContext,
  storedToolConfig,
  type Tool,
  toolLimits,
} from "./rules/definition.ts";
export type { CompileExpression } from "./rules/issues.ts";
export { type DescribedTool, namedPins } from "./rules/pins.ts";
export { shownConfig } from "./rules/shown.ts";
export { type Arguments, fillBody, fillEndpoint, unusedArguments } from "./rules/template.ts";
