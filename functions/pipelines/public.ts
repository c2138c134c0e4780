import type { Blobs } from "../../shared/blobs/blobs.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import type { Write } from "../../shared/dynamo/write.ts";
import { notFound } from "../../shared/errors.ts";
import { checkGraph, graphInvalid } from "./graph/checks.ts";
import { pipelineStates, refuseArchived, USABLE_PIPELINE } from "./model.ts";
import type { PipelineHead } from "./resources.ts";
import type { Draft } from "./revisions/draft.ts";
import { type LoadedRevision, loadRevision, openRevision } from "./revisions/revision.ts";
import { type Pipeline, pipelineItem } from "./store.ts";

export { handOverPipeline } from "./definition/hand-over.ts";
export { pipelineEvents } from "./events.ts";
/** What other rooms may use of pipelines. The graph's rules and expressions are in `graph/public.ts`. */
export { checkGraph, type GraphCheck, graphInvalid } from "./graph/checks.ts";
export { openHeaders, type SealedHeaders, sealedHeadersSchema } from "./graph/secret-headers.ts";
export { findHead, type PipelineHead } from "./resources.ts";
export { type Draft, sealDraft } from "./revisions/draft.ts";
export { type LoadedRevision, loadRevision } from "./revisions/revision.ts";
export { type Pipeline, pipelineItem, type Revision, revisionItem } from "./store.ts";

/** What a run is pinned to. */
export interface PinnedPipeline {
  readonly pipeline: Pipeline;
  /** null of a graph that is no revision. */
  readonly revision: number | null;
  readonly loaded: Pick<LoadedRevision, "graph" | "secrets">;
  /** Goes into the transaction that starts the run: the pipeline is still in the state that permits it. */
  readonly check: Write;
}

/** What a test run may be of: a revision, the newest where none is named, or a draft; or of one node of that. */
interface Tested {
  readonly mode: "test";
  readonly revision?: number | undefined;
  readonly draft?: Draft | undefined;
  readonly node_id?: string | undefined;
}

/**
 * The revision that a run is pinned to. A live run uses the active revision. A test run uses the given or the newest
 * one, or a draft; its graph must be free of errors too, of one node what is found at that node.
 * @throws Problem `not_found` for the revision, `conflict` when the pipeline is in no state to run, `graph_invalid`
 */
export function pinForRun(
  deps: { readonly table: TenantTable; readonly blobs: Blobs },
  head: PipelineHead,
  run: { readonly mode: "live" } | Omit<Tested, "draft">,
): Promise<PinnedPipeline & { readonly revision: number }>;
export function pinForRun(
  deps: { readonly table: TenantTable; readonly blobs: Blobs },
  head: PipelineHead,
  run: { readonly mode: "live" } | Tested,
): Promise<PinnedPipeline>;
export async function pinForRun(
  { table, blobs }: { readonly table: TenantTable; readonly blobs: Blobs },
  { pipeline, newest }: PipelineHead,
  run: { readonly mode: "live" } | Tested,
): Promise<PinnedPipeline> {
  const { id: pipeline_id, active_revision } = pipeline;
  const opened = (revision: number) =>
    revision === newest.revision ? openRevision(blobs, newest) : loadRevision(table, blobs, pipeline_id, revision);
  if (run.mode === "live") {
    if (pipeline.status !== "active" || active_revision === null)
      throw pipelineStates.refusal(pipeline.status, ["active"]);
    const check = table.writes.check(
      pipelineItem,
      { id: pipeline_id },
      { equals: { status: "active", active_revision } },
      (old) =>
        old === undefined
          ? notFound()
          : pipelineStates.refusal(old.status === "active" ? "being changed" : old.status, ["active"]),
    );
    const loaded = await opened(active_revision);
    return { pipeline, revision: active_revision, loaded, check };
  }
  refuseArchived(pipeline);
  const revision = run.draft === undefined ? (run.revision ?? pipeline.revision) : null;
  const loaded = run.draft ?? (await opened(revision ?? pipeline.revision));
  const found = await checkGraph({ table, blobs }, pipeline.pattern, loaded.graph);
  const { node_id } = run;
  const errors =
    node_id === undefined ? found.errors : found.errors.filter(({ node_ids }) => node_ids.includes(node_id));
  if (errors.length > 0) throw graphInvalid({ errors });
  const check = table.writes.check(
    pipelineItem,
    { id: pipeline_id },
    { one_of: { status: ["draft", "active"] } },
    (old) => (old === undefined ? notFound() : pipelineStates.refusal(old.status, USABLE_PIPELINE)),
  );
  return { pipeline, revision, loaded, check };
}
