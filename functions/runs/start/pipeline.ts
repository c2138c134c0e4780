import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import type { Graph } from "../../pipelines/graph/public.ts";
import { type Draft, type PipelineHead, pinForRun } from "../../pipelines/public.ts";
import { admitTokens } from "../../usage/public.ts";
import { type Pinned, type RunRecord, usualTimeout } from "../model.ts";
import { storeJson } from "../store.ts";
import { pinAll } from "./pins.ts";
import { checkInput, type NewRun, namedRun } from "./start.ts";

/** What a test is told beside input and time. What knows of it comes with it: only the panel has that in its bundle. */
export interface TriedRun {
  readonly draft?: Draft | undefined;
  /** The one node that is worked. */
  readonly node_id?: string | undefined;
  /** Checks what it is told against the graph, and gives what its run keeps of it. */
  readonly told: (
    of: { readonly table: TenantTable; readonly blobs: Blobs },
    pinned: { readonly graph: Graph; readonly revision: number | null },
  ) => Promise<(named: Pick<NewRun, "id" | "kept_days">) => Promise<Pick<NewRun, "test" | "setup">>>;
}

/** What is asked for who wants a run of a pipeline. */
export interface WantedRun extends Pick<RunRecord, "mode" | "metadata" | "labels"> {
  readonly input: Json;
  readonly timeout_seconds?: number | undefined;
  /** Of test runs only. */
  readonly revision?: number | undefined;
  readonly budget?: RunRecord["budget"] | undefined;
  /** Versions and revisions that were chosen before: where it names something, that is used. */
  readonly pins?: Pick<Pinned, "agents" | "pipelines"> | undefined;
  /** What a test is told beside that. */
  readonly trial?: TriedRun | undefined;
}

/**
 * Everything of a new run of a pipeline that is decided before it starts: pins, checked and stored input, time.
 * @returns what `startOf` takes, and the check that goes into its transaction
 * @throws Problem where the pipeline, its agents, the input or the plan do not permit it
 */
export async function preparePipeline(
  { table, blobs }: { readonly table: TenantTable; readonly blobs: Blobs },
  head: PipelineHead,
  { mode, metadata, labels, input, revision, pins, timeout_seconds, budget = null, trial }: WantedRun,
  organization: Pick<Organization, "plan" | "settings">,
  at: Date,
): Promise<{ readonly wanted: NewRun; readonly check: Write }> {
  const { draft, node_id } = trial ?? {};
  const tested = { mode: "test", revision, draft, node_id } as const;
  const pinned = await pinForRun({ table, blobs }, head, mode === "live" ? { mode } : tested);
  const { graph } = pinned.loaded;
  const told = await trial?.told({ table, blobs }, { graph, revision: pinned.revision });
  // Of a node alone the run's input is what it happens to read of it.
  if (node_id === undefined) await checkInput(graph, input);
  const pipeline_id = pinned.pipeline.id;
  const worked =
    node_id === undefined ? graph : { nodes: graph.nodes.filter(({ id }) => id === node_id), connections: [] };
  const { agents, pipelines, waits_seconds, runs_agents } = await pinAll({ table, blobs }, pipeline_id, worked, pins);
  if (runs_agents) await admitTokens(table, organization.plan, at);
  const seconds = timeout_seconds ?? usualTimeout(worked, waits_seconds);
  const named = namedRun(organization, at, seconds);
  const wanted: NewRun = {
    ...named,
    kind: "pipeline",
    mode,
    target_id: pipeline_id,
    pinned: { pipeline_id, revision: pinned.revision, agents, pipelines },
    metadata,
    labels,
    timeout_seconds: seconds,
    limit: pinned.pipeline.max_concurrent_runs,
    budget,
    ...(await told?.(named)),
    input: await storeJson(blobs, table.tenant, named, input),
  };
  return { wanted, check: pinned.check };
}
