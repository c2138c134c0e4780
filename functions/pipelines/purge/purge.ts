import { draft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import { removals } from "../../../shared/dynamo/removals.ts";
import { ownerWrites } from "../../../shared/identity/owned.ts";
import { newEtag } from "../../../shared/ids.ts";
import type { PurgeOf } from "../../../shared/purge/purge.ts";
import { pipelineEvents } from "../events.ts";
import {
  graphUploadItem,
  layoutItem,
  type Pipeline,
  pipelineItem,
  pipelinePurge,
  revisionItem,
  workspaceWrites,
} from "../store.ts";

/** How a pipeline is erased. Its place in the plan is free, and it has let go of its agents, since it was archived. */
export const purgedPipeline: PurgeOf<Pipeline> = {
  due: pipelinePurge,
  find: (table, id) => table.get(pipelineItem, { id }),
  claim(table, pipeline, at, erase_at) {
    const next: Pipeline = {
      ...pipeline,
      status: "purging",
      workspace_ids: [],
      owner_id: null,
      purge_at: timestamp(erase_at),
      etag: newEtag(at),
    };
    return [
      table.writes.replace(pipelineItem, next, pipeline.etag),
      ...workspaceWrites(table, next, pipeline, { by: pipelinePurge.kind, at }),
      ...ownerWrites(table, { kind: "pipeline", id: pipeline.id }, pipeline.owner_id, null),
    ];
  },
  async *belongings(table, { id: pipeline_id }) {
    for (const definition of [revisionItem, layoutItem, graphUploadItem])
      yield* removals(table, definition, { pipeline_id });
  },
  end: (table, { id, name }) => ({
    write: table.writes.remove(pipelineItem, { id }, { equals: { status: "purging" } }),
    event: draft(pipelineEvents, "pipeline.purged", { id, name }, { pipeline_id: id, name }),
  }),
};
