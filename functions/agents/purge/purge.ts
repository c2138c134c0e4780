import { draft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import { removals } from "../../../shared/dynamo/removals.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { ownerWrites } from "../../../shared/identity/owned.ts";
import type { PurgeOf } from "../../../shared/purge/purge.ts";
import { changeAgent, placeWrites } from "../definition/changes.ts";
import { agentEvents } from "../events.ts";
import { textIndexItem } from "../retrieval/store.ts";
import {
  agentContextItem,
  agentItem,
  agentPurge,
  agentToolItem,
  agentVersionItem,
  type StoredAgent,
} from "../store.ts";
import { threadRemovals } from "../threads/ending.ts";
import { toolPinsItem } from "../tools/pins.ts";

/** An archived agent as it was read, which nothing that is active refers to. */
const unheld = ({ etag }: StoredAgent) => ({ equals: { etag, status: "archived", uses: 0 } }) as const;

/**
 * How an agent is erased. Its name and its place in the plan have been free since it was archived. One that was archived
 * by force while an active pipeline refers to it stays until no active pipeline does; drafts lose it.
 */
export const purgedAgent: PurgeOf<StoredAgent> = {
  due: agentPurge,
  find: (table, id) => table.get(agentItem, { id }),
  postpone: (table, { id, etag, uses }, until) =>
    uses === 0
      ? undefined
      : table.writes.update(agentItem, { id }, { set: { purge_at: timestamp(until) } }, { equals: { etag } }, lostRace),
  claim(table, agent, at, erase_at) {
    const fields: Partial<StoredAgent> = {
      status: "purging",
      workspace_ids: [],
      owner_id: null,
      purge_at: timestamp(erase_at),
    };
    const { write, next } = changeAgent(table, agent, at, fields, unheld(agent));
    const change = { before: agent, after: next, by: agentPurge.kind, at };
    return [
      write,
      ...placeWrites(table.table, table.tenant, change),
      ...ownerWrites(table, { kind: "agent", id: agent.id }, agent.owner_id, null),
    ];
  },
  async *belongings(table, { id: agent_id }) {
    for (const definition of [agentVersionItem, agentContextItem, agentToolItem])
      yield* removals(table, definition, { agent_id });
    yield* removals(table, toolPinsItem, { agent_id });
    yield* removals(table, textIndexItem, { agent_id });
    yield* threadRemovals(table, agent_id, table.table.clock.now());
  },
  end: (table, { id, name }) => ({
    write: table.writes.remove(agentItem, { id }, { equals: { status: "purging" } }),
    event: draft(agentEvents, "agent.purged", { id, name }, { agent_id: id, name }),
  }),
};
