import { versionFiles } from "../../../shared/blobs/purposes.ts";
import { changedFields, draft } from "../../../shared/change/events.ts";
import { given, requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { OWNER_ITEMS, ownerWrites } from "../../../shared/identity/owned.ts";
import { newId } from "../../../shared/ids.ts";
import { takeQuota } from "../../../shared/limits/quota.ts";
import { MOST_WORKSPACES } from "../../workspaces/public.ts";
import type { AgentDeps } from "../deps.ts";
import { agentEvents } from "../events.ts";
import { archiveAgent } from "../lifecycle/moves.ts";
import { type Definition, isUsable } from "../model.ts";
import type { operations } from "../operations.ts";
import { agentUseItem, PROMPT_INLINE_BYTES } from "../store.ts";
import { fallbacksFor, modelFor, requireEmbedding, requireGuarded } from "./catalogue.ts";
import { changeAgent, moveName, placeWrites, refuseArchived } from "./changes.ts";
import { foundAgent, NO_PARTS, newAgent } from "./found.ts";
import { listAgents } from "./lists.ts";
import { promptFor } from "./prompt.ts";
import { agentView, definitionOf, summaryView } from "./views.ts";

/**
 * Items at most: the agent, its place in the plan, its names, the check of its provider, event, audit entry and stored
 * answer, three for each workspace that it enters or leaves, and those of its owner.
 */
const LARGEST = { create: 8 + 3 * MOST_WORKSPACES, update: 7 + OWNER_ITEMS + 6 * MOST_WORKSPACES };

type Ops = typeof operations;

/** Texts and objects whose values do not belong into audit entries. */
const CONCEALED = { conceal: ["system_prompt", "response_schema", "metadata"] };

export const list: Handler<Ops["list"], AgentDeps> = async ({ context, query }, { table }) => {
  const page = await listAgents(table.of(context.tenant), query);
  return { ...page, items: page.items.map(summaryView) };
};

export const create: Handler<Ops["create"], AgentDeps> = async (call, deps) => {
  const { body, context, at } = call;
  const tenant = deps.table.of(context.tenant);
  const { model, checks } = await modelFor(deps.table, context.tenant, body.model_id, at);
  const id = newId("agent", at);
  const maker = { tenant: context.tenant, actor: context.actor, at };
  const system_prompt = await deps.blobs.store(
    versionFiles(context.tenant, id),
    body.system_prompt,
    PROMPT_INLINE_BYTES,
  );
  const fallback_model_ids = await fallbacksFor(deps.table, context.tenant, body.fallback_model_ids, at);
  const fields = { ...body, model_id: model.model.id, fallback_model_ids, system_prompt };
  requireGuarded(fields);
  await requireEmbedding(deps.table, context.tenant, body.retrieval, at);
  const agent = newAgent(maker, id, fields, NO_PARTS);
  const { name, agent_type } = agent;
  const writes = [
    takeQuota(tenant, call.caller.organization.plan, "agents"),
    ...foundAgent(deps.table, maker, agent),
    ...checks,
  ];
  const event = draft(
    agentEvents,
    "agent.created",
    { id, name },
    { agent_id: id, name, agent_type, duplicated_from: null },
  );
  return call.commit(
    { writes, events: [event], largest: LARGEST.create },
    agentView(agent, promptFor(call, body.system_prompt), NO_PARTS),
  );
};

export const get: Handler<Ops["get"], AgentDeps> = async (call, deps) => {
  const { agent, parts } = await call.load();
  return agentView(agent, promptFor(call, await deps.blobs.load(agent.system_prompt)), parts);
};

export const update: Handler<Ops["update"], AgentDeps> = async (call, deps) => {
  const { body, context, at } = call;
  const tenant = deps.table.of(context.tenant);
  return updateWithRetry(call.if_match, async (how) => {
    const { agent: read, parts } = await call.load(how);
    requireMatch(call.if_match, read.etag);
    refuseArchived(read);
    const prompt = await deps.blobs.load(read.system_prompt);
    const { workspace_ids = read.workspace_ids, owner_id = read.owner_id, ...fields } = given(body);
    const resolved =
      fields.model_id === undefined ? undefined : await modelFor(deps.table, context.tenant, fields.model_id, at);
    const before = definitionOf(read, prompt);
    const { fallback_model_ids: named } = fields;
    const definition: Definition = {
      ...before,
      ...fields,
      retrieval: { ...before.retrieval, ...given(fields.retrieval ?? {}) },
      model_id: resolved?.model.model.id ?? read.model_id,
      fallback_model_ids:
        named === undefined ? read.fallback_model_ids : await fallbacksFor(deps.table, context.tenant, named, at),
    };
    requireGuarded(definition);
    if (fields.retrieval !== undefined) await requireEmbedding(deps.table, context.tenant, definition.retrieval, at);
    const defined = changedFields(before, definition, CONCEALED);
    const placed = { workspace_ids: read.workspace_ids, owner_id: read.owner_id };
    const changes = [...defined, ...changedFields(placed, { workspace_ids, owner_id })];
    if (changes.length === 0) return agentView(read, promptFor(call, prompt), parts);
    const set = {
      ...definition,
      workspace_ids,
      owner_id,
      system_prompt:
        definition.system_prompt === prompt
          ? read.system_prompt
          : await deps.blobs.store(
              versionFiles(context.tenant, read.id),
              definition.system_prompt,
              PROMPT_INLINE_BYTES,
            ),
      definition_number: read.definition_number + (defined.length > 0 ? 1 : 0),
    };
    const { write, next } = changeAgent(tenant, read, at, set);
    const event = draft(
      agentEvents,
      "agent.updated",
      { id: read.id, name: next.name },
      { agent_id: read.id, name: next.name, changed_fields: changes.map(({ field }) => field) },
      { changes },
    );
    return call.commit(
      {
        writes: [
          write,
          ...moveName(tenant, read.id, read.name, next.name),
          ...placeWrites(deps.table, context.tenant, { before: read, after: next, by: context.actor.id, at }),
          ...ownerWrites(tenant, { kind: "agent", id: read.id }, read.owner_id, next.owner_id),
          ...(resolved?.checks ?? []),
        ],
        events: [event],
        largest: LARGEST.update,
      },
      agentView(next, promptFor(call, definition.system_prompt), parts),
    );
  });
};

/** Deleting what is archived already changes nothing and is no error. */
export const remove: Handler<Ops["remove"], AgentDeps> = async (call, deps) =>
  updateWithRetry(call.if_match, async (how) => {
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    if (!isUsable(read)) return undefined;
    const { writes, event } = archiveAgent(deps.table, call, read, call.query.force);
    const { id, name } = read;
    const deleted = draft(agentEvents, "agent.deleted", { id, name }, { agent_id: id, name });
    return call.commit({ writes, events: [event, deleted] }, undefined);
  });

export const listUses: Handler<Ops["listUses"], AgentDeps> = async (call, { table }) => {
  const { id: agent_id } = await call.load();
  return table.of(call.context.tenant).page(agentUseItem, { of: { agent_id }, ...call.query });
};
