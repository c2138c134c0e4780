import { changedFields, draft } from "../../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { badReference, Problem, wrongState } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { newEtag } from "../../../shared/ids.ts";
import { holdAgent, releaseAgent } from "../../agents/public.ts";
import { MOST_WORKSPACES } from "../../workspaces/public.ts";
import type { PipelineDeps } from "../deps.ts";
import { pipelineEvents } from "../events.ts";
import { checkGraph, type GraphCheck, graphInvalid } from "../graph/checks.ts";
import { idsNamed } from "../graph/rules/kinds.ts";
import { MAX_ACTIVE_AGENTS, pipelineStates, refuseArchived } from "../model.ts";
import type { operations } from "../operations.ts";
import type { PipelineHead } from "../resources.ts";
import { type LoadedRevision, loadRevision, openRevision } from "../revisions/revision.ts";
import { type Pipeline, pipelineItem, workspaceWrites } from "../store.ts";

/**
 * Items at most: the pipeline, its place in each workspace's list, two for each agent that it holds or lets go, event,
 * audit entry and stored answer.
 */
export const LARGEST_ACTIVATION = 4 + MOST_WORKSPACES + 2 * MAX_ACTIVE_AGENTS;

type Ops = typeof operations;

const use = (pipeline_id: string, agent_id: string) =>
  ({ agent_id, user_kind: "pipeline", user_id: pipeline_id }) as const;

/** The writes that let go of agents, which may be archived then. */
export const releaseAgents = (table: TenantTable, pipeline_id: string, agent_ids: readonly string[]): Write[] =>
  agent_ids.flatMap((agent_id) => releaseAgent(table.table, table.tenant, use(pipeline_id, agent_id)));

/** A revision that the body of a request names. @throws Problem `reference_not_found` */
async function named(
  table: TenantTable,
  { blobs }: PipelineDeps,
  { pipeline, newest }: PipelineHead,
  revision = pipeline.revision,
): Promise<LoadedRevision> {
  if (revision === newest.revision) return openRevision(blobs, newest);
  if (revision > pipeline.revision) throw badReference("revision", "is no revision of this pipeline");
  return loadRevision(table, blobs, pipeline.id, revision);
}

export const validate: Handler<Ops["validate"], PipelineDeps> = async (call, deps) => {
  const table = deps.table.of(call.context.tenant);
  const head = await call.load();
  const { graph } = await named(table, deps, head, call.body.revision);
  return answerOf(await checkGraph({ table, blobs: deps.blobs }, head.pipeline.pattern, graph));
};

/** The findings as an answer holds them. */
export const answerOf = ({ valid, errors, warnings }: GraphCheck) => {
  const copy = (list: GraphCheck["errors"]) =>
    list.map((finding) => ({
      ...finding,
      node_ids: [...finding.node_ids],
      connection_ids: [...finding.connection_ids],
    }));
  return { valid, errors: copy(errors), warnings: copy(warnings) };
};

/** The writes that hold the agents of the next active revision and let go of those that only the last one named. */
function agentWrites(table: TenantTable, old: Pipeline, agent_ids: readonly string[], at: Date): Write[] {
  const before = new Set(old.active_agent_ids);
  const after = new Set(agent_ids);
  const added = agent_ids.filter((id) => !before.has(id));
  const removed = old.active_agent_ids.filter((id) => !after.has(id));
  if (agent_ids.length > MAX_ACTIVE_AGENTS) {
    const message = `names ${agent_ids.length} different agents; an active pipeline has at most ${MAX_ACTIVE_AGENTS}`;
    throw graphInvalid({
      errors: [{ code: "too_many_agents", message: `The graph ${message}.`, node_ids: [], connection_ids: [] }],
    });
  }
  if (added.length + removed.length > MAX_ACTIVE_AGENTS) {
    throw new Problem(
      "conflict",
      `Switching to this revision would change ${added.length + removed.length} agents at once; the limit is ${MAX_ACTIVE_AGENTS}. Deactivate the pipeline first.`,
    );
  }
  return [
    ...added.flatMap((agent_id) =>
      holdAgent(table.table, table.tenant, use(old.id, agent_id), at, (state) =>
        wrongState(`agent ${agent_id}`, state ?? "missing", "active"),
      ),
    ),
    ...releaseAgents(table, old.id, removed),
  ];
}

export const activate: Handler<Ops["activate"], PipelineDeps> = async (call, deps) => {
  const table = deps.table.of(call.context.tenant);
  return updateWithRetry(call.if_match, async (how) => {
    const head = await call.load(how);
    const old = head.pipeline;
    refuseArchived(old);
    requireMatch(call.if_match, old.etag);
    const { record, graph } = await named(table, deps, head, call.body.revision);
    const check = await checkGraph({ table, blobs: deps.blobs }, old.pattern, graph);
    if (!check.valid) throw graphInvalid(check);
    if (old.active_revision === record.revision) return old;
    const agent_ids = idsNamed(graph, "agent");
    const at = timestamp(call.at);
    const next: Pipeline = {
      ...old,
      status: "active",
      active_revision: record.revision,
      active_agent_ids: agent_ids,
      activated_at: at,
      updated_at: at,
      etag: newEtag(call.at),
    };
    const { revision, graph_hash } = record;
    const data = { pipeline_id: next.id, name: next.name, revision, graph_hash };
    const changes = changedFields(old, next, { omit: ["active_agent_ids"] });
    return call.commit(
      {
        writes: [
          table.writes.replace(pipelineItem, next, old.etag),
          ...workspaceWrites(table, next, old, { by: call.context.actor.id, at: call.at }),
          ...agentWrites(table, old, agent_ids, call.at),
        ],
        largest: LARGEST_ACTIVATION,
        events: [draft(pipelineEvents, "pipeline.activated", next, data, { changes })],
      },
      next,
    );
  });
};

export const deactivate: Handler<Ops["deactivate"], PipelineDeps> = async (call, deps) => {
  const table = deps.table.of(call.context.tenant);
  return updateWithRetry(call.if_match, async (how) => {
    const old = await call.load(how);
    if (old.status !== "active") throw pipelineStates.refusal(old.status, ["active"]);
    requireMatch(call.if_match, old.etag);
    const next: Pipeline = {
      ...old,
      status: "draft",
      active_revision: null,
      active_agent_ids: [],
      activated_at: null,
      updated_at: timestamp(call.at),
      etag: newEtag(call.at),
    };
    const changes = changedFields(old, next, { omit: ["active_agent_ids"] });
    const data = { pipeline_id: next.id, name: next.name };
    return call.commit(
      {
        writes: [
          table.writes.replace(pipelineItem, next, old.etag),
          ...workspaceWrites(table, next, old, { by: call.context.actor.id, at: call.at }),
          ...releaseAgents(table, old.id, old.active_agent_ids),
        ],
        largest: LARGEST_ACTIVATION,
        events: [draft(pipelineEvents, "pipeline.deactivated", next, data, { changes })],
      },
      next,
    );
  });
};
