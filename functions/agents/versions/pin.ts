import type { Blobs } from "../../../shared/blobs/blobs.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { notFound, Problem, wrongState } from "../../../shared/errors.ts";
import { agentItem, agentUseItem, agentVersionItem } from "../store.ts";
import { type AgentSnapshot, snapshotContentSchema } from "./rules/snapshot.ts";

/**
 * The version with which a run uses an agent: the one named, else the active one. Pinned once, at the start.
 * @throws Problem `not_found` for an agent or version that is not there, `conflict` for an agent that is not active
 */
export async function pinAgent(
  table: Table,
  tenant: string,
  agent_id: string,
  version?: number,
): Promise<{ readonly agent_id: string; readonly version: number; readonly name: string }> {
  const own = table.of(tenant);
  const agent = await own.get(agentItem, { id: agent_id });
  if (agent === undefined) throw notFound();
  if (agent.status !== "active") throw wrongState("agent", agent.status, "active");
  const number = version ?? agent.active_version;
  if (number === null) throw new Problem("conflict", "The agent is active but has no active version.");
  if (version !== undefined && (await own.get(agentVersionItem, { agent_id, number: version })) === undefined)
    throw notFound();
  return { agent_id, version: number, name: agent.name };
}

/**
 * A version as it was pinned, complete. Versions never change, so a caller may keep it.
 * @throws Problem `not_found`
 */
export async function loadSnapshot(
  table: Table,
  blobs: Pick<Blobs, "load">,
  tenant: string,
  agent_id: string,
  version: number,
): Promise<AgentSnapshot> {
  const stored = await table.of(tenant).get(agentVersionItem, { agent_id, number: version });
  if (stored === undefined) throw notFound();
  const content = snapshotContentSchema.parse(JSON.parse(await blobs.load(stored.snapshot)));
  return { ...content, organization_id: tenant, agent_id, version };
}

interface AgentUser {
  readonly agent_id: string;
  readonly user_kind: "pipeline" | "deployment";
  readonly user_id: string;
}

/**
 * The writes by which a pipeline that is activated, or a deployment that goes live, holds on to an agent: 2 items of
 * its transaction. They refuse when the agent is not active (`conflict`, or `refuse` instead) or already held.
 */
export function holdAgent(
  table: Table,
  tenant: string,
  user: AgentUser,
  at: Date,
  refuse?: (state: string | undefined) => Problem,
): Write[] {
  const { writes } = table.of(tenant);
  const inactive = (state: string | undefined) =>
    refuse?.(state) ?? (state === undefined ? notFound() : wrongState("agent", state, "active"));
  return [
    writes.update(agentItem, { id: user.agent_id }, { add: { uses: 1 } }, { equals: { status: "active" } }, (old) =>
      inactive(old?.status),
    ),
    writes.create(
      agentUseItem,
      { ...user, created_at: timestamp(at) },
      () => new Problem("conflict", `The ${user.user_kind} already refers to this agent.`),
    ),
  ];
}

/** The writes that let go of an agent again; they refuse with `conflict` when it was not held. */
export function releaseAgent(table: Table, tenant: string, user: AgentUser): Write[] {
  const { writes } = table.of(tenant);
  const notHeld = () => new Problem("conflict", `The ${user.user_kind} does not refer to this agent.`);
  return [
    writes.update(agentItem, { id: user.agent_id }, { add: { uses: -1 } }, { at_least: { uses: 1 } }, notHeld),
    writes.remove(agentUseItem, { ...user }, { exists: true }, notHeld),
  ];
}
