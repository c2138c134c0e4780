/** What other rooms may use of the graph: the run engine does. */
export { canonicalGraph, canonicalText, graphHash } from "./rules/canonical.ts";
export { stepsInCondition, stepsRead } from "./rules/check-config.ts";
export { at, indexGraph, topologicalOrder } from "./rules/graph-index.ts";
export { APPROVED, REJECTED } from "./rules/kinds/approvals.ts";
export { confidenceNeeded } from "./rules/kinds/branches.ts";
export {
  commonLimits,
  localId,
  type NodeAgent,
  type NodeGroup,
  type NodeKind,
  nodeGroups,
} from "./rules/kinds/kind.ts";
export { namedWorkers } from "./rules/kinds/supervisors.ts";
export {
  agentOf,
  agentsOf,
  callsModels,
  handlesOf,
  idsNamed,
  isPure,
  kindOf,
  type NodeKindName,
  nodeKinds,
  peopleOf,
  referencesOf,
  renamed,
  timeoutOf,
  usesOf,
  waitsSecondsOf,
  workersOf,
} from "./rules/kinds.ts";
export { DEFAULT_SOURCE_HANDLE, ERROR_HANDLE, graphLimits } from "./rules/limits.ts";
export { nested } from "./rules/nesting.ts";
export { type Connection, type Graph, type GraphNode, graphSchema, nodeSchema } from "./rules/nodes.ts";
