import { draft } from "../../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { OperationShape, Output } from "../../../shared/http/operation.ts";
import { newEtag } from "../../../shared/ids.ts";
import type { PipelineDeps } from "../deps.ts";
import { pipelineEvents } from "../events.ts";
import { checkGraph, type GraphCheck } from "../graph/checks.ts";
import type { GraphBody } from "../graph/places.ts";
import { keepPrompts } from "../graph/prompts.ts";
import { canonicalGraph, graphHash } from "../graph/rules/canonical.ts";
import type { Graph } from "../graph/rules/nodes.ts";
import { sealHeaders } from "../graph/secret-headers.ts";
import { refuseArchived } from "../model.ts";
import type { PipelineHead } from "../resources.ts";
import { type Pipeline, pipelineItem, revisionItem } from "../store.ts";
import { type LoadedRevision, newRevision, openRevision } from "./revision.ts";

/** What an edit made: the pipeline and the graph as they are stored now, and what was found in the graph. */
export interface Revised {
  readonly pipeline: Pipeline;
  readonly graph: Graph;
  readonly validation: GraphCheck;
}

/** The part of a call that a revision needs; every operation on a graph has it. */
type GraphCall<O extends OperationShape> = Pick<Call<O>, "at" | "context" | "if_match" | "commit"> & {
  load(how?: { readonly fresh: boolean }): Promise<PipelineHead>;
};

/**
 * Changes a graph: loads the newest revision, edits it, stores the result as the next revision and moves the
 * pointer, the last two in one transaction that holds only while the pipeline is what was read. A crash or a lost
 * race leaves the old graph. An edit that changes nothing makes no revision.
 * @param edit gives the new graph; throws the refusal of an edit that cannot be made
 * @param body what the request brings; of an edit that brings less than a node, `node`
 */
export function reviseGraph<O extends OperationShape>(
  call: GraphCall<O>,
  deps: PipelineDeps,
  edit: (current: LoadedRevision) => Graph | Promise<Graph>,
  answer: (revised: Revised) => Output<O>,
  { body, expected_revision }: { readonly body: GraphBody; readonly expected_revision?: number | undefined },
): Promise<Output<O>> {
  const { tenant } = call.context;
  const table = deps.table.of(tenant);
  return updateWithRetry(call.if_match, async (how) => {
    const { pipeline, newest } = await call.load(how);
    refuseArchived(pipeline);
    requireRevision(pipeline, expected_revision);
    requireMatch(call.if_match, pipeline.etag);
    const current = await openRevision(deps.blobs, newest);
    const headers = await sealHeaders(
      deps.secrets,
      tenant,
      keepPrompts(await edit(current), current.graph, body),
      current,
      body,
    );
    const sealed = { ...headers, graph: canonicalGraph(headers.graph) };
    const validation = await checkGraph({ table, blobs: deps.blobs }, pipeline.pattern, sealed.graph);
    if (graphHash(sealed.graph) === pipeline.graph_hash) return answer({ pipeline, graph: sealed.graph, validation });
    const record = await newRevision(deps.blobs, tenant, sealed, {
      pipeline_id: pipeline.id,
      revision: pipeline.revision + 1,
      created_by: call.context.actor.id,
      created_at: timestamp(call.at),
    });
    const next: Pipeline = {
      ...pipeline,
      revision: record.revision,
      graph_hash: record.graph_hash,
      node_count: record.node_count,
      connection_count: record.connection_count,
      updated_at: record.created_at,
      etag: newEtag(call.at),
    };
    const { id: pipeline_id, name, revision, graph_hash } = next;
    return call.commit(
      {
        writes: [table.writes.replace(pipelineItem, next, pipeline.etag), table.writes.create(revisionItem, record)],
        events: [
          draft(
            pipelineEvents,
            "pipeline.graph_replaced",
            next,
            { pipeline_id, name, revision, graph_hash },
            { changes: [{ field: "revision", old: pipeline.revision, new: revision }] },
          ),
        ],
      },
      answer({ pipeline: next, graph: sealed.graph, validation }),
    );
  });
}

function requireRevision(pipeline: Pipeline, expected: number | undefined): void {
  if (expected === undefined || expected === pipeline.revision) return;
  throw new Problem(
    "conflict",
    `The newest revision is ${pipeline.revision}; you expected ${expected}. Read the graph again.`,
    { members: { revision: pipeline.revision } },
  );
}
