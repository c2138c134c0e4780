import type { Files } from "../../../shared/blobs/files.ts";
import { placesOfThread } from "../../../shared/blobs/purposes.ts";
import { draft, type EventDraft } from "../../../shared/change/events.ts";
import type { Due } from "../../../shared/due/item.ts";
import { type Removal, removalOf, removals, removeAll } from "../../../shared/dynamo/removals.ts";
import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { agentEvents } from "../events.ts";
import { type StoredThread, threadErasure, threadItem, threadTurnItem } from "./store.ts";

/**
 * What ends a thread: it is gone, and what is left of it comes due. While an answer is being made its texts may still
 * become files, so the rest waits until that is over; a thread that has just been taken is to be read again (`precondition_failed`).
 */
export function endThread(
  table: TenantTable,
  thread: StoredThread,
  at: Date,
): { readonly writes: readonly Write[]; readonly events: readonly [EventDraft] } {
  const { id, agent_id, working, working_until } = thread;
  const quiet = new Date(Math.max(at.getTime(), Date.parse(working_until ?? "") || 0));
  const asRead = working === undefined ? ({ absent: ["working"] } as const) : { equals: { working } };
  return {
    writes: [
      table.writes.remove(threadItem, { id }, { exists: true, ...asRead }, lostRace),
      threadErasure.set(table, id, quiet),
    ],
    events: [draft(agentEvents, "agent.thread_deleted", { id: agent_id }, { agent_id, thread_id: id })],
  };
}

/** The threads of a principal (`user:usr_…`), with whatever agents. */
export const threadsOf = (table: TenantTable, owner_key: string): AsyncGenerator<StoredThread> =>
  table.all(threadItem, { index: "gsi1", of: { owner_key } });

/** The removals of all threads with an agent. What is left of each is due before it goes, so that nothing is forgotten. */
export async function* threadRemovals(table: TenantTable, agent_id: string, at: Date): AsyncGenerator<Removal> {
  for await (const thread of table.all(threadItem, { index: "gsi2", of: { agent_id } })) {
    yield { write: threadErasure.set(table, thread.id, at), bytes: 500 };
    yield removalOf(table, threadItem, thread);
  }
}

/** `thread_erasure`: erases what is left of a thread that is gone. Done again it finds nothing. */
export async function eraseThread(
  { tenant, ref }: Due,
  deps: { readonly table: Table; readonly files: Pick<Files, "removeAll"> },
): Promise<undefined> {
  const table = deps.table.of(tenant);
  await removeAll(table, removals(table, threadTurnItem, { thread_id: ref }));
  for (const place of placesOfThread(tenant, ref)) await deps.files.removeAll(place);
}
