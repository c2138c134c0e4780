import type { Blob } from "../../../shared/blobs/blobs.ts";
import { versionFiles } from "../../../shared/blobs/purposes.ts";
import { draft } from "../../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { MOST_WORKSPACES } from "../../workspaces/public.ts";
import { modelFor } from "../definition/catalogue.ts";
import { changeAgent, moveName, placeWrites, refuseArchived, untilWon } from "../definition/changes.ts";
import { promptFor, READ_PROMPTS } from "../definition/prompt.ts";
import { agentView, contentOf } from "../definition/views.ts";
import type { AgentDeps } from "../deps.ts";
import { agentEvents } from "../events.ts";
import { agentLimits } from "../model.ts";
import type { operations } from "../operations.ts";
import { wholeAgent } from "../resources.ts";
import { agentVersionItem, PROMPT_INLINE_BYTES } from "../store.ts";
import { shownConfig } from "../tools/rules/shown.ts";
import { nextVersion } from "./next.ts";
import { partsFrom, replaceParts } from "./parts.ts";
import { loadSnapshot, snapshotOf } from "./pin.ts";
import { difference } from "./rules/diff.ts";
import { workingContent } from "./working.ts";

/**
 * Items at most: contexts and tools written and as many removed, the agent, the version, two names, its name in each
 * workspace, the check of its provider, two events with their audit entries, the stored answer. It is all that a
 * transaction takes: that is why an agent has at most 20 contexts and 20 tools.
 */
const LARGEST_ROLLBACK = 2 * (agentLimits.contexts + agentLimits.tools) + MOST_WORKSPACES + 10;

type Ops = typeof operations;

export const listVersions: Handler<Ops["listVersions"], AgentDeps> = async (call, { table }) => {
  const { id: agent_id } = await call.load();
  return table.of(call.context.tenant).page(agentVersionItem, { of: { agent_id }, ...call.query, newest_first: true });
};

export const createVersion: Handler<Ops["createVersion"], AgentDeps> = async (call, deps) => {
  const { body, context, at } = call;
  const tenant = deps.table.of(context.tenant);
  let kept: { readonly definition_number: number; readonly snapshot: Blob } | undefined;
  return untilWon(async (how) => {
    const whole = await call.load(how);
    const read = whole.agent;
    refuseArchived(read);
    const { definition_number, latest_version, status } = read;
    if (kept?.definition_number !== definition_number) {
      const content = await workingContent(deps, whole);
      kept = {
        definition_number,
        snapshot: await deps.blobs.store(versionFiles(context.tenant, read.id), JSON.stringify(content)),
      };
    }
    const made = nextVersion(deps.table, context, read, {
      ...kept,
      changelog: body.changelog,
      active: status === "active",
    });
    const unchanged = { equals: { latest_version, definition_number, status } };
    const { write } = changeAgent(tenant, read, at, made.fields, unchanged);
    return call.commit({ writes: [write, made.write], events: [made.event] }, made.version);
  });
};

export const getVersion: Handler<Ops["getVersion"], AgentDeps> = async (call, deps) => {
  const version = await call.load();
  const { definition, contexts, tools } = await snapshotOf(deps.blobs, version);
  return {
    ...version,
    definition: { ...definition, system_prompt: promptFor(call, definition.system_prompt) },
    contexts,
    tools: tools.map((tool) => ({ ...tool, config: shownConfig(tool.config) })),
  };
};

export const diffVersion: Handler<Ops["diffVersion"], AgentDeps> = async (call, deps) => {
  const { path, query, context } = call;
  const { agent_id, number } = path;
  const to = await snapshotOf(deps.blobs, await call.load());
  const from = query.against ?? (number > 1 ? number - 1 : null);
  const old =
    from === null
      ? undefined
      : from === "working_copy"
        ? await workingContent(deps, await wholeAgent(deps.table.of(context.tenant), agent_id))
        : await loadSnapshot(deps.table, deps.blobs, context.tenant, agent_id, from);
  return { from, to: number, ...difference(old, to, { prompts: call.may(READ_PROMPTS) }) };
};

export const rollBack: Handler<Ops["rollBack"], AgentDeps> = async (call, deps) => {
  const { path, context, at } = call;
  const tenant = deps.table.of(context.tenant);
  const { agent_id, number } = path;
  const files = versionFiles(context.tenant, agent_id);
  return updateWithRetry(call.if_match, async (how) => {
    const { agent: read, parts: current } = await call.load(how);
    requireMatch(call.if_match, read.etag);
    refuseArchived(read);
    const snapshot = await loadSnapshot(deps.table, deps.blobs, context.tenant, agent_id, number);
    const { definition, ...content } = snapshot;
    const { checks } = await modelFor(deps.table, context.tenant, definition.model_id, at, "definition.model_id");
    const parts = partsFrom({ definition, ...content }, agent_id, at, current);
    const { system_prompt, ...fields } = definition;
    await call.becomes(fields);
    const prompt = await deps.blobs.store(files, system_prompt, PROMPT_INLINE_BYTES);
    const definition_number = read.definition_number + 1;
    const restored = { ...read, ...fields };
    const made = nextVersion(deps.table, context, restored, {
      snapshot: await deps.blobs.store(files, JSON.stringify(contentOf(restored, system_prompt, parts))),
      changelog: `Rolled back to version ${number}.`,
      rolled_back_to: number,
      definition_number,
      active: read.status === "active",
    });
    const { write, next } = changeAgent(tenant, read, at, {
      ...fields,
      ...made.fields,
      system_prompt: prompt,
      definition_number,
      contexts: parts.contexts.length,
      tools: parts.tools.length,
    });
    const event = draft(
      agentEvents,
      "agent.rolled_back",
      { id: agent_id, name: next.name },
      { agent_id, number: made.version.number, rolled_back_to: number },
    );
    return call.commit(
      {
        writes: [
          write,
          made.write,
          ...moveName(tenant, agent_id, read.name, next.name),
          ...(read.name === next.name
            ? []
            : placeWrites(deps.table, context.tenant, { before: read, after: next, by: context.actor.id, at })),
          ...replaceParts(tenant, agent_id, current, parts),
          ...checks,
        ],
        events: [event, made.event],
        largest: LARGEST_ROLLBACK,
      },
      agentView(next, promptFor(call, system_prompt), parts),
    );
  });
};
