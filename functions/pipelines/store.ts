import * as z from "zod";
import { blobSchema } from "../../shared/blobs/blobs.ts";
import { defineDue } from "../../shared/due/due.ts";
import { defineItem, type ItemOf } from "../../shared/dynamo/item.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import type { Write } from "../../shared/dynamo/write.ts";
import { notFound } from "../../shared/errors.ts";
import { idSchema } from "../../shared/ids.ts";
import { workspaceLinks } from "../workspaces/public.ts";
import { positionsSchema } from "./layout/rules/positions.ts";
import { pipelineStatusSchema, pipelineView, revisionView } from "./model.ts";

/** What its name is found by while the pipeline is not archived; several may have one name. */
const live_name = z.string().nullable();

/** The id again while the pipeline is not archived: a list without archived ones is an index of its own. */
const live_id = z.string().nullable();

export const pipelineItem = defineItem({
  type: "pipeline",
  summary: "A pipeline: its settings and the pointers to its newest and its active revision.",
  schema: pipelineView.extend({
    /** Agents that the active revision names; each of them is marked as in use. */
    active_agent_ids: z.array(idSchema("agent")),
    live_id,
    live_name,
    etag: z.string(),
  }),
  // Behind the revisions: the pipeline and its newest revision are the partition's last two items.
  key: { pk: "PIPELINE#{id}", sk: "SETTINGS" },
  indexes: {
    gsi1: { pk: "PIPELINES#{status}", sk: "{id}" },
    gsi2: { pk: "LIVE_PIPELINES", sk: "{live_id}" },
    gsi3: { pk: "PIPELINES_NAMED#{live_name}", sk: "{id}" },
  },
});
export type Pipeline = ItemOf<typeof pipelineItem>;

export const nameClaimItem = defineItem({
  type: "pipeline_name_claim",
  summary: "Which pipeline an import has last made under a name, for minutes: of imports at once, one makes it.",
  schema: z.object({
    name_key: z.string(),
    pipeline_id: idSchema("pipeline"),
    expires_at: z.string(),
    etag: z.string(),
  }),
  key: { pk: "PIPELINE_NAME#{name_key}", sk: "CLAIM" },
  expires: "expires_at",
});
export type NameClaim = ItemOf<typeof nameClaimItem>;

/** When an archived pipeline is erased. Only archived ones have it, and those that are on their way out. */
export const pipelinePurge = defineDue("pipeline_purge");

export const revisionItem = defineItem({
  type: "pipeline_revision",
  summary: "One immutable revision of a pipeline's graph; large graphs lie in the bucket by content hash.",
  schema: revisionView.extend({
    graph: blobSchema,
    /** JSON object from reference to encrypted header value; the graph holds only the references. */
    secrets: blobSchema,
  }),
  key: { pk: "PIPELINE#{pipeline_id}", sk: "REVISION#{revision}" },
});
export type Revision = ItemOf<typeof revisionItem>;

export const layoutItem = defineItem({
  type: "pipeline_layout",
  summary: "Where the nodes of a pipeline are drawn; absent until somebody has placed one.",
  schema: z.object({ pipeline_id: idSchema("pipeline"), positions: positionsSchema, etag: z.string() }),
  key: { pk: "PIPELINE#{pipeline_id}", sk: "LAYOUT" },
  json: ["positions"],
});
export type Layout = ItemOf<typeof layoutItem>;

export const pipelineWorkspaceItem = defineItem({
  type: "pipeline_workspace",
  summary: "A pipeline in a workspace, so that a workspace's pipelines are one query.",
  schema: z.object({
    workspace_id: idSchema("workspace"),
    pipeline_id: idSchema("pipeline"),
    status: pipelineStatusSchema,
    live_id,
  }),
  key: { pk: "WORKSPACE#{workspace_id}", sk: "PIPELINE#{pipeline_id}" },
  indexes: {
    gsi1: { pk: "WORKSPACE_PIPELINES#{workspace_id}#{status}", sk: "{pipeline_id}" },
    gsi2: { pk: "WORKSPACE_LIVE_PIPELINES#{workspace_id}", sk: "{live_id}" },
  },
});

export const graphUploadItem = defineItem({
  type: "graph_upload",
  summary: "A place in the bucket for a graph that is larger than a request; one hour.",
  schema: z.object({
    id: idSchema("upload"),
    pipeline_id: idSchema("pipeline"),
    object_key: z.string(),
    bytes: z.number().int(),
    created_by: z.string(),
    created_at: z.string(),
    expires_at: z.string(),
  }),
  key: { pk: "PIPELINE#{pipeline_id}", sk: "GRAPH_UPLOAD#{id}" },
  expires: "expires_at",
});

/** A revision's record. @throws Problem `not_found` */
export async function revisionOf(table: TenantTable, pipeline_id: string, revision: number): Promise<Revision> {
  const record = await table.get(revisionItem, { pipeline_id, revision });
  if (record === undefined) throw notFound();
  return record;
}

/**
 * Writes that keep a pipeline's places in workspaces equal to the pipeline: the workspace's own record of what is in
 * it, which proves that a workspace entered exists and is active, and the item that narrows lists of pipelines.
 */
export function workspaceWrites(
  table: TenantTable,
  next: Pipeline,
  old: Pipeline | undefined,
  change: { readonly by: string; readonly at: Date },
): Write[] {
  const before = old?.workspace_ids ?? [];
  const after = new Set(next.workspace_ids);
  const places = workspaceLinks(table.table, table.tenant, {
    resource: { type: "pipeline", id: next.id, name: next.name },
    before,
    after: next.workspace_ids,
    ...(old === undefined ? {} : { name_before: old.name }),
    ...change,
  });
  const moved = old?.status !== next.status;
  const { id: pipeline_id, status, live_id } = next;
  const listed = next.workspace_ids
    .filter((id) => moved || !before.includes(id))
    .map((workspace_id) => table.writes.put(pipelineWorkspaceItem, { workspace_id, pipeline_id, status, live_id }));
  const dropped = before
    .filter((id) => !after.has(id))
    .map((workspace_id) => table.writes.remove(pipelineWorkspaceItem, { workspace_id, pipeline_id }, {}));
  return [...places, ...listed, ...dropped];
}
