import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { pinAgents } from "../../agents/public.ts";
import {
  agentsOf,
  callsModels,
  type Graph,
  type GraphNode,
  graphLimits,
  nested,
  referencesOf,
} from "../../pipelines/graph/public.ts";
import { checkGraph, loadRevision, type Pipeline, pipelineItem } from "../../pipelines/public.ts";
import { type Pinned, waitsOf } from "../model.ts";

/** Everything that a run uses, for its whole life. */
export interface Pins extends Pick<Pinned, "agents" | "pipelines"> {
  /** How long it may wait in all, with what runs within it. */
  readonly waits_seconds: number;
  /** Whether any of its graphs runs an agent, which takes tokens of the plan. */
  readonly runs_agents: boolean;
}

interface Wanted {
  readonly pipeline_id: string;
  readonly revision: number | undefined;
  readonly node_id: string;
}

const called = (node: GraphNode): Wanted[] =>
  referencesOf(node).flatMap(({ type, id, pin }) =>
    type === "pipeline" ? [{ pipeline_id: id, revision: pin?.number, node_id: node.id }] : [],
  );

/**
 * Pins what a run uses: the versions of the agents of its graph, the revisions of the pipelines within it, and what those use.
 * @param pipeline_id of the graph
 * @param base what another run has pinned: where it names something, that is kept
 * @throws Problem `conflict` where something cannot be used any more, a pipeline runs within itself, or they nest too deep
 */
export async function pinAll(
  { table, blobs }: { readonly table: TenantTable; readonly blobs: Blobs },
  pipeline_id: string,
  graph: Graph,
  base: Pick<Pinned, "agents" | "pipelines"> = { agents: {}, pipelines: {} },
): Promise<Pins> {
  const graphs = new Map<string, Graph>([[pipeline_id, graph]]);
  const pipelines: Record<string, number> = {};
  const patterns = new Map<string, Pipeline["pattern"]>();
  const keyOf = ({ pipeline_id, revision }: Wanted) => keyed(pipeline_id, revision ?? pipelines[pipeline_id]);
  let level = graph.nodes.flatMap(called);
  while (level.length > 0) {
    const unknown = [...new Set(level.map((one) => one.pipeline_id))].filter((id) => !Object.hasOwn(pipelines, id));
    const found = await table.table.batch(unknown.map((id) => table.read(pipelineItem, { id })));
    for (const [i, id] of unknown.entries()) {
      const pipeline = found[i];
      const node_id = level.find((one) => one.pipeline_id === id)?.node_id ?? "";
      const kept = base.pipelines[id];
      if (pipeline !== undefined) patterns.set(id, pipeline.pattern);
      if (pipeline !== undefined && kept !== undefined) {
        pipelines[id] = kept;
        continue;
      }
      if (pipeline?.status !== "active" || pipeline.active_revision === null)
        throw unusable(id, node_id, pipeline?.status);
      pipelines[id] = pipeline.active_revision;
    }
    const fresh = [...new Map(level.map((one) => [keyOf(one), one])).entries()].filter(([key]) => !graphs.has(key));
    if (graphs.size + fresh.length > graphLimits.graphs) throw tooMany();
    const loaded = await Promise.all(
      fresh.map(([, one]) => revisionOf({ table, blobs }, one, pipelines, patterns.get(one.pipeline_id))),
    );
    for (const [i, [key]] of fresh.entries()) graphs.set(key, loaded[i] as Graph);
    level = loaded.flatMap((one) => one.nodes.flatMap(called));
  }
  const { depth, waits_seconds, recursion } = nested(pipeline_id, (key) => {
    const one = graphs.get(key);
    const within = (one?.nodes ?? []).map((node) => ({ node, keys: called(node).map(keyOf) }));
    return { waits_seconds: one === undefined ? 0 : waitsOf(one), within };
  });
  if (recursion !== undefined) throw recursive(recursion);
  if (depth > graphLimits.depth) throw tooDeep(depth);
  const now = await pinGraphs(table, [...graphs.values()]);
  const agents = Object.fromEntries(Object.entries(now).map(([id, version]) => [id, base.agents[id] ?? version]));
  const runs_agents = [...graphs.values()].some(({ nodes }) => nodes.some(callsModels));
  return { agents, pipelines, waits_seconds, runs_agents };
}

const keyed = (pipeline_id: string, revision: number | undefined): string => `${pipeline_id}/${revision ?? ""}`;

/** The graph of a revision. One that a node names itself may never have been active: it is validated as it would be then. */
async function revisionOf(
  deps: { readonly table: TenantTable; readonly blobs: Blobs },
  { pipeline_id, revision, node_id }: Wanted,
  pipelines: Readonly<Record<string, number>>,
  pattern: Pipeline["pattern"] | undefined,
): Promise<Graph> {
  const refused = (what: string) =>
    new Problem("conflict", `The pipeline ${pipeline_id} of node ${node_id} ${what}.`, {
      members: { pipeline_id, node_id },
    });
  const wanted = revision ?? pipelines[pipeline_id] ?? 0;
  const loaded = await loadRevision(deps.table, deps.blobs, pipeline_id, wanted).catch((error: unknown) => {
    if (!(error instanceof Problem) || error.code !== "not_found") throw error;
    throw refused(`has no revision ${wanted}`);
  });
  if (wanted === pipelines[pipeline_id] || pattern === undefined) return loaded.graph;
  const { errors } = await checkGraph(deps, pattern, loaded.graph);
  if (errors[0] !== undefined) throw refused(`cannot run in revision ${wanted}: ${errors[0].message}`);
  return loaded.graph;
}

const unusable = (pipeline_id: string, node_id: string, status: string | undefined): Problem =>
  new Problem(
    "conflict",
    `The pipeline ${pipeline_id} of node ${node_id} ${status === undefined ? "is not there" : `is ${status}, and has to be active`}.`,
    { members: { pipeline_id, node_id } },
  );

const recursive = (keys: readonly string[]): Problem =>
  new Problem(
    "conflict",
    `A pipeline runs within itself: ${keys.map((key) => key.split("/")[0]).join(" → ")}. Break the circle.`,
  );

const tooDeep = (depth: number): Problem =>
  new Problem("conflict", `Pipelines run within pipelines ${depth} deep; ${graphLimits.depth} is the most.`);

const tooMany = (): Problem =>
  new Problem("conflict", `More than ${graphLimits.graphs} different pipelines run within this one. Use fewer.`);

/** The versions with which a run uses the agents of its graphs. @throws Problem `conflict` when one of them cannot be used any more */
async function pinGraphs(table: TenantTable, graphs: readonly Graph[]): Promise<Pinned["agents"]> {
  const wanted = new Map<string, { agent_id: string; version: number | undefined; node_id: string }>();
  for (const { nodes } of graphs)
    for (const node of nodes)
      for (const { agent_id, version } of agentsOf(node)) {
        if (agent_id === undefined) continue;
        wanted.set(`${agent_id}/${version ?? ""}`, { agent_id, version, node_id: node.id });
      }
  const list = [...wanted.values()];
  const pins = await pinAgents(table, list);
  return Object.fromEntries(
    list.flatMap(({ agent_id, version, node_id }, i) => {
      const pin = pins[i];
      if (typeof pin === "number") return version === undefined ? [[agent_id, pin]] : [];
      const why = pin?.code === "not_found" ? "is not there" : "is not active";
      throw new Problem("conflict", `The agent ${agent_id} of node ${node_id} ${why}.`, {
        members: { agent_id, node_id },
      });
    }),
  );
}
