import { changedFields, draft, type EventDraft } from "../../../shared/change/events.ts";
import { given, requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { alreadyExists, type Issue, Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { invalid } from "../../../shared/http/parse.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { nameKey } from "../../../shared/name-key.ts";
import { refuseArchived, touchAgent } from "../definition/changes.ts";
import { toolView } from "../definition/views.ts";
import type { AgentDeps } from "../deps.ts";
import { agentEvents } from "../events.ts";
import { pinName, pinnedAs } from "../offers/rules/kinds.ts";
import type { operations } from "../operations.ts";
import { agentItem, agentToolItem, type StoredTool } from "../store.ts";
import { mergeConfig, sealConfig } from "./config.ts";
import { pinsKey, toolPinsItem, waitingTools } from "./pins.ts";
import type { ToolConfigInput } from "./rules/definition.ts";
import { toolIssues } from "./rules/issues.ts";
import { accepted } from "./rules/pins.ts";

type Ops = typeof operations;

const nameTaken = (name: string) => alreadyExists("name", `The agent already has a tool called \`${name}\`.`);

const changed = (
  tool: StoredTool,
  change: "created" | "updated" | "deleted" | "accepted",
  fields: string[] = [],
): EventDraft =>
  draft(
    agentEvents,
    "agent.tool_changed",
    { id: tool.agent_id },
    { agent_id: tool.agent_id, tool_id: tool.id, change, changed_fields: fields },
  );

/** What is wrong with a tool beyond its shape: addresses, placeholders, the expression. */
function refuse(deps: AgentDeps, input: ToolConfigInput, more: readonly Issue[] = []): void {
  const issues = [...toolIssues(input, deps), ...more];
  if (issues.length > 0) throw invalid(issues);
}

export const listTools: Handler<Ops["listTools"], AgentDeps> = async (call, { table }) => {
  const { id: agent_id } = await call.load();
  const page = await table.of(call.context.tenant).page(agentToolItem, { of: { agent_id }, ...call.query });
  return { ...page, items: page.items.map(toolView) };
};

/** The tool with what waits to be accepted. */
const detailed = async (tenant: TenantTable, tool: StoredTool) => ({
  ...toolView(tool),
  changed_tools: tool.tool_type === "mcp" ? await waitingTools(tenant, tool.agent_id, tool.id) : [],
});

export const getTool: Handler<Ops["getTool"], AgentDeps> = async (call, deps) =>
  detailed(deps.table.of(call.context.tenant), await call.load());

export const acceptTool: Handler<Ops["acceptTool"], AgentDeps> = async (call, deps) => {
  const tenant = deps.table.of(call.context.tenant);
  const tool = await call.load();
  const { version = null, ...wanted } = call.body;
  const read = await tenant.get(toolPinsItem, pinsKey({ agent_id: tool.agent_id, tool_id: tool.id, version }));
  const pins = read === undefined ? undefined : accepted(read.pins, wanted);
  // Nothing waits: accepted it is already.
  if (read === undefined || pins === undefined) return detailed(tenant, tool);
  const taken = Object.keys(pins).filter((name) => read.pins[name]?.seen != null && pins[name]?.seen === null);
  const still = (await waitingTools(tenant, tool.agent_id, tool.id)).filter(
    (one) => one.version !== version || !taken.includes(pinName(one.kind, one.name)),
  );
  return call.commit(
    {
      writes: [tenant.writes.replace(toolPinsItem, { ...read, pins: { ...pins }, etag: newEtag(call.at) }, read.etag)],
      events: [
        changed(
          tool,
          "accepted",
          taken.map((pin) => pinnedAs(pin).name),
        ),
      ],
    },
    { ...toolView(tool), changed_tools: still },
  );
};

export const createTool: Handler<Ops["createTool"], AgentDeps> = async (call, deps) => {
  const { path, context, at } = call;
  const { name, description, is_enabled, ...input } = call.body;
  refuse(deps, input);
  const tenant = deps.table.of(context.tenant);
  const id = newId("agent_tool", at);
  const made: StoredTool = {
    id,
    agent_id: path.agent_id,
    name,
    name_key: nameKey(name),
    description,
    is_enabled,
    tool_type: input.tool_type,
    config: await sealConfig(deps.secrets, context.tenant, id, { input, kept: {} }),
    created_at: timestamp(at),
    updated_at: timestamp(at),
    etag: newEtag(at),
  };
  return call.commit(
    {
      writes: [
        touchAgent(tenant, path.agent_id, at, { part: "tools", by: 1 }),
        tenant.writes.create(agentToolItem, made, () => nameTaken(name)),
      ],
      events: [changed(made, "created")],
    },
    toolView(made),
  );
};

export const updateTool: Handler<Ops["updateTool"], AgentDeps> = async (call, deps) => {
  const { path, context, at } = call;
  const { config, ...fields } = call.body;
  const tenant = deps.table.of(context.tenant);
  return updateWithRetry(call.if_match, async (how) => {
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    const merged = config === undefined ? undefined : mergeConfig(read.tool_type, read.config, config);
    if (merged !== undefined) refuse(deps, merged.input, merged.issues);
    const name = fields.name ?? read.name;
    const next: StoredTool = {
      ...read,
      ...given(fields),
      name,
      name_key: nameKey(name),
      config: merged === undefined ? read.config : await sealConfig(deps.secrets, context.tenant, read.id, merged),
      updated_at: timestamp(at),
      etag: newEtag(at),
    };
    const names = changedFields(read, next, { omit: ["name_key"] }).map(({ field }) => field);
    if (names.length === 0) {
      refuseArchived(await tenant.get(agentItem, { id: path.agent_id }));
      return toolView(read);
    }
    const moved = next.name_key !== read.name_key;
    const writes = moved
      ? [removal(tenant, read), tenant.writes.create(agentToolItem, next, () => nameTaken(name))]
      : [tenant.writes.replace(agentToolItem, next, read.etag)];
    return call.commit(
      { writes: [touchAgent(tenant, path.agent_id, at), ...writes], events: [changed(next, "updated", names)] },
      toolView(next),
    );
  });
};

const removal = (tenant: TenantTable, { agent_id, name_key, etag }: StoredTool) =>
  tenant.writes.remove(
    agentToolItem,
    { agent_id, name_key },
    { equals: { etag } },
    () => new Problem("precondition_failed", "The tool has just been changed."),
  );

export const removeTool: Handler<Ops["removeTool"], AgentDeps> = async (call, deps) => {
  const { path, context, at } = call;
  const tenant = deps.table.of(context.tenant);
  return updateWithRetry(call.if_match, async (how) => {
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    return call.commit(
      {
        writes: [touchAgent(tenant, path.agent_id, at, { part: "tools", by: -1 }), removal(tenant, read)],
        events: [changed(read, "deleted")],
      },
      undefined,
    );
  });
};
