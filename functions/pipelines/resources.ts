import { readFamily } from "../../shared/dynamo/family.ts";
import { primaryKey } from "../../shared/dynamo/item.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import { defineResource } from "../../shared/http/resource.ts";
import {
  type Layout,
  layoutItem,
  type Pipeline,
  pipelineItem,
  type Revision,
  revisionItem,
  revisionOf,
} from "./store.ts";

/** The things that paths of pipelines name, and how each is read. */

export const pipelineResource = defineResource({
  type: "pipeline",
  path: ["pipeline_id"],
  item: pipelineItem,
  key: ({ pipeline_id }) => ({ id: pipeline_id }),
  subject: (pipeline) => pipeline,
});

/** A pipeline with its newest revision. */
export interface PipelineHead {
  readonly pipeline: Pipeline;
  readonly newest: Revision;
}

/** One query, unless a new revision is being written at the same moment. */
export const headResource = defineResource({
  type: "pipeline",
  path: ["pipeline_id"],
  read: async ({ table, path }) => findHead(table, String(path.pipeline_id)),
  subject: ({ pipeline }) => pipeline,
});

/** A pipeline with its newest revision, strongly consistent. */
export async function findHead(table: TenantTable, pipeline_id: string): Promise<PipelineHead | undefined> {
  const { pk, sk } = primaryKey(pipelineItem, table.tenant, { id: pipeline_id });
  const kinds = { pipelines: pipelineItem, revisions: revisionItem };
  const found = await readFamily(table, { pk, from: "REVISION#", to: sk, last: 2 }, kinds);
  const [pipeline] = found.pipelines;
  if (pipeline === undefined) return undefined;
  const [last] = found.revisions;
  const { id, revision } = pipeline;
  return { pipeline, newest: last?.revision === revision ? last : await revisionOf(table, id, revision) };
}

export const revisionResource = defineResource({
  type: "pipeline",
  path: ["pipeline_id", "revision"],
  item: revisionItem,
  key: ({ pipeline_id, revision }) => ({ pipeline_id, revision }),
  subject: (_revision, { table, path }) => table.get(pipelineItem, { id: String(path.pipeline_id) }),
});

/** A pipeline with its layout, undefined until somebody has placed a node. */
export interface Drawing {
  readonly pipeline: Pipeline;
  readonly layout: Layout | undefined;
}

export const layoutResource = defineResource({
  type: "pipeline",
  path: ["pipeline_id"],
  async read({ table, path: { pipeline_id } }): Promise<Drawing | undefined> {
    const [pipeline, layout] = await table.table.batch([
      table.read(pipelineItem, { id: pipeline_id }),
      table.read(layoutItem, { pipeline_id }),
    ]);
    return pipeline === undefined ? undefined : { pipeline, layout };
  },
  subject: ({ pipeline }) => pipeline,
});
