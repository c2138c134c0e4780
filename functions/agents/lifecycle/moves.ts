import type { Caller } from "../../../shared/access/caller.ts";
import type { ChangeContext } from "../../../shared/change/commit.ts";
import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import { giveQuota } from "../../../shared/limits/quota.ts";
import { addDays, retentionOf } from "../../../shared/limits/retention.ts";
import { changeAgent, freeName, moveStatus } from "../definition/changes.ts";
import { agentEvents } from "../events.ts";
import { type AgentStatus, agentStates, isUsable, USABLE_AGENT } from "../model.ts";
import { agentPurge, type StoredAgent } from "../store.ts";

interface Move {
  readonly next: StoredAgent;
  readonly writes: Write[];
  readonly event: EventDraft;
}

/**
 * The status change that takes an agent away from who uses it. Without `force` the same transaction proves that
 * nobody does: a pipeline that is activated meanwhile makes it fail.
 */
function leave(
  table: Table,
  context: ChangeContext,
  read: StoredAgent,
  { status, ...left }: Partial<StoredAgent> & { readonly status: AgentStatus },
  force: boolean,
): Pick<Move, "next" | "writes"> {
  const { tenant, actor, at } = context;
  if (!force && read.uses > 0) throw inUse(read.uses);
  const { write, next } = changeAgent(
    table.of(tenant),
    read,
    at,
    { status, ...left },
    { equals: { etag: read.etag, ...(force ? {} : { uses: 0 }) } },
  );
  const refuse: Write["refuse"] = (old) => {
    if (old === undefined) return notFound();
    const uses = Number(old.uses ?? 0);
    return !force && uses > 0 ? inUse(uses) : lostRace();
  };
  return { next, writes: [{ ...write, refuse }, ...moveStatus(table, tenant, read, status, actor.id, at)] };
}

const inUse = (uses: number): Problem =>
  new Problem(
    "conflict",
    `${uses === 1 ? "An active pipeline or deployment refers" : `${uses} active pipelines or deployments refer`} to the agent. Stop them first, or use \`force\`.`,
    { members: { state: "in_use", uses } },
  );

/** Archives an agent: its name and its place in the plan become free, and its end is set. */
export function archiveAgent(
  table: Table,
  { context, caller }: { readonly context: ChangeContext; readonly caller: Caller },
  read: StoredAgent,
  force: boolean,
): Move {
  if (!isUsable(read)) throw agentStates.refusal(read.status, USABLE_AGENT);
  const tenant = table.of(context.tenant);
  const { id, name } = read;
  const purge_at = addDays(context.at, retentionOf(caller.organization).archived_days);
  const archived = { archived_at: timestamp(context.at), purge_at: timestamp(purge_at) };
  const { next, writes } = leave(table, context, read, { status: "archived", ...archived }, force);
  return {
    next,
    writes: [...writes, freeName(tenant, name), giveQuota(tenant, "agents"), agentPurge.set(tenant, id, purge_at)],
    event: draft(
      agentEvents,
      "agent.archived",
      { id, name },
      { agent_id: id, name, forced: force && read.uses > 0 },
      { changes: [{ field: "status", old: read.status, new: "archived" }] },
    ),
  };
}

export function deactivateAgent(table: Table, context: ChangeContext, read: StoredAgent, force: boolean): Move {
  if (read.status !== "active") throw agentStates.refusal(read.status, ["active"]);
  const { id, name } = read;
  return {
    ...leave(table, context, read, { status: "draft" }, force),
    event: draft(
      agentEvents,
      "agent.deactivated",
      { id, name },
      { agent_id: id, name },
      { changes: [{ field: "status", old: "active", new: "draft" }] },
    ),
  };
}
