import { requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { endOfTeam, LARGEST_DELETION } from "../../teams/public.ts";
import { commit, type DirectoryCall, deadlineOf } from "../protocol/call.ts";
import { countWrite, freeExternalId, scimGroupItem } from "../store.ts";
import { groupOf, membersOf, versionOf } from "./read.ts";
import { applyRoles, judgingOf } from "./roles.ts";

/** Beside the team: the group, its external id, the count. */
const LARGEST = LARGEST_DELETION + 3;

/** Deletes a group with its team; nobody has a role by it then. Teams that people have put under it stand under its parent then. */
export async function removeGroup(table: Table, call: DirectoryCall, id: string): Promise<void> {
  const own = table.of(call.context.tenant);
  const members = await updateWithRetry(call.if_match, async () => {
    const read = await groupOf(table, call, id);
    requireMatch(call.if_match, versionOf(read));
    const { record, team } = read;
    const ids = await membersOf(own, id);
    const { writes, event } = await endOfTeam(table, own, team, call.at);
    await commit(call, {
      writes: [
        own.writes.remove(scimGroupItem, { id }, { equals: { etag: record.etag } }, lostRace),
        ...(record.external_id === null ? [] : [freeExternalId(own, "group", record.external_id, id)]),
        countWrite(own, "group", -1),
        ...writes,
      ],
      events: [event],
      largest: LARGEST,
    });
    return ids;
  });
  await applyRoles(judgingOf(table, call), members, { without: id, until: deadlineOf(call) });
}
