import type { ChangeContext } from "../../../shared/change/commit.ts";
import { timestamp } from "../../../shared/clock.ts";
import { ownerOf, ownerWrites } from "../../../shared/identity/owned.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { nameKey } from "../../../shared/name-key.ts";
import type { PipelineDeps } from "../deps.ts";
import { type LoadedRevision, newRevision } from "../revisions/revision.ts";
import { type Pipeline, pipelineItem, revisionItem, workspaceWrites } from "../store.ts";

/** Who makes a pipeline, where and when. */
export interface Making {
  readonly context: Pick<ChangeContext, "tenant" | "actor">;
  readonly at: Date;
}

/** A new pipeline with its first revision, linked to its workspaces. Its place in the plan is taken apart. */
export async function found(
  call: Making,
  { table, blobs }: Pick<PipelineDeps, "table" | "blobs">,
  settings: Pick<Pipeline, "name" | "description" | "pattern" | "tags" | "workspace_ids"> &
    Partial<Pick<Pipeline, "max_concurrent_runs">>,
  content: Pick<LoadedRevision, "graph" | "secrets">,
  id = newId("pipeline", call.at),
) {
  const { at, context } = call;
  const tenant = table.of(context.tenant);
  const by = { created_by: context.actor.id, created_at: timestamp(at) };
  const record = await newRevision(blobs, context.tenant, content, { pipeline_id: id, revision: 1, ...by });
  const pipeline: Pipeline = {
    id,
    organization_id: context.tenant,
    max_concurrent_runs: null,
    ...settings,
    status: "draft",
    revision: 1,
    graph_hash: record.graph_hash,
    active_revision: null,
    active_agent_ids: [],
    owner_id: ownerOf(context.actor),
    node_count: record.node_count,
    connection_count: record.connection_count,
    ...by,
    updated_at: by.created_at,
    activated_at: null,
    archived_at: null,
    purge_at: null,
    live_id: id,
    live_name: nameKey(settings.name),
    etag: newEtag(at),
  };
  const writes = [
    tenant.writes.create(pipelineItem, pipeline),
    tenant.writes.create(revisionItem, record),
    ...workspaceWrites(tenant, pipeline, undefined, changeOf(call)),
    ...ownerWrites(tenant, { kind: "pipeline", id }, null, pipeline.owner_id, "proved"),
  ];
  return { pipeline, writes };
}

export const changeOf = ({ context, at }: Making) => ({ by: context.actor.id, at });
