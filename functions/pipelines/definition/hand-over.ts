import { draft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import { type HandOver, noChange } from "../../../shared/identity/hand-over.ts";
import { ownerWrites } from "../../../shared/identity/owned.ts";
import { newEtag } from "../../../shared/ids.ts";
import { pipelineEvents } from "../events.ts";
import { type Pipeline, pipelineItem } from "../store.ts";

/** Gives a pipeline of somebody who goes to another owner, archived or not. */
export const handOverPipeline: HandOver = async (own, id, from, to, at) => {
  const read = await own.get(pipelineItem, { id });
  if (read?.owner_id !== from) return noChange(own, { kind: "pipeline", id }, from);
  const next: Pipeline = { ...read, owner_id: to, updated_at: timestamp(at), etag: newEtag(at) };
  const data = { pipeline_id: id, name: read.name, changed_fields: ["owner_id"] };
  const changes = [{ field: "owner_id", old: from, new: to }];
  return {
    writes: [
      own.writes.replace(pipelineItem, next, read.etag),
      ...ownerWrites(own, { kind: "pipeline", id }, from, to),
    ],
    events: [draft(pipelineEvents, "pipeline.updated", next, data, { changes })],
  };
};
