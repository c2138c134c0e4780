import { isDeepStrictEqual } from "node:util";
import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { newEtag } from "../../../shared/ids.ts";
import { moveStanding } from "../../users/public.ts";
import { scimEvents } from "../events.ts";
import { baseOf, commit, type DirectoryCall, requireVersion } from "../protocol/call.ts";
import type { ScimUserAttributes } from "../rules/schemas.ts";
import {
  freeExternalId,
  freeUserName,
  type ScimUser,
  scimUserItem,
  takeExternalId,
  takeUserName,
  userNameKey,
} from "../store.ts";
import { requireWithinReach } from "./reach.ts";
import { attributesOf, type Person, personOf, toResource } from "./read.ts";

/**
 * Makes of somebody what the directory says now. Whom it does not want to be active is suspended here, in the same
 * transaction; who is to be active again is restored where a directory has suspended them: whom an administrator has
 * suspended stays so, whatever the directory has said meanwhile.
 * @param next what is said now, by what was said before
 */
export function changeUser(
  table: Table,
  call: DirectoryCall,
  id: string,
  next: (before: ScimUserAttributes) => ScimUserAttributes,
): Promise<Person> {
  return updateWithRetry(call.if_match, async () => {
    const person = await personOf(table, call, id);
    requireVersion(call, toResource(person.record, person.membership, baseOf(call)));
    const { record } = person;
    const { active = record.active, ...said } = next({ ...attributesOf(record), active: record.active });
    const described = describe(table, call, person, said, active);
    const standing = move(table, call, person, active);
    if (standing.events.length > 0) await requireWithinReach(table, call, person.membership);
    const [first, ...others] = [...described.events, ...standing.events];
    if (first === undefined) return person;
    await commit(call, { writes: [...described.writes, ...standing.writes], events: [first, ...others] });
    return { ...person, record: described.record, membership: standing.membership };
  });
}

/** What the directory says of them, with the marks that keep it unique. */
function describe(
  table: Table,
  { context: { tenant }, at }: DirectoryCall,
  { record: read, user }: Person,
  said: ScimUserAttributes,
  active: boolean,
): { readonly writes: readonly Write[]; readonly events: readonly EventDraft[]; readonly record: ScimUser } {
  const before = { ...attributesOf(read), active: read.active };
  const after = { ...said, active };
  const changed_fields = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => !isDeepStrictEqual(Reflect.get(before, name), Reflect.get(after, name)),
  );
  if (changed_fields.length === 0) return { writes: [], events: [], record: read };
  const own = table.of(tenant);
  const { id } = read;
  const record: ScimUser = {
    ...read,
    name_key: userNameKey(said.userName),
    external_id: said.externalId ?? null,
    active,
    attributes: { ...said },
    updated_at: timestamp(at),
    etag: newEtag(at),
  };
  const another = record.external_id !== read.external_id;
  return {
    record,
    writes: [
      own.writes.replace(scimUserItem, record, read.etag),
      ...(record.name_key === read.name_key
        ? []
        : [takeUserName(own, record.name_key, id), freeUserName(own, read.name_key, id)]),
      ...(another && record.external_id !== null ? [takeExternalId(own, "user", record.external_id, id)] : []),
      ...(another && read.external_id !== null ? [freeExternalId(own, "user", read.external_id, id)] : []),
    ],
    events: [draft(scimEvents, "scim.user_updated", { id, name: user.name }, { user_id: id, changed_fields })],
  };
}

function move(table: Table, { at }: DirectoryCall, { membership, user }: Person, active: boolean) {
  const stays = { writes: [], events: [], membership };
  if (membership.status === (active ? "active" : "suspended")) return stays;
  if (active && membership.suspended_by !== "directory") return stays;
  const to = active ? "active" : "suspended";
  const { next, writes, event } = moveStanding(table, { user, membership }, to, at, { by_directory: true });
  return { writes, events: [event], membership: next };
}
