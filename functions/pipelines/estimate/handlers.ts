import { decodeCursor, encodeCursor, invalidCursor, queryFingerprint } from "../../../shared/dynamo/cursor.ts";
import type { Call, Handler } from "../../../shared/http/call.ts";
import type { PipelineDeps } from "../deps.ts";
import type { Graph } from "../graph/rules/nodes.ts";
import type { operations } from "../operations.ts";
import { openRevision } from "../revisions/revision.ts";
import { revisionOf } from "../store.ts";
import { estimate as estimated, estimateOf } from "./rules/estimate.ts";
import type { Spend } from "./rules/spend.ts";
import { boundsWithin } from "./within.ts";

type Ops = typeof operations;
type Asked = Pick<Call<Ops["estimate"] | Ops["estimateNodes"]>, "load" | "context">;

const MOST_REASONS = 100;

/** A revision with its graph. @throws Problem `not_found` */
async function read(call: Asked, { table, blobs }: PipelineDeps, wanted: number | undefined) {
  const { pipeline, newest } = await call.load();
  const record =
    wanted === undefined || wanted === newest.revision
      ? newest
      : await revisionOf(table.of(call.context.tenant), pipeline.id, wanted);
  return { record, graph: (await openRevision(blobs, record)).graph };
}

const knownFor = (
  { context, at, path }: Pick<Call<Ops["estimate"]>, "context" | "at" | "path">,
  deps: PipelineDeps,
  graph: Graph,
) => boundsWithin({ table: deps.table.of(context.tenant), blobs: deps.blobs, at }, path.pipeline_id, graph);

const boundsOf = ({ model_calls, tokens_in, tokens_out, cost_usd_micros }: Spend) => ({
  model_calls: { at_most: model_calls },
  tokens_in: { at_most: tokens_in },
  tokens_out: { at_most: tokens_out },
  cost_usd_micros: { at_most: cost_usd_micros },
});

export const estimate: Handler<Ops["estimate"], PipelineDeps> = async (call, deps) => {
  const { record, graph } = await read(call, deps, call.query.revision);
  const whole = estimated(graph, await knownFor(call, deps, graph));
  const { longest_path } = whole;
  const issues = whole.nodes.flatMap(({ node_id, unbounded }) => unbounded.map((reason) => ({ node_id, reason })));
  return {
    pipeline_id: record.pipeline_id,
    revision: record.revision,
    graph_hash: record.graph_hash,
    steps: { at_most: whole.steps },
    ...boundsOf(whole),
    longest_path:
      longest_path === null
        ? null
        : { node_ids: [...longest_path.node_ids], seconds: { at_most: longest_path.seconds } },
    unbounded: issues.slice(0, MOST_REASONS),
  };
};

/** A page of a revision's nodes. The cursor names the revision that the list began with. */
export const estimateNodes: Handler<Ops["estimateNodes"], PipelineDeps> = async (call, deps) => {
  const { cursor, limit, revision: wanted } = call.query;
  const { pipeline_id } = call.path;
  const fingerprint = queryFingerprint([call.context.tenant, pipeline_id, "estimate", `${wanted ?? ""}`]);
  const start = cursor === undefined ? undefined : decodeCursor(fingerprint, cursor);
  const offset = start === undefined ? 0 : Number(start.offset);
  const began = start === undefined ? wanted : Number(start.revision);
  if (!(Number.isInteger(offset) && offset >= 0 && (began === undefined || (Number.isInteger(began) && began >= 1))))
    throw invalidCursor();
  const { record, graph } = await read(call, deps, began);
  const nodes = graph.nodes.slice(offset, offset + limit);
  const known = await knownFor(call, deps, { nodes, connections: [] });
  const end = offset + limit;
  return {
    items: nodes.map((node) => {
      const { node_id, kind, attempts, seconds, unbounded, ...spend } = estimateOf(node, known);
      const tried = { attempts: { at_most: attempts }, seconds: { at_most: seconds } };
      return { node_id, kind, ...tried, ...boundsOf(spend), unbounded: [...unbounded] };
    }),
    next_cursor:
      end < graph.nodes.length ? encodeCursor(fingerprint, { revision: `${record.revision}`, offset: `${end}` }) : null,
  };
};
