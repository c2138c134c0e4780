import { type FilePlace, versionFiles } from "../../../shared/blobs/purposes.ts";
import { draft } from "../../../shared/change/events.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { requireAlso } from "../../../shared/http/permit.ts";
import { limits } from "../../../shared/http/schemas.ts";
import { newId } from "../../../shared/ids.ts";
import { takeQuota } from "../../../shared/limits/quota.ts";
import { cutText } from "../../../shared/text.ts";
import { MOST_WORKSPACES } from "../../workspaces/public.ts";
import { foundAgent, NO_PARTS, newAgent } from "../definition/found.ts";
import { promptFor } from "../definition/prompt.ts";
import { agentView, contentOf } from "../definition/views.ts";
import type { AgentDeps } from "../deps.ts";
import { agentEvents } from "../events.ts";
import { agentLimits, agentStates, USABLE_AGENT } from "../model.ts";
import type { operations } from "../operations.ts";
import type { Parts } from "../store.ts";
import { copyConfig } from "../tools/config.ts";
import { partsFrom, replaceParts } from "../versions/parts.ts";

/** Items at most: as a new agent, and its contexts and tools. */
const LARGEST_COPY = 7 + 3 * MOST_WORKSPACES + agentLimits.contexts + agentLimits.tools;

type Ops = typeof operations;

/** So many names are tried when the caller gave none. */
const NAMES_TRIED = 20;

/** `Helper (copy)`, `Helper (copy 2)`, …, within the length of a name. */
export function copyName(name: string, nth: number): string {
  const suffix = nth === 1 ? " (copy)" : ` (copy ${nth})`;
  return `${cutText(name, limits.name - suffix.length).trimEnd()}${suffix}`;
}

/** The parts of an agent under ids of their own, secrets bound to the new ones, texts among the new agent's files. */
async function copyParts(deps: AgentDeps, tenant: string, files: FilePlace, parts: Parts, at: Date): Promise<Parts> {
  const tools = await Promise.all(
    parts.tools.map(async (tool) => {
      const id = newId("agent_tool", at);
      return { ...tool, id, config: await copyConfig(deps.secrets, tenant, tool.id, id, tool.config) };
    }),
  );
  const contexts = await Promise.all(
    parts.contexts.map(async (context) => ({
      ...context,
      id: newId("agent_context", at),
      content: context.content === null ? null : await deps.blobs.copy(context.content, files),
    })),
  );
  return { tools, contexts };
}

export const duplicate: Handler<Ops["duplicate"], AgentDeps> = async (call, deps) => {
  const { body, context, at } = call;
  const tenant = deps.table.of(context.tenant);
  const { agent: read, parts } = await call.load();
  requireAlso(call, "agents:read", "A copy");
  if (read.status === "purging") throw agentStates.refusal("purging", [...USABLE_AGENT, "archived"]);
  const prompt = await deps.blobs.load(read.system_prompt);
  const id = newId("agent", at);
  const maker = { tenant: context.tenant, actor: context.actor, at };
  const files = versionFiles(context.tenant, id);
  const system_prompt = await deps.blobs.copy(read.system_prompt, files);
  const content = contentOf(read, prompt, await copyParts(deps, context.tenant, files, parts, at));
  const copied = partsFrom(content, id, at, NO_PARTS);
  for (let nth = 1; ; nth++) {
    const agent = newAgent(maker, id, { ...read, name: body.name ?? copyName(read.name, nth), system_prompt }, copied);
    const { name, agent_type } = agent;
    const event = draft(
      agentEvents,
      "agent.created",
      { id, name },
      { agent_id: id, name, agent_type, duplicated_from: read.id },
    );
    try {
      return await call.commit(
        {
          writes: [
            takeQuota(tenant, call.caller.organization.plan, "agents"),
            ...foundAgent(deps.table, maker, agent),
            ...replaceParts(tenant, id, NO_PARTS, copied),
          ],
          events: [event],
          largest: LARGEST_COPY,
        },
        agentView(agent, promptFor(call, prompt), copied),
      );
    } catch (error) {
      const taken = error instanceof Problem && error.code === "already_exists";
      if (!taken || body.name !== undefined || nth === NAMES_TRIED) throw error;
    }
  }
};
