import { updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import { membershipItem } from "../../../shared/identity/items.ts";
import { newEtag } from "../../../shared/ids.ts";
import { type Changed, changedMembers, MEMBERS_AT_A_TIME } from "../../teams/public.ts";
import { commit, type DirectoryCall, deadlineOf } from "../protocol/call.ts";
import { invalidValue } from "../rules/error.ts";
import { scimGroupItem, scimUserItem } from "../store.ts";
import type { Group } from "./read.ts";

/** Users that are looked for together. */
const CHECKED_AT_A_TIME = 50;
/** Items at most: five for each of the people, and the team, the group, the proof. */
const LARGEST = MEMBERS_AT_A_TIME * 5 + 4;

/**
 * Puts people into a group and takes others out, as many as there are, in transactions of {@link MEMBERS_AT_A_TIME}: each with its
 * events, on the condition that the token counts. Who comes was looked for before ({@link requirePeople}). What is
 * broken off has been done in part; the same request, sent again, does the rest.
 * @throws Problem `service_unavailable` with Retry-After
 */
export async function changeMembers(table: Table, call: DirectoryCall, group: Group, changed: Changed): Promise<Group> {
  const until = deadlineOf(call);
  const all = [
    ...changed.leave.map((id) => ({ id, enters: false })),
    ...changed.enter.map((id) => ({ id, enters: true })),
  ];
  let now = group;
  for (let i = 0; i < all.length; i += MEMBERS_AT_A_TIME) {
    if (performance.now() > until) throw goOn(i, all.length);
    const some = all.slice(i, i + MEMBERS_AT_A_TIME);
    now = await changeSome(table, call, now, {
      enter: some.filter(({ enters }) => enters).map(({ id }) => id),
      leave: some.filter(({ enters }) => !enters).map(({ id }) => id),
    });
  }
  return now;
}

const goOn = (done: number, of: number): Problem =>
  new Problem("service_unavailable", `${done} of ${of} members have changed. Send the request again: it goes on.`, {
    headers: { "retry-after": "1" },
  });

/** Refuses ids of nobody whom the directory has brought. @throws ScimError invalidValue */
export async function requirePeople(own: TenantTable, ids: readonly string[]): Promise<void> {
  const { table } = own;
  for (let i = 0; i < ids.length; i += CHECKED_AT_A_TIME) {
    const some = ids.slice(i, i + CHECKED_AT_A_TIME);
    const records = await table.batch(some.map((id) => own.read(scimUserItem, { id })));
    const memberships = await table.batch(some.map((user_id) => own.read(membershipItem, { user_id })));
    const nobody = some.find((_, at) => records[at] === undefined || memberships[at]?.status === "removed");
    if (nobody !== undefined) throw invalidValue(`members: ${JSON.stringify(nobody)} is no user.`);
  }
}

/** Who has deleted it meanwhile is not asked again and again. */
const gone = (old: object | undefined): Problem => (old === undefined ? notFound() : lostRace());

/** One transaction. The group is another one then, for whoever has seen it before. */
function changeSome(table: Table, call: DirectoryCall, { record, team }: Group, changed: Changed): Promise<Group> {
  const { at } = call;
  const own = table.of(call.context.tenant);
  return updateWithRetry(call.if_match, async () => {
    const { writes, events } = await changedMembers(table, team, changed, call.caller.principal.id, at);
    const [first, ...others] = events;
    if (first === undefined) return { record, team };
    const next = { ...record, updated_at: timestamp(at), etag: newEtag(at) };
    const { id, updated_at, etag } = next;
    // Who has named a version changes no other; all others come one after the other, and none is lost.
    const as_read = Array.isArray(call.if_match) ? { equals: { etag: record.etag } } : { exists: true };
    await commit(call, {
      writes: [own.writes.update(scimGroupItem, { id }, { set: { updated_at, etag } }, as_read, gone), ...writes],
      events: [first, ...others],
      largest: LARGEST,
    });
    return { record: next, team };
  });
}
