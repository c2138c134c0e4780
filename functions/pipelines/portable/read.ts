import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { nameKey } from "../../../shared/name-key.ts";
import { type LoadedRevision, openRevision } from "../revisions/revision.ts";
import {
  type Layout,
  layoutItem,
  type NameClaim,
  nameClaimItem,
  type Pipeline,
  pipelineItem,
  revisionOf,
} from "../store.ts";
import type { PortablePipeline } from "./rules/document.ts";

/** What is stored of a pipeline, with its newest graph. */
export interface ReadPipeline {
  readonly pipeline: Pipeline;
  readonly current: LoadedRevision;
  readonly layout: Layout | undefined;
  readonly portable: PortablePipeline;
}

/** A pipeline as it can leave the organization; undefined where there is none, or where it is on its way out. */
export async function readPortable(
  { blobs }: { readonly blobs: Blobs },
  table: TenantTable,
  id: string,
): Promise<ReadPipeline | undefined> {
  const [pipeline, layout] = await table.table.batch([
    table.read(pipelineItem, { id }),
    table.read(layoutItem, { pipeline_id: id }),
  ]);
  if (pipeline === undefined || pipeline.status === "purging") return undefined;
  const current = await openRevision(blobs, await revisionOf(table, id, pipeline.revision));
  const { name, description, pattern, tags, max_concurrent_runs } = pipeline;
  const settings = { name, description, pattern, tags, max_concurrent_runs };
  const positions = layout?.positions ?? {};
  return { pipeline, current, layout, portable: { ...settings, positions, graph: current.graph } };
}

/** What a name stands for. */
export interface PipelinesNamed {
  /** Of at most two live pipelines: more than one is none that a name could mean. */
  readonly ids: readonly string[];
  /** What whoever makes another one of this name takes over, so that of several at once one does. */
  readonly claim: NameClaim | undefined;
}

/** The index of names comes later than what has been written: what an import has just made is told by its claim. */
export async function pipelinesNamed(table: TenantTable, name: string): Promise<PipelinesNamed> {
  const live_name = nameKey(name);
  const claim = await table.get(nameClaimItem, { name_key: live_name });
  const page = await table.page(pipelineItem, { index: "gsi3", of: { live_name }, limit: 2 });
  const ids = new Set(page.items.map(({ id }) => id));
  const made = claim && !ids.has(claim.pipeline_id) ? await table.get(pipelineItem, { id: claim.pipeline_id }) : null;
  if (made?.live_name === live_name) ids.add(made.id);
  return { ids: [...ids], claim };
}
