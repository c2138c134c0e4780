import type { Blobs } from "../../../shared/blobs/blobs.ts";
import { trusted } from "../../../shared/bounded/trusted.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import { agentStates } from "../model.ts";
import { agentItem, agentUseItem, agentVersionItem, type StoredAgent, type StoredVersion } from "../store.ts";
import { type AgentSnapshot, snapshotContentSchema } from "./rules/snapshot.ts";

/**
 * The version with which a run uses an agent: the one named, else the active one. Pinned once, at the start.
 * @throws Problem `not_found` for a version that is not there, `conflict` for an agent that is not active
 */
export async function pinAgent(table: TenantTable, agent: StoredAgent, version?: number): Promise<number> {
  const named =
    version === undefined ? undefined : await table.get(agentVersionItem, { agent_id: agent.id, number: version });
  const pin = pinOf(agent, version, named);
  if (typeof pin !== "number") throw pin;
  return pin;
}

/** The same for many agents, in one read. @returns the version of each, or why it cannot be used */
export async function pinAgents(
  table: TenantTable,
  wanted: readonly { readonly agent_id: string; readonly version: number | undefined }[],
): Promise<(number | Problem)[]> {
  const named = wanted.filter(({ version }) => version !== undefined);
  const found = await table.table.batch([
    ...wanted.map(({ agent_id }) => table.read(agentItem, { id: agent_id })),
    ...named.map(({ agent_id, version = 0 }) => table.read(agentVersionItem, { agent_id, number: version })),
  ]);
  const agents = found.slice(0, wanted.length) as (StoredAgent | undefined)[];
  const versions = new Map(named.map((one, i) => [one, found[wanted.length + i] as StoredVersion | undefined]));
  return wanted.map((one, i) => pinOf(agents[i], one.version, versions.get(one)));
}

function pinOf(agent: StoredAgent | undefined, version: number | undefined, named: StoredVersion | undefined) {
  if (agent === undefined) return notFound();
  if (agent.status !== "active") return agentStates.refusal(agent.status, ["active"]);
  if (version !== undefined) return named === undefined ? notFound() : version;
  return agent.active_version ?? new Problem("conflict", "The agent is active but has no active version.");
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
  return snapshotOf(blobs, stored);
}

/** A stored version with its content. */
export async function snapshotOf(
  blobs: Pick<Blobs, "load">,
  { organization_id, agent_id, number, snapshot }: StoredVersion,
): Promise<AgentSnapshot> {
  const text = await blobs.load(snapshot);
  const content = trusted(() => snapshotContentSchema.parse(JSON.parse(text)));
  return { ...content, organization_id, agent_id, version: number };
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
    refuse?.(state) ?? (state === undefined ? notFound() : agentStates.refusal(state, ["active"]));
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
