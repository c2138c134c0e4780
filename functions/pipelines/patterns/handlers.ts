import { draft } from "../../../shared/change/events.ts";
import { badReference } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { agentItem } from "../../agents/public.ts";
import { found } from "../definition/found.ts";
import { LARGEST, nameOf, placeFor } from "../definition/handlers.ts";
import type { PipelineDeps } from "../deps.ts";
import { pipelineEvents } from "../events.ts";
import type { operations } from "../operations.ts";
import { layoutItem } from "../store.ts";
import { drawPattern } from "./rules/draw.ts";
import { placed } from "./rules/place.ts";

/** Where agents stand in what was sent: the path of each id. */
function agentsIn(value: unknown, path: string): [path: string, agent_id: string][] {
  if (typeof value !== "object" || value === null) return [];
  if ("agent_id" in value && typeof value.agent_id === "string") return [[`${path}.agent_id`, value.agent_id]];
  return Object.entries(value).flatMap(([name, member]) => agentsIn(member, `${path}.${name}`));
}

/** Draws the pattern's graph, places its nodes, and makes a draft pipeline of it in one transaction. */
export const createFromPattern: Handler<typeof operations.createFromPattern, PipelineDeps> = async (call, deps) => {
  const { pattern: parts, ...described } = call.body;
  const tenant = deps.table.of(call.context.tenant);
  const named = agentsIn(parts, "pattern");
  const agents = await deps.table.batch(
    [...new Set(named.map(([, id]) => id))].map((id) => tenant.read(agentItem, { id })),
  );
  const known = new Set(agents.map((agent) => agent?.id));
  const missing = named.find(([, id]) => !known.has(id));
  if (missing !== undefined) throw badReference(missing[0]);
  const graph = drawPattern(parts);
  const { pipeline, writes } = await found(call, deps, { ...described, pattern: parts.name }, { graph, secrets: {} });
  const layout = { pipeline_id: pipeline.id, positions: placed(graph), etag: pipeline.etag };
  const created = draft(pipelineEvents, "pipeline.created", pipeline, nameOf(pipeline));
  return call.commit(
    {
      writes: [placeFor(call, deps), ...writes, tenant.writes.create(layoutItem, layout)],
      events: [created],
      largest: LARGEST.create,
    },
    pipeline,
  );
};
