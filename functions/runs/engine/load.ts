import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { type Graph, graphSchema } from "../../pipelines/graph/public.ts";
import { loadRevision, type SealedHeaders } from "../../pipelines/public.ts";
import type { StoredRun } from "../store.ts";
import { bringsSetup } from "../trial/rules/brings.ts";
import { loadSetup, type Setup } from "../trial/setup.ts";
import { compilePlan, type Plan } from "./rules/plan.ts";

/** What a run walks: its plan, and the encrypted header values that the graph's nodes refer to. */
export interface Walkable {
  readonly plan: Plan;
  readonly graph: Graph;
  readonly secrets: SealedHeaders;
  /** What a test brought to be run. */
  readonly setup: Setup;
}

/** The graph of a run of one agent: there is one engine. */
export const agentGraph = (agent_id: string): Graph =>
  graphSchema.parse({
    nodes: [
      { id: "input", kind: "input", label: "Input", config: {} },
      { id: "agent", kind: "agent", label: "Agent", config: { agent_id } },
      { id: "output", kind: "output", label: "Output", config: {} },
    ],
    connections: [
      { id: "input-agent", source: "input", target: "agent" },
      { id: "agent-output", source: "agent", target: "output" },
    ],
  });

/** Plans kept by a warm worker. A plan of 10,000 nodes takes some 20 MB. */
const KEPT = 8;
const kept = new Map<string, Promise<Walkable>>();

/** The plan of what a run is pinned to, or has brought. It never changes, so a warm worker keeps the latest ones. */
export function walkable(table: TenantTable, blobs: Blobs, run: StoredRun): Promise<Walkable> {
  const { revision } = run.pinned;
  const key = `${table.tenant}/${bringsSetup(run) ? run.id : run.target_id}/${revision ?? ""}`;
  const known = kept.get(key);
  kept.delete(key);
  const plan = known ?? prepared(table, blobs, run);
  kept.set(key, plan);
  plan.catch(() => kept.delete(key));
  const [oldest] = kept.keys();
  if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
  return plan;
}

async function prepared(table: TenantTable, blobs: Blobs, run: StoredRun): Promise<Walkable> {
  const setup = await loadSetup(table, blobs, run);
  const { graph, secrets } = await walked(table, blobs, run, setup);
  return { plan: compilePlan(graph, run.test?.node_id ?? undefined), graph, secrets, setup };
}

async function walked(
  table: TenantTable,
  blobs: Blobs,
  { pinned: { pipeline_id, revision }, target_id }: StoredRun,
  { graph, secrets = {} }: Setup,
): Promise<Pick<Walkable, "graph" | "secrets">> {
  if (graph !== undefined) return { graph, secrets };
  if (pipeline_id === null || revision === null) return { graph: agentGraph(target_id), secrets: {} };
  return loadRevision(table, blobs, pipeline_id, revision);
}
