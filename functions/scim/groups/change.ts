import { draft } from "../../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { newEtag } from "../../../shared/ids.ts";
import { changedTeam, withinTeamSize } from "../../teams/public.ts";
import { scimEvents } from "../events.ts";
import { commit, type DirectoryCall, deadlineOf } from "../protocol/call.ts";
import { groupResource as schema } from "../rules/attributes.ts";
import { applyPatch } from "../rules/patch.ts";
import type { ScimGroupAttributes } from "../rules/schemas.ts";
import { freeExternalId, scimGroupItem, takeExternalId } from "../store.ts";
import { memberIds, teamNameOf } from "./create.ts";
import { changeMembers, requirePeople } from "./members.ts";
import { type Group, groupOf, membersAmong, membersOf, versionOf } from "./read.ts";
import { applyRoles, judgingOf } from "./roles.ts";
import { mentionedMembers } from "./rules/mentioned.ts";

/** Makes a group what the directory says it is. */
export function replaceGroup(table: Table, call: DirectoryCall, id: string, said: ScimGroupAttributes): Promise<Group> {
  const own = table.of(call.context.tenant);
  return change(table, call, id, async () => ({ before: await membersOf(own, id), said }));
}

/** Applies operations to a group. Of its members only those are read that the operations are about. */
export function patchGroup(table: Table, call: DirectoryCall, id: string, operations: unknown): Promise<Group> {
  const own = table.of(call.context.tenant);
  const about = mentionedMembers(operations);
  return change(table, call, id, async ({ record, team }) => {
    const before = about === undefined ? await membersOf(own, id) : await membersAmong(own, id, about);
    const now = {
      id,
      displayName: team.name,
      ...(record.external_id === null ? {} : { externalId: record.external_id }),
      members: before.map((value) => ({ value, type: "User" })),
    };
    const said: ScimGroupAttributes = applyPatch(now, operations, schema);
    return { before, said, about: about ?? [] };
  });
}

interface Next {
  /** Members that the change is about, as they are. */
  readonly before: readonly string[];
  readonly said: ScimGroupAttributes;
  /** Ids that it names, whatever has become of them already. */
  readonly about?: readonly string[];
}

function change(table: Table, call: DirectoryCall, id: string, next: (group: Group) => Promise<Next>): Promise<Group> {
  const own = table.of(call.context.tenant);
  const until = deadlineOf(call);
  return updateWithRetry(call.if_match, async () => {
    const read = await groupOf(table, call, id);
    requireMatch(call.if_match, versionOf(read));
    const { before, said, about = [] } = await next(read);
    const wanted = memberIds(said);
    const [was, will] = [new Set(before), new Set(wanted)];
    const enter = wanted.filter((one) => !was.has(one));
    const leave = before.filter((one) => !will.has(one));
    // Nothing is written where one of those who come is nobody, or where they are too many.
    await requirePeople(own, enter);
    withinTeamSize(read.team, { enter, leave });
    const described = await describe(table, call, read, said);
    const changed = await changeMembers(table, { ...call, until }, described, { enter, leave });
    const renamed = described.team.name_key !== read.team.name_key;
    const concerned = renamed ? await membersOf(own, id) : [];
    await applyRoles(judgingOf(table, call), [...new Set([...about, ...enter, ...leave, ...concerned])], { until });
    return changed;
  });
}

/** What the group is called, here and at the directory. */
async function describe(table: Table, call: DirectoryCall, read: Group, said: ScimGroupAttributes): Promise<Group> {
  const { at } = call;
  const own = table.of(call.context.tenant);
  const { team, writes, event } = changedTeam(own, read.team, { name: teamNameOf(said.displayName) }, at);
  const external_id = said.externalId ?? null;
  const before = read.record.external_id;
  if (event === undefined && external_id === before) return read;
  const record = { ...read.record, external_id, updated_at: timestamp(at), etag: newEtag(at) };
  const ids =
    external_id === before
      ? []
      : [
          ...(external_id === null ? [] : [takeExternalId(own, "group", external_id, record.id)]),
          ...(before === null ? [] : [freeExternalId(own, "group", before, record.id)]),
        ];
  const described = event ?? groupDescribed(read);
  await commit(call, {
    writes: [own.writes.replace(scimGroupItem, record, read.record.etag), ...ids, ...writes],
    events: [described],
  });
  return { record, team };
}

const groupDescribed = ({ team: { id, name } }: Group) =>
  draft(scimEvents, "scim.group_updated", { id, name }, { team_id: id, changed_fields: ["externalId"] });
