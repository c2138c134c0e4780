import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { EventDraft } from "../../../shared/change/events.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import type { GraphNode } from "../../pipelines/graph/public.ts";
import type { RunTest } from "../model.ts";
import { startOf } from "../start/start.ts";
import { type StoredRun, storeJson } from "../store.ts";
import { traceWithin } from "../tracing/rules/ids.ts";

/** The kinds of nodes that run pipelines. */
export type CallingNode = Extract<GraphNode, { kind: "sub_pipeline" | "map" | "loop" }>;

/** One run to start, within another. */
export interface Child {
  readonly id: string;
  readonly index: number;
  readonly input: Json;
  readonly timeout_seconds: number;
  /** The run whose place it takes in a retry of the outer one. */
  readonly before: StoredRun | undefined;
  /** How many runs go on side by side with it, itself counted. */
  readonly abreast: number;
}

/** What a run within another is of: as it was pinned when the outermost run started. */
export type Called =
  | { readonly kind: "pipeline"; readonly pipeline_id: string; readonly revision: number }
  | { readonly kind: "agent"; readonly agent_id: string; readonly version: number };

/** Which revision of which pipeline the node runs. */
export function calledPipeline({ config }: CallingNode, { pinned }: Pick<StoredRun, "pinned">): Called | undefined {
  const { pipeline_id } = config;
  if (pipeline_id === undefined) return undefined;
  const revision = config.revision ?? pinned.pipelines[pipeline_id];
  return revision === undefined ? undefined : { kind: "pipeline", pipeline_id, revision };
}

/** A cassette is everybody's within a test; what single nodes meet is for those of the outermost graph. */
const within = (test: StoredRun["test"]): RunTest | undefined =>
  test?.cassette == null ? undefined : { ...test, node_id: null, draft: false, faults: {} };

/**
 * What starting a run within another writes and tells. It acts for whoever started the outer one, uses what that has pinned,
 * and takes no place of the plan: it is part of that run.
 */
export async function childStart(
  { table, blobs, run }: { readonly table: TenantTable; readonly blobs: Pick<Blobs, "store">; readonly run: StoredRun },
  called: Called,
  { node_id, attempt }: { readonly node_id: string; readonly attempt: number },
  { id, index, input, timeout_seconds, before, abreast }: Child,
  at: Date,
): Promise<{ readonly writes: readonly Write[]; readonly event: EventDraft }> {
  const { kept_days, audit_days, mode, started_by, depth, budget } = run;
  return startOf(
    table,
    // The plan is not asked.
    { principal: started_by, plan: "free", at, trace: traceWithin(run, node_id, attempt) },
    {
      id,
      kept_days,
      audit_days,
      kind: called.kind,
      mode,
      test: within(run.test),
      ...targetOf(called, run.pinned),
      metadata: {},
      labels: [],
      timeout_seconds,
      budget,
      input: await storeJson(blobs, table.tenant, { id, kept_days }, input),
      ...(before === undefined
        ? {}
        : {
            retry_of_run_id: run.retry_of_run_id === null ? undefined : before.id,
            recorded: { run_id: before.id, seed_run_id: before.seed_run_id },
          }),
      called: {
        parent_run_id: run.id,
        called_by: { node_id, attempt, index },
        depth: depth + 1,
        root_run_id: run.root_run_id,
        // Maps within maps go on side by side no more than the outermost alone may.
        allowance: Math.max(1, Math.floor(run.allowance / abreast)),
      },
    },
  );
}

/** A run of an agent needs nothing but that; one of a pipeline may use whatever is pinned. */
const targetOf = (called: Called, { agents, pipelines }: StoredRun["pinned"]) =>
  called.kind === "agent"
    ? {
        target_id: called.agent_id,
        pinned: { pipeline_id: null, revision: null, agents: { [called.agent_id]: called.version }, pipelines: {} },
      }
    : {
        target_id: called.pipeline_id,
        pinned: { pipeline_id: called.pipeline_id, revision: called.revision, agents, pipelines },
      };
