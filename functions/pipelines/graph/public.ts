/** What other rooms may use of the graph: the run engine and the pipelines' own operations. */
export { type Condition, evaluate } from "../conditions/condition.ts";
export type { Scope } from "../conditions/expression.ts";
export { compileExpression } from "../conditions/expression.ts";
export { canonicalJson, isObject, type Json, type JsonObject, setOwn } from "../conditions/json.ts";
export { compileMapping } from "../conditions/mapping.ts";
export { asText, compileTemplate } from "../conditions/template.ts";
export { canonicalGraph, canonicalText, graphHash } from "./canonical.ts";
export { at, indexGraph, topologicalOrder } from "./graph-index.ts";
export { handlesOf, isPure, kindOf, type NodeKindName, nodeKinds } from "./kinds.ts";
export { DEFAULT_SOURCE_HANDLE, ERROR_HANDLE } from "./limits.ts";
export { type Connection, type Graph, type GraphNode, graphSchema } from "./nodes.ts";
export { stepsInCondition, stepsRead } from "./rules-config.ts";
