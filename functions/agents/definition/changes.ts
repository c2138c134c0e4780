import { timestamp } from "../../../shared/clock.ts";
import type { Condition } from "../../../shared/dynamo/condition.ts";
import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { alreadyExists, notFound, Problem } from "../../../shared/errors.ts";
import { newEtag } from "../../../shared/ids.ts";
import { nameKey } from "../../../shared/name-key.ts";
import { workspaceLinks } from "../../workspaces/public.ts";
import { type AgentStatus, agentLimits, agentStates, isUsable, USABLE_AGENT } from "../model.ts";
import { agentItem, agentNameItem, agentWorkspaceItem, type StoredAgent } from "../store.ts";

/** The writes of which changes of agents are made. */

/** An archived agent is changed by nothing but a restore. */
export function refuseArchived(agent: StoredAgent | undefined): void {
  if (agent === undefined) throw notFound();
  if (!isUsable(agent)) throw agentStates.refusal(agent.status, USABLE_AGENT);
}

/**
 * Changes fields of an agent that is as it was read, and says how it will be then. Counters that others move at the
 * same time (`uses`) stay as they are; a status that changes takes the indexes along.
 * @param when instead of "with the same etag", for changes that some others do not disturb
 */
export function changeAgent(
  tenant: TenantTable,
  read: StoredAgent,
  at: Date,
  fields: Partial<StoredAgent>,
  when: Condition = { equals: { etag: read.etag } },
): { readonly write: Write; readonly next: StoredAgent } {
  const index =
    fields.status === undefined && fields.agent_type === undefined ? {} : pickIndexed({ ...read, ...fields });
  const set = { ...index, ...fields, updated_at: timestamp(at), etag: newEtag(at) };
  const write = tenant.writes.update(agentItem, { id: read.id }, { set }, when, (old) =>
    old === undefined ? notFound() : lostRace(),
  );
  return { write, next: { ...read, ...set } };
}

const pickIndexed = ({ agent_type, status }: StoredAgent) => ({ agent_type, status });

/** Counts one change of the working copy: a context or a tool that comes, goes or changes. */
export function touchAgent(
  tenant: TenantTable,
  agent_id: string,
  at: Date,
  counted?: { readonly part: "contexts" | "tools"; readonly by: 1 | -1 },
): Write {
  const limit = counted?.by === 1 ? { below: { [counted.part]: agentLimits[counted.part] } } : {};
  const add = { definition_number: 1, ...(counted === undefined ? {} : { [counted.part]: counted.by }) };
  return tenant.writes.update(
    agentItem,
    { id: agent_id },
    { set: { updated_at: timestamp(at), etag: newEtag(at) }, add },
    { one_of: { status: ["draft", "active"] }, ...limit },
    (old) => {
      if (old === undefined) return notFound();
      if (!isUsable(old)) return agentStates.refusal(old.status, USABLE_AGENT);
      const part = counted?.part ?? "contexts";
      return new Problem("conflict", `An agent can have ${agentLimits[part]} ${part}.`, {
        members: { limit: agentLimits[part], usage: old[part] },
      });
    },
  );
}

const nameTaken = (name: string) => alreadyExists("name", `There is already an agent called \`${name}\`.`);

export const takeName = (tenant: TenantTable, agent_id: string, name: string): Write =>
  tenant.writes.create(agentNameItem, { name_key: nameKey(name), agent_id }, () => nameTaken(name));

export const freeName = (tenant: TenantTable, name: string): Write =>
  tenant.writes.remove(agentNameItem, { name_key: nameKey(name) }, {});

/** Names that differ only in case are one name: nothing to move then. */
export const moveName = (tenant: TenantTable, agent_id: string, from: string, to: string): Write[] =>
  nameKey(from) === nameKey(to) ? [] : [freeName(tenant, from), takeName(tenant, agent_id, to)];

type Linked = Pick<StoredAgent, "id" | "name" | "status" | "agent_type" | "workspace_ids">;

/**
 * The writes that keep an agent's places in workspaces equal to the agent: at most 3 for each workspace. A workspace
 * that it enters is proven to exist and to be active.
 */
export function placeWrites(
  table: Table,
  tenant: string,
  change: { readonly before?: Linked; readonly after: Linked; readonly by: string; readonly at: Date },
): Write[] {
  const { before, after, by, at } = change;
  const { writes } = table.of(tenant);
  const was = new Set(before?.workspace_ids ?? []);
  const gone = [...was.difference(new Set(after.workspace_ids))];
  const stale = before === undefined || before.status !== after.status;
  const link = (workspace_id: string) => ({
    workspace_id,
    agent_id: after.id,
    agent_type: after.agent_type,
    status: after.status,
  });
  return [
    ...workspaceLinks(table, tenant, {
      resource: { type: "agent", id: after.id, name: after.name },
      before: [...was],
      after: after.workspace_ids,
      ...(before === undefined ? {} : { name_before: before.name }),
      by,
      at,
    }),
    ...after.workspace_ids.filter((id) => stale || !was.has(id)).map((id) => writes.put(agentWorkspaceItem, link(id))),
    ...gone.map((workspace_id) => writes.remove(agentWorkspaceItem, { workspace_id, agent_id: after.id }, {})),
  ];
}

/** The writes that move an agent to another status, with its places in lists. */
export const moveStatus = (
  table: Table,
  tenant: string,
  agent: StoredAgent,
  status: AgentStatus,
  by: string,
  at: Date,
): Write[] => placeWrites(table, tenant, { before: agent, after: { ...agent, status }, by, at });

/** A number is won, not given: contenders try until they have one, for as long as a request may take. */
const CONTEND_MS = 20_000;
const LONGEST_WAIT_MS = 500;

/**
 * Runs a change anew after each lost race. Waits first, longer after each loss, so that many contenders do not spend
 * their time beating each other, and reads after the wait, so that what it goes by is fresh.
 */
export async function untilWon<T>(attempt: (how: { readonly fresh: boolean }) => Promise<T>): Promise<T> {
  const end = performance.now() + CONTEND_MS;
  for (let wait = 20, fresh = false; ; wait = Math.min(LONGEST_WAIT_MS, wait * 1.5), fresh = true) {
    try {
      return await attempt({ fresh });
    } catch (error) {
      const raced = error instanceof Problem && error.code === "precondition_failed";
      if (!raced) throw error;
      if (performance.now() > end) {
        throw new Problem("conflict", "Others are changing this agent all the time. Nothing was changed; try again.", {
          cause: error,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * wait));
    }
  }
}
