import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";

const pipeline = z.object({ pipeline_id: z.string(), name: z.string() });
const revised = pipeline.extend({ revision: z.number().int(), graph_hash: z.string() });

export const pipelineEvents = defineEvents({
  "pipeline.created": { summary: "A pipeline was created.", resource: "pipeline", data: pipeline },
  "pipeline.updated": {
    summary: "A pipeline's name, description, pattern, tags or workspaces changed.",
    resource: "pipeline",
    data: pipeline.extend({ changed_fields: z.array(z.string()) }),
  },
  "pipeline.graph_replaced": {
    summary: "A pipeline got a new revision of its graph.",
    resource: "pipeline",
    data: revised,
  },
  "pipeline.duplicated": {
    summary: "A pipeline was created as a copy of another one.",
    resource: "pipeline",
    data: pipeline.extend({ source_pipeline_id: z.string() }),
  },
  "pipeline.activated": {
    summary: "A revision became the one that new runs are pinned to.",
    resource: "pipeline",
    data: revised,
  },
  "pipeline.deactivated": { summary: "A pipeline takes no new runs.", resource: "pipeline", data: pipeline },
  "pipeline.archived": { summary: "A pipeline was archived.", resource: "pipeline", data: pipeline },
  "pipeline.purged": {
    summary: "An archived pipeline was erased with its revisions; nobody had restored it in time.",
    resource: "pipeline",
    data: pipeline,
  },
  "pipeline.restored": { summary: "An archived pipeline is a draft again.", resource: "pipeline", data: pipeline },
});
