import { changedFields, draft, type EventDraft } from "../../../shared/change/events.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { canonicalJson } from "../../../shared/expressions/json.ts";
import { newEtag } from "../../../shared/ids.ts";
import { nameKey } from "../../../shared/name-key.ts";
import { TO_SUPPLY } from "../../../shared/secrets/supply.ts";
import { changeOf, found, type Making } from "../definition/found.ts";
import type { PipelineDeps } from "../deps.ts";
import { pipelineEvents } from "../events.ts";
import { canonicalGraph, graphHash } from "../graph/rules/canonical.ts";
import { peopleOf, withPeople } from "../graph/rules/kinds.ts";
import type { Graph, GraphNode } from "../graph/rules/nodes.ts";
import { originOf, type SealedHeaders, sealHeaders } from "../graph/secret-headers.ts";
import { EMPTY_GRAPH, newRevision } from "../revisions/revision.ts";
import {
  layoutItem,
  type NameClaim,
  nameClaimItem,
  type Pipeline,
  pipelineItem,
  revisionItem,
  workspaceWrites,
} from "../store.ts";
import type { ReadPipeline } from "./read.ts";
import type { PortablePipeline } from "./rules/document.ts";

type Deps = Pick<PipelineDeps, "table" | "blobs" | "secrets">;

/** The writes that make a pipeline of a document a thing of the organization, or change one to be like it. */
export interface PortedPipeline {
  readonly writes: readonly Write[];
  readonly events: readonly EventDraft[];
}

const NOTHING = { graph: EMPTY_GRAPH, secrets: {} } as const;

/**
 * A graph of a document with the stored values where it brings none: secrets of a node that is still called so and leads
 * to where it led, and people whom it still asks for.
 */
export function withStoredSecrets(graph: Graph, stored: Graph): Graph {
  const before = new Map(stored.nodes.map((node) => [node.id, node]));
  const nodes = graph.nodes.map((node): GraphNode => {
    const old = before.get(node.id);
    if (old?.kind === node.kind && peopleOf(old).length > 0) return withStoredPeople(node, old);
    if (node.kind !== "http" || old?.kind !== "http" || originOf(node) !== originOf(old)) return node;
    const secret_headers = Object.fromEntries(
      Object.entries(node.config.secret_headers ?? {}).map(([name, value]) => [
        name,
        value === TO_SUPPLY ? (old.config.secret_headers?.[name] ?? value) : value,
      ]),
    );
    return node.config.secret_headers === undefined ? node : { ...node, config: { ...node.config, secret_headers } };
  });
  return { ...graph, nodes };
}

function withStoredPeople(node: GraphNode, old: GraphNode): GraphNode {
  const stored = new Map(peopleOf(old).map(({ path, ids }) => [path.join("."), ids]));
  return withPeople(node, ({ path, ids }) => (ids.length > 0 ? ids : (stored.get(path.join(".")) ?? ids)));
}

const sealed = async (
  deps: Deps,
  tenant: string,
  graph: Graph,
  stored: { readonly graph: Graph; readonly secrets: SealedHeaders },
) => {
  const { secrets, ...done } = await sealHeaders(deps.secrets, tenant, graph, stored, "graph");
  return { secrets, graph: canonicalGraph(done.graph) };
};

/** Longer than the index of names may lag behind, and than two imports at once may take. */
const CLAIMED_SECONDS = 600;

/** Takes a name over from whoever had it when it was looked at. Refused as a lost race where others have it now. */
function claimName(own: TenantTable, { at }: Making, made: Omit<NameClaim, "etag" | "expires_at">, old?: NameClaim) {
  const next = { ...made, expires_at: timestamp(addSeconds(at, CLAIMED_SECONDS)), etag: newEtag(at) };
  return old === undefined
    ? own.writes.create(nameClaimItem, next, lostRace)
    : own.writes.replace(nameClaimItem, next, old.etag);
}

/** A new pipeline out of a document. Its place in the plan is the caller's. @param claim of its name, as it was read */
export async function createPortable(
  deps: Deps,
  making: Making,
  { id, workspace_ids, claim }: { id: string; workspace_ids: readonly string[]; claim: NameClaim | undefined },
  { graph, positions, ...settings }: PortablePipeline,
): Promise<PortedPipeline> {
  const { tenant } = making.context;
  const own = deps.table.of(tenant);
  const content = await sealed(deps, tenant, graph, NOTHING);
  const { pipeline, writes } = await found(
    making,
    deps,
    { ...settings, workspace_ids: [...workspace_ids] },
    content,
    id,
  );
  const { name, etag } = pipeline;
  const placed =
    Object.keys(positions).length === 0 ? [] : [own.writes.create(layoutItem, { pipeline_id: id, positions, etag })];
  return {
    writes: [...writes, ...placed, claimName(own, making, { name_key: nameKey(name), pipeline_id: id }, claim)],
    events: [draft(pipelineEvents, "pipeline.created", pipeline, { pipeline_id: id, name })],
  };
}

/** A stored pipeline that becomes like the one of a document, with a new revision where its graph differs. */
export async function updatePortable(
  deps: Deps,
  making: Making,
  { pipeline: old, current, layout, portable }: ReadPipeline,
  { graph, positions, ...settings }: PortablePipeline,
): Promise<PortedPipeline> {
  const { context, at } = making;
  const own = deps.table.of(context.tenant);
  const content = await sealed(deps, context.tenant, withStoredSecrets(graph, current.graph), current);
  const revised = graphHash(content.graph) !== old.graph_hash;
  const by = { created_by: context.actor.id, created_at: timestamp(at) };
  const record = revised
    ? await newRevision(deps.blobs, context.tenant, content, { pipeline_id: old.id, revision: old.revision + 1, ...by })
    : undefined;
  const { revision, graph_hash, node_count, connection_count } = record ?? old;
  const next: Pipeline = {
    ...old,
    ...settings,
    revision,
    graph_hash,
    node_count,
    connection_count,
    live_name: nameKey(settings.name),
    updated_at: by.created_at,
    etag: newEtag(at),
  };
  const { id: pipeline_id, name } = next;
  const moved = canonicalJson(positions) !== canonicalJson(portable.positions);
  const place = { pipeline_id, positions, etag: newEtag(at) };
  const { graph: _, positions: __, ...before } = portable;
  const changes = changedFields(before, settings);
  const data = { pipeline_id, name, changed_fields: changes.map(({ field }) => field) };
  return {
    writes: [
      own.writes.replace(pipelineItem, next, old.etag),
      ...(record === undefined ? [] : [own.writes.create(revisionItem, record)]),
      ...(moved
        ? [
            layout === undefined
              ? own.writes.create(layoutItem, place, lostRace)
              : own.writes.replace(layoutItem, place, layout.etag),
          ]
        : []),
      ...workspaceWrites(own, next, old, changeOf(making)),
    ],
    events: [
      ...(changes.length === 0 && revised ? [] : [draft(pipelineEvents, "pipeline.updated", next, data, { changes })]),
      ...(revised
        ? [
            draft(
              pipelineEvents,
              "pipeline.graph_replaced",
              next,
              { pipeline_id, name, revision, graph_hash },
              { changes: [{ field: "revision", old: old.revision, new: revision }] },
            ),
          ]
        : []),
    ],
  };
}
