import { Problem } from "../../../shared/errors.ts";
import { idSchema } from "../../../shared/ids.ts";
import { type Graph, graphLimits, nested, referencesOf } from "../graph/public.ts";
import type { GraphNode } from "../graph/rules/nodes.ts";
import { answerKey } from "../graph/rules/types/flow.ts";
import { loadRevision } from "../revisions/revision.ts";
import { pipelineItem } from "../store.ts";
import { answerBounds, type Of } from "./answers.ts";
import { type AnswerBounds, estimate, type KnownBounds } from "./rules/estimate.ts";
import { type Bounded, unbounded } from "./rules/spend.ts";

const pipelineId = idSchema("pipeline");

interface Called {
  readonly key: string;
  readonly pipeline_id: string;
  readonly revision: number | undefined;
}

const called = (nodes: readonly GraphNode[]): Called[] =>
  nodes.flatMap((node) =>
    referencesOf(node).flatMap(({ type, id, pin }) =>
      type === "pipeline" ? [{ key: answerKey(id, pin?.number), pipeline_id: id, revision: pin?.number }] : [],
    ),
  );

/**
 * What everything that a graph uses comes to at most: the answers of its agents, and the runs of the pipelines within it, with those
 * within these. A pipeline without a pin counts as the revision that is active now.
 */
export async function boundsWithin(of: Of, pipeline_id: string, graph: Graph): Promise<KnownBounds> {
  const graphs = await graphsWithin(of, graph);
  const nodes = [...graph.nodes];
  for (const one of graphs.values()) if ("nodes" in one) nodes.push(...one.nodes);
  const answers = await answerBounds(of, nodes);
  return { answers, runs: runBounds(pipeline_id, graph, graphs, answers) };
}

type Within = ReadonlyMap<string, Graph | Bounded>;

/** The graphs that run within one, level by level; what is not there, or too many, is there as the reason. */
async function graphsWithin(of: Of, graph: Graph): Promise<Within> {
  const graphs = new Map<string, Graph | Bounded>();
  const more = unbounded(`More than ${graphLimits.graphs} different pipelines run within this one.`);
  let level = called(graph.nodes);
  while (level.length > 0) {
    const fresh = [...new Map(level.map((one) => [one.key, one])).values()].filter(({ key }) => !graphs.has(key));
    const room = Math.max(0, graphLimits.graphs - 1 - graphs.size);
    for (const { key } of fresh.slice(room)) graphs.set(key, more);
    const wanted = fresh.slice(0, room);
    const found = await Promise.all(wanted.map((one) => graphOf(of, one)));
    for (const [i, { key }] of wanted.entries()) graphs.set(key, found[i] ?? more);
    level = found.flatMap((one) => ("nodes" in one ? called(one.nodes) : []));
  }
  return graphs;
}

async function graphOf({ table, blobs }: Of, { pipeline_id, revision }: Called): Promise<Graph | Bounded> {
  const gone = unbounded(`Pipeline ${pipeline_id} is not there, or is not active.`);
  if (!pipelineId.safeParse(pipeline_id).success) return gone;
  const number = revision ?? (await table.get(pipelineItem, { id: pipeline_id }))?.active_revision;
  if (number == null) return gone;
  try {
    return (await loadRevision(table, blobs, pipeline_id, number)).graph;
  } catch (error) {
    if (error instanceof Problem && error.code === "not_found") return gone;
    throw error;
  }
}

/** One run of each graph, the innermost first. What no run would be started with has no bound. */
function runBounds(root: string, graph: Graph, graphs: Within, answers: AnswerBounds): ReadonlyMap<string, Bounded> {
  const { depth, recursion } = nested(root, (key) => {
    const one = key === root ? graph : graphs.get(key);
    const nodes = one !== undefined && "nodes" in one ? one.nodes : [];
    return { waits_seconds: 0, within: nodes.map((node) => ({ node, keys: called([node]).map((it) => it.key) })) };
  });
  const wrong =
    recursion !== undefined
      ? unbounded(`Pipeline ${recursion[0]?.split("/")[0]} runs within itself.`)
      : depth > graphLimits.depth
        ? unbounded(`Pipelines run within pipelines ${depth} deep; ${graphLimits.depth} is the most.`)
        : undefined;
  if (wrong !== undefined) return new Map([...graphs.keys()].map((key) => [key, wrong]));
  const runs = new Map<string, Bounded>();
  const visit = (key: string, one: Graph | Bounded): void => {
    if (runs.has(key)) return;
    if (!("nodes" in one)) {
      runs.set(key, one);
      return;
    }
    for (const inner of called(one.nodes)) {
      const found = graphs.get(inner.key);
      if (found !== undefined) visit(inner.key, found);
    }
    const { model_calls, tokens_in, tokens_out, cost_usd_micros, unbounded } = estimate(one, { answers, runs });
    runs.set(key, { model_calls, tokens_in, tokens_out, cost_usd_micros, unbounded });
  };
  for (const [key, one] of graphs) visit(key, one);
  return runs;
}
