import { versionFiles } from "../../../shared/blobs/purposes.ts";
import { draft } from "../../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { takeQuota } from "../../../shared/limits/quota.ts";
import { providerChecks, resolveModel } from "../../models/public.ts";
import { modelFor } from "../definition/catalogue.ts";
import { changeAgent, moveStatus, takeName } from "../definition/changes.ts";
import { contentOf, summaryView } from "../definition/views.ts";
import type { AgentDeps } from "../deps.ts";
import { agentEvents } from "../events.ts";
import { agentStates, isUsable } from "../model.ts";
import type { operations } from "../operations.ts";
import { agentPurge, type Parts } from "../store.ts";
import { nextVersion } from "../versions/next.ts";
import { archiveAgent, deactivateAgent } from "./moves.ts";

type Ops = typeof operations;

/** An active agent's knowledge is complete: what has not arrived is named. */
function refuseUnready({ contexts }: Parts): void {
  const unready = contexts.filter(({ is_active, status }) => is_active && status !== "ready");
  const [first] = unready;
  if (first === undefined) return;
  throw new Problem(
    "conflict",
    `The context \`${first.name}\` is ${first.status}; this needs every active context to be ready.`,
    { members: { state: `context_${first.status}`, context_ids: unready.map(({ id }) => id) } },
  );
}

export const activate: Handler<Ops["activate"], AgentDeps> = async (call, deps) => {
  const { body, context, at } = call;
  const tenant = deps.table.of(context.tenant);
  return updateWithRetry(call.if_match, async (how) => {
    const { agent: read, parts } = await call.load(how);
    requireMatch(call.if_match, read.etag);
    if (read.status !== "draft") throw agentStates.refusal(read.status, ["draft"]);
    refuseUnready(parts);
    const { model } = await modelFor(deps.table, context.tenant, read.model_id, at);
    if (!model.configured) {
      throw new Problem("conflict", `The agent's model cannot be called: no key is stored for \`${model.provider}\`.`, {
        members: { state: "provider_not_configured", provider: model.provider },
      });
    }
    const { id, name, definition_number } = read;
    const changed = read.versioned_definition !== definition_number;
    const made = changed
      ? nextVersion(deps.table, context, read, {
          snapshot: await deps.blobs.store(
            versionFiles(context.tenant, id),
            JSON.stringify(contentOf(read, await deps.blobs.load(read.system_prompt), parts)),
          ),
          changelog: body.changelog,
          definition_number,
          active: true,
        })
      : undefined;
    const active_version = made?.version.number ?? read.latest_version;
    const { write, next } = changeAgent(tenant, read, at, { ...made?.fields, status: "active", active_version });
    const activated = draft(
      agentEvents,
      "agent.activated",
      { id, name },
      { agent_id: id, name, active_version },
      { changes: [{ field: "status", old: "draft", new: "active" }] },
    );
    return call.commit(
      {
        writes: [
          write,
          ...(made === undefined ? [] : [made.write]),
          ...moveStatus(deps.table, context.tenant, read, "active", context.actor.id, at),
          ...providerChecks(tenant, model),
        ],
        events: [activated, ...(made === undefined ? [] : [made.event])],
      },
      summaryView(next),
    );
  });
};

export const deactivate: Handler<Ops["deactivate"], AgentDeps> = async (call, deps) =>
  updateWithRetry(call.if_match, async (how) => {
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    const { writes, event, next } = deactivateAgent(deps.table, call.context, read, call.body.force);
    return call.commit({ writes, events: [event] }, summaryView(next));
  });

export const archive: Handler<Ops["archive"], AgentDeps> = async (call, deps) =>
  updateWithRetry(call.if_match, async (how) => {
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    const { writes, event, next } = archiveAgent(deps.table, call, read, call.body.force);
    return call.commit({ writes, events: [event] }, summaryView(next));
  });

export const restore: Handler<Ops["restore"], AgentDeps> = async (call, deps) => {
  const { context, at } = call;
  const tenant = deps.table.of(context.tenant);
  return updateWithRetry(call.if_match, async (how) => {
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    if (read.status !== "archived") throw agentStates.refusal(read.status, ["archived"]);
    const { id, name } = read;
    const { write, next } = changeAgent(tenant, read, at, { status: "draft", archived_at: null, purge_at: null });
    const event = draft(
      agentEvents,
      "agent.restored",
      { id, name },
      { agent_id: id, name },
      { changes: [{ field: "status", old: "archived", new: "draft" }] },
    );
    return call.commit(
      {
        writes: [
          write,
          agentPurge.clear(tenant, id),
          takeName(tenant, id, name),
          takeQuota(tenant, call.caller.organization.plan, "agents"),
          ...moveStatus(deps.table, context.tenant, read, "draft", context.actor.id, at),
        ],
        events: [event],
      },
      summaryView(next),
    );
  });
};

export const executeStatus: Handler<Ops["executeStatus"], AgentDeps> = async (call, deps) => {
  const agent = await call.load();
  const model = await resolveModel(deps.table, call.context.tenant, agent.model_id, call.at);
  const is_configured = model?.configured ?? false;
  const message = !isUsable(agent)
    ? `The agent is ${agent.status}. Restore it first.`
    : model === undefined
      ? "The agent's model is not in the organization's catalogue any more."
      : is_configured
        ? "The agent can be executed."
        : `No key is stored for the provider ${model.provider}.`;
  return {
    agent_id: agent.id,
    agent_name: agent.name,
    model_id: agent.model_id,
    provider: model?.provider ?? null,
    is_configured,
    status: agent.status,
    can_execute: is_configured && isUsable(agent),
    message,
  };
};
