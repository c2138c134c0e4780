import * as z from "zod";
import { DOWNLOAD_SECONDS } from "../../../shared/blobs/purposes.ts";
import { changedFields, draft } from "../../../shared/change/events.ts";
import { given, requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Call, Handler } from "../../../shared/http/call.ts";
import { requireAlso } from "../../../shared/http/permit.ts";
import { OWNER_ITEMS, ownerWrites } from "../../../shared/identity/owned.ts";
import { newEtag } from "../../../shared/ids.ts";
import { giveQuota, takeQuota } from "../../../shared/limits/quota.ts";
import { addDays, retentionOf } from "../../../shared/limits/retention.ts";
import { nameKey } from "../../../shared/name-key.ts";
import { MOST_WORKSPACES } from "../../workspaces/public.ts";
import { LARGEST_ACTIVATION, releaseAgents } from "../activation/handlers.ts";
import type { PipelineDeps } from "../deps.ts";
import { pipelineEvents } from "../events.ts";
import { nodeFor } from "../graph/prompts.ts";
import { commonLimits, type NodeKind } from "../graph/rules/kinds/kind.ts";
import { handlesOf, type NodeKindName, nodeKinds } from "../graph/rules/kinds.ts";
import { nodeSchema } from "../graph/rules/nodes.ts";
import { patternAliases, patternCatalogue } from "../graph/rules/patterns.ts";
import { copyName, INLINE_GRAPH_BYTES, pipelineStates, refuseArchived } from "../model.ts";
import type { operations } from "../operations.ts";
import { EMPTY_GRAPH, type LoadedRevision, openRevision } from "../revisions/revision.ts";
import {
  layoutItem,
  type Pipeline,
  pipelineItem,
  pipelinePurge,
  pipelineWorkspaceItem,
  type Revision,
  revisionItem,
  workspaceWrites,
} from "../store.ts";
import { changeOf, found } from "./found.ts";

/**
 * Items at most: the pipeline, its first revision, its place in the plan, its layout, event, audit entry and stored
 * answer, three for each workspace that it enters or leaves, those of its owner; an archived one leaves its agents too, and its end is set.
 */
export const LARGEST = {
  create: 8 + 3 * MOST_WORKSPACES,
  update: 4 + OWNER_ITEMS + 6 * MOST_WORKSPACES,
  archive: LARGEST_ACTIVATION + 2,
};

type Ops = typeof operations;
type Deps = PipelineDeps;

export const listPatterns: Handler<Ops["listPatterns"], Deps> = async () => ({
  items: patternCatalogue().map(({ needs, ...pattern }) => ({
    ...pattern,
    needs: needs.map((kinds) => [...kinds]),
    aliases: Object.keys(patternAliases).filter((alias) => patternAliases[alias] === pattern.name),
  })),
  next_cursor: null,
});

/** The registry, as a palette needs it; all of it is told by the code that runs. */
export const listNodeKinds: Handler<Ops["listNodeKinds"], Deps> = async () => ({
  items: (Object.keys(nodeKinds) as NodeKindName[]).map((name) => {
    const { kind, config, example, ...known }: NodeKind = nodeKinds[name];
    const { summary, group, icon, receives, branches, secret_fields, cost, limits } = known;
    return {
      kind: name,
      summary,
      group,
      icon,
      receives,
      branches,
      secret_fields: [...secret_fields],
      config_schema: { ...z.toJSONSchema(config, { io: "input", unrepresentable: "any" }) },
      example: example as Record<string, unknown>,
      cost: cost.words,
      limits: { ...commonLimits, ...limits },
      example_handles: [...handlesOf(nodeSchema.parse({ id: kind, kind, label: kind, config: example }))],
    };
  }),
  next_cursor: null,
});

export const list: Handler<Ops["list"], Deps> = async ({ context, query }, { table }) => {
  const { status, workspace_id, limit, cursor } = query;
  const tenant = table.of(context.tenant);
  const index = status === undefined ? "gsi2" : "gsi1";
  const common = { index, limit, cursor, newest_first: true } as const;
  if (workspace_id === undefined)
    return tenant.page(pipelineItem, { ...common, of: status === undefined ? {} : { status } });
  const of = status === undefined ? { workspace_id } : { workspace_id, status };
  const links = await tenant.page(pipelineWorkspaceItem, { ...common, of });
  const pipelines = await table.batch(links.items.map((link) => tenant.read(pipelineItem, { id: link.pipeline_id })));
  return { items: pipelines.filter((pipeline) => pipeline !== undefined), next_cursor: links.next_cursor };
};

/** A new pipeline's place in the plan. */
export const placeFor = ({ context, caller }: Pick<Call<Ops["create"]>, "context" | "caller">, { table }: Deps) =>
  takeQuota(table.of(context.tenant), caller.organization.plan, "pipelines");

export const nameOf = ({ id, name }: Pipeline) => ({ pipeline_id: id, name });

export const create: Handler<Ops["create"], Deps> = async (call, deps) => {
  const { pipeline, writes } = await found(call, deps, call.body, { graph: EMPTY_GRAPH, secrets: {} });
  const created = draft(pipelineEvents, "pipeline.created", pipeline, nameOf(pipeline));
  const place = placeFor(call, deps);
  return call.commit({ writes: [place, ...writes], events: [created], largest: LARGEST.create }, pipeline);
};

export const duplicate: Handler<Ops["duplicate"], Deps> = async (call, deps) => {
  const { pipeline: source, newest } = await call.load();
  requireAlso(call, "pipelines:read", "A copy");
  refuseArchived(source);
  const content = await openRevision(deps.blobs, newest);
  const { description, pattern, tags, workspace_ids, max_concurrent_runs } = source;
  const name = call.body.name ?? copyName(source.name);
  const settings = { name, description, pattern, tags, workspace_ids, max_concurrent_runs };
  const { pipeline, writes } = await found(call, deps, settings, content);
  const tenant = deps.table.of(call.context.tenant);
  const layout = await tenant.get(layoutItem, { pipeline_id: source.id });
  const own = { pipeline_id: pipeline.id, etag: pipeline.etag };
  const drawn = layout === undefined ? [] : [tenant.writes.create(layoutItem, { ...layout, ...own })];
  const data = { ...nameOf(pipeline), source_pipeline_id: source.id };
  const duplicated = draft(pipelineEvents, "pipeline.duplicated", pipeline, data);
  const all = [placeFor(call, deps), ...writes, ...drawn];
  return call.commit({ writes: all, events: [duplicated], largest: LARGEST.create }, pipeline);
};

/** A graph inline, or the address of one that is too large for an answer. */
async function shown(
  call: Pick<Call<Ops["get"]>, "may">,
  { files }: Deps,
  { record, graph }: Pick<LoadedRevision, "record" | "graph">,
) {
  const nodes = graph.nodes.map((node) => nodeFor(call, node));
  if ("inline" in record.graph || record.graph_bytes <= INLINE_GRAPH_BYTES) {
    return { graph: { nodes, connections: [...graph.connections] }, graph_url: null };
  }
  // What lies in the bucket is whole: who may not read a prompt in it reads the nodes page by page.
  if (nodes.some((node, i) => node !== graph.nodes[i])) return { graph: null, graph_url: null };
  return { graph: null, graph_url: await files.downloadUrl(record.graph.key, DOWNLOAD_SECONDS) };
}

export const get: Handler<Ops["get"], Deps> = async (call, deps) => {
  const { pipeline, newest } = await call.load();
  const loaded = await openRevision(deps.blobs, newest);
  return { ...pipeline, ...(await shown(call, deps, loaded)) };
};

export const update: Handler<Ops["update"], Deps> = async (call, { table }) => {
  const tenant = table.of(call.context.tenant);
  return updateWithRetry(call.if_match, async (how) => {
    const old = await call.load(how);
    refuseArchived(old);
    requireMatch(call.if_match, old.etag);
    const named = { live_name: nameKey(call.body.name ?? old.name) };
    const next = { ...old, ...given(call.body), ...named, updated_at: timestamp(call.at), etag: newEtag(call.at) };
    const changes = changedFields(old, next, { omit: ["live_name"] });
    if (changes.length === 0) return old;
    const data = { ...nameOf(next), changed_fields: changes.map(({ field }) => field) };
    return call.commit(
      {
        writes: [
          tenant.writes.replace(pipelineItem, next, old.etag),
          ...workspaceWrites(tenant, next, old, changeOf(call)),
          ...ownerWrites(tenant, { kind: "pipeline", id: old.id }, old.owner_id, next.owner_id),
        ],
        largest: LARGEST.update,
        events: [draft(pipelineEvents, "pipeline.updated", next, data, { changes })],
      },
      next,
    );
  });
};

export const archive: Handler<Ops["archive"], Deps> = async (call, { table }) => {
  const tenant = table.of(call.context.tenant);
  return updateWithRetry(call.if_match, async (how) => {
    const old = await call.load(how);
    refuseArchived(old);
    requireMatch(call.if_match, old.etag);
    const at = timestamp(call.at);
    const purge_at = addDays(call.at, retentionOf(call.caller.organization).archived_days);
    const next: Pipeline = {
      ...old,
      status: "archived",
      active_revision: null,
      active_agent_ids: [],
      activated_at: null,
      archived_at: at,
      purge_at: timestamp(purge_at),
      updated_at: at,
      live_id: null,
      live_name: null,
      etag: newEtag(call.at),
    };
    const writes = [
      tenant.writes.replace(pipelineItem, next, old.etag),
      ...workspaceWrites(tenant, next, old, changeOf(call)),
      ...releaseAgents(tenant, old.id, old.active_agent_ids),
      giveQuota(tenant, "pipelines"),
      pipelinePurge.set(tenant, old.id, purge_at),
    ];
    const changes = changedFields(old, next, { omit: ["live_id", "live_name"] });
    const archived = draft(pipelineEvents, "pipeline.archived", next, nameOf(next), { changes });
    return call.commit({ writes, events: [archived], largest: LARGEST.archive }, undefined);
  });
};

export const restore: Handler<Ops["restore"], Deps> = async (call, { table }) => {
  const tenant = table.of(call.context.tenant);
  return updateWithRetry(call.if_match, async (how) => {
    const old = await call.load(how);
    if (old.status !== "archived") throw pipelineStates.refusal(old.status, ["archived"]);
    requireMatch(call.if_match, old.etag);
    const next: Pipeline = {
      ...old,
      status: "draft",
      archived_at: null,
      purge_at: null,
      updated_at: timestamp(call.at),
      live_id: old.id,
      live_name: nameKey(old.name),
      etag: newEtag(call.at),
    };
    const writes = [
      tenant.writes.replace(pipelineItem, next, old.etag),
      ...workspaceWrites(tenant, next, old, changeOf(call)),
      takeQuota(tenant, call.caller.organization.plan, "pipelines"),
      pipelinePurge.clear(tenant, old.id),
    ];
    const changes = changedFields(old, next, { omit: ["live_id", "live_name"] });
    const restored = draft(pipelineEvents, "pipeline.restored", next, nameOf(next), { changes });
    return call.commit({ writes, events: [restored] }, next);
  });
};

export const listRevisions: Handler<Ops["listRevisions"], Deps> = async (call, { table }) => {
  const { id } = await call.load();
  const page = { of: { pipeline_id: id }, ...call.query, newest_first: true };
  return table.of(call.context.tenant).page<typeof revisionItem>(revisionItem, page);
};

export const getRevision: Handler<Ops["getRevision"], Deps> = async (call, deps) => {
  const loaded = await openRevision(deps.blobs, await call.load());
  const { graph: _, secrets: __, ...record }: Revision = loaded.record;
  return { ...record, ...(await shown(call, deps, loaded)) };
};
