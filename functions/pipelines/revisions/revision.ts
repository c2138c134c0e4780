import type { Blobs } from "../../../shared/blobs/blobs.ts";
import { versionFiles } from "../../../shared/blobs/purposes.ts";
import { trusted } from "../../../shared/bounded/trusted.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { canonicalText, graphHash } from "../graph/rules/canonical.ts";
import { type Graph, graphSchema } from "../graph/rules/nodes.ts";
import { type SealedHeaders, sealedHeadersSchema } from "../graph/secret-headers.ts";
import { MAX_GRAPH_BYTES } from "../model.ts";
import { type Revision, revisionOf } from "../store.ts";

/** An immutable revision with its graph. Secret header values are references into `secrets`. */
export interface LoadedRevision {
  readonly record: Revision;
  readonly graph: Graph;
  readonly secrets: SealedHeaders;
}

/** Loads one revision of a pipeline. @throws Problem `not_found` */
export async function loadRevision(
  table: TenantTable,
  blobs: Pick<Blobs, "load">,
  pipeline_id: string,
  revision: number,
): Promise<LoadedRevision> {
  return openRevision(blobs, await revisionOf(table, pipeline_id, revision));
}

/** A revision's record with what it refers to. */
export async function openRevision(blobs: Pick<Blobs, "load">, record: Revision): Promise<LoadedRevision> {
  const [graph, secrets] = await Promise.all([blobs.load(record.graph), blobs.load(record.secrets)]);
  return {
    record,
    graph: trusted(() => graphSchema.parse(JSON.parse(graph))),
    secrets: sealedHeadersSchema.parse(JSON.parse(secrets)),
  };
}

/**
 * The record of a new revision. The texts are stored before the transaction that refers to them: a text that nothing
 * refers to is harmless.
 * @throws Problem `payload_too_large` when the graph's text is larger than a graph may be
 */
export async function newRevision(
  blobs: Blobs,
  tenant: string,
  { graph, secrets }: { readonly graph: Graph; readonly secrets: SealedHeaders },
  of: Pick<Revision, "pipeline_id" | "revision" | "created_by" | "created_at">,
): Promise<Revision> {
  const text = canonicalText(graph);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_GRAPH_BYTES)
    throw new Problem("payload_too_large", `The graph has ${bytes} bytes; the limit is ${MAX_GRAPH_BYTES}.`);
  const files = versionFiles(tenant, of.pipeline_id);
  const [stored, sealed] = await Promise.all([blobs.store(files, text), blobs.store(files, JSON.stringify(secrets))]);
  return {
    ...of,
    graph_hash: graphHash(graph),
    graph_bytes: bytes,
    node_count: graph.nodes.length,
    connection_count: graph.connections.length,
    graph: stored,
    secrets: sealed,
  };
}

export const EMPTY_GRAPH: Graph = { nodes: [], connections: [] };
