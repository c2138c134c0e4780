import { Killable, workerFile } from "../../../shared/bounded/killable.ts";
import { isSmall } from "../../../shared/bounded/size.ts";
import type { Issue, Problem } from "../../../shared/errors.ts";
import { invalid } from "../../../shared/http/parse.ts";
import type { AgentStatus } from "../../agents/model.ts";
import { contentIssuesHere } from "./rules/contents.ts";
import type { Connection, Graph, GraphNode } from "./rules/nodes.ts";
import type { PatternName } from "./rules/patterns.ts";
import { type GraphFacts, type Validation, validateGraph } from "./rules/validate.ts";

/** Where graphs that are not small are looked through: thousands of expressions and patterns are compiled for it. */
const worker = new Killable(workerFile(import.meta.url, "graph"), { time_ms: 15_000, heap_mb: 384 });

/** Characters up to which a graph is looked through in place. */
const SMALL_GRAPH = 20_000;

/** What the worker is asked for a validation: maps are copied as lists. */
export interface ValidationInput {
  readonly graph: Graph;
  readonly pattern: PatternName;
  readonly agents: readonly (readonly [string, { readonly status: AgentStatus }])[];
  readonly answers: readonly (readonly [string, unknown])[];
}

const tooCostly = (): Problem =>
  invalid([
    {
      path: "nodes",
      message: "take too long to check: use fewer or simpler expressions, patterns and schemas, or a second pipeline",
    },
  ]);

/** Everything that is wrong with a graph. @throws Problem `validation_failed` when checking it costs more than it may */
export async function validated(graph: Graph, facts: GraphFacts): Promise<Validation> {
  if (isSmall(graph, SMALL_GRAPH)) return validateGraph(graph, facts);
  const agents = [...facts.agents].map(([id, { status }]) => [id, { status }] as const);
  const done = await worker.run<Validation>("validate", {
    graph,
    pattern: facts.pattern,
    agents,
    answers: [...facts.answers],
  } satisfies ValidationInput);
  if (!done.ok) throw tooCostly();
  return done.value;
}

/** What is wrong inside configs and conditions. @throws Problem `validation_failed`, also when that costs too much */
async function requireContents(part: Graph, place: (path: string) => string): Promise<void> {
  let issues: Issue[];
  if (isSmall(part, SMALL_GRAPH)) issues = contentIssuesHere(part);
  else {
    const done = await worker.run<Issue[]>("contents", part);
    if (!done.ok) throw tooCostly();
    issues = done.value;
  }
  if (issues.length > 0) throw invalid(issues.map((issue) => ({ ...issue, path: place(issue.path) })));
}

/** Checks the patterns and schemas of a whole graph that was sent. @throws Problem `validation_failed` */
export const requireGraphContents = (graph: Graph): Promise<void> => requireContents(graph, (path) => path);

/** The same for one node; paths are the node's own. */
export const requireNodeContents = (node: GraphNode): Promise<void> =>
  requireContents({ nodes: [node], connections: [] }, (path) => path.replace(/^nodes\.0\./, ""));

/** The same for one connection. */
export const requireConnectionContents = (connection: Connection): Promise<void> =>
  requireContents({ nodes: [], connections: [connection] }, (path) => path.replace(/^connections\.0\./, ""));
