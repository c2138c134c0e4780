import { updateWithRetry } from "../../../shared/change/update.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { membershipItem } from "../../../shared/identity/items.ts";
import { countWrite, forgetWrites, freeExternalId, scimGroupItem, scimUserItem } from "../store.ts";

/** Forgets the group that a team was which is no more. A second time finds nothing. */
export async function forgetGroup(table: Table, tenant: string, team_id: string): Promise<void> {
  const own = table.of(tenant);
  await updateWithRetry(undefined, async () => {
    const record = await own.get(scimGroupItem, { id: team_id });
    if (record === undefined) return;
    const { id, external_id, etag } = record;
    await own.transact([
      own.writes.remove(scimGroupItem, { id }, { equals: { etag } }, lostRace),
      ...(external_id === null ? [] : [freeExternalId(own, "group", external_id, id)]),
      countWrite(own, "group", -1),
    ]);
  });
}

/**
 * Whoever was removed otherwise than by the directory, or has left, is none of its people any more: their names are free.
 * Who is a member, or has joined again meanwhile, is left alone; a second time finds nothing.
 * @returns whether there is nothing of them, now or already
 */
export function forgetLeaver(table: Table, tenant: string, user_id: string): Promise<boolean> {
  const own = table.of(tenant);
  return updateWithRetry(undefined, async () => {
    const [record, membership] = await table.batch([
      own.read(scimUserItem, { id: user_id }),
      own.read(membershipItem, { user_id }),
    ]);
    if (record === undefined) return true;
    if (membership?.status !== "removed") return false;
    const stillGone = own.writes.check(membershipItem, { user_id }, { equals: { status: "removed" } }, lostRace);
    await own.transact([stillGone, ...forgetWrites(own, record)]);
    return true;
  });
}
