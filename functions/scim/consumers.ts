import type { Envelope } from "../../shared/change/events.ts";
import { updateWithRetry } from "../../shared/change/update.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import { lostRace } from "../../shared/dynamo/write.ts";
import { membershipItem } from "../../shared/identity/items.ts";
import { countWrite, forgetWrites, freeExternalId, scimGroupItem, scimUserItem } from "./store.ts";

/** What is gone is none of the directory's any more. */
export async function forget(event: Envelope, deps: { readonly table: Table }): Promise<void> {
  return event.type === "team.deleted" ? forgetGroup(event, deps) : forgetLeaver(event, deps);
}

/** A team that people have deleted, which the directory had made. */
async function forgetGroup(event: Envelope, { table }: { readonly table: Table }): Promise<void> {
  const { team_id } = event.data;
  if (typeof team_id !== "string") return;
  const own = table.of(event.organization_id);
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
 * Who has joined again meanwhile is left alone; a second delivery finds nothing.
 */
async function forgetLeaver(event: Envelope, { table }: { readonly table: Table }): Promise<void> {
  const { user_id } = event.data;
  if (typeof user_id !== "string") return;
  const own = table.of(event.organization_id);
  await updateWithRetry(undefined, async () => {
    const [record, membership] = await table.batch([
      own.read(scimUserItem, { id: user_id }),
      own.read(membershipItem, { user_id }),
    ]);
    if (record === undefined || membership?.status !== "removed") return;
    const stillGone = own.writes.check(membershipItem, { user_id }, { equals: { status: "removed" } }, lostRace);
    await own.transact([stillGone, ...forgetWrites(own, record)]);
  });
}
