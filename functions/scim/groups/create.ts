import { updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { nameSchema } from "../../../shared/http/schemas.ts";
import { newEtag } from "../../../shared/ids.ts";
import { newTeam } from "../../teams/public.ts";
import { commit, type DirectoryCall, deadlineOf } from "../protocol/call.ts";
import { invalidValue, ScimError } from "../rules/error.ts";
import type { ScimGroupAttributes } from "../rules/schemas.ts";
import { countWrite, type ScimGroup, scimGroupItem, takeExternalId } from "../store.ts";
import { changeMembers, requirePeople } from "./members.ts";
import type { Group } from "./read.ts";
import { applyRoles, judgingOf } from "./roles.ts";

/** Members that a new group can come with: a creation cannot be sent again to go on. */
export const MOST_NEW_MEMBERS = 1_000;

/** The name of a team, which is shorter than the protocol's. */
export function teamNameOf(displayName: string): string {
  const name = nameSchema.safeParse(displayName).data;
  if (name === undefined) throw invalidValue("displayName must have 1 to 120 characters, and no control characters.");
  return name;
}

/** Ids of users that a group names as members; groups are members of none. */
export const memberIds = ({ members = [] }: ScimGroupAttributes): readonly string[] =>
  members.map(({ value, type }) => {
    if (type?.toLowerCase() === "group") throw invalidValue("members: groups are members of no group here.");
    return value;
  });

/** A group is a team that the directory keeps. */
export async function createGroup(table: Table, call: DirectoryCall, said: ScimGroupAttributes): Promise<Group> {
  const { caller, at } = call;
  const name = teamNameOf(said.displayName);
  const members = memberIds(said);
  if (members.length > MOST_NEW_MEMBERS)
    throw new ScimError(413, `A new group has ${MOST_NEW_MEMBERS} members at most. Add others to it by PATCH.`);
  const until = deadlineOf(call);
  const own = table.of(call.context.tenant);
  await requirePeople(own, members);
  const group = await updateWithRetry(undefined, async () => {
    const wish = { name, description: "", parent_id: null, created_by: caller.principal.id, directory: true };
    const { team, writes, event } = newTeam(own, caller.organization.plan, wish, at);
    const now = timestamp(at);
    const external_id = said.externalId ?? null;
    const record: ScimGroup = { id: team.id, external_id, created_at: now, updated_at: now, etag: newEtag(at) };
    await commit(call, {
      writes: [
        ...writes,
        own.writes.create(scimGroupItem, record),
        ...(external_id === null ? [] : [takeExternalId(own, "group", external_id, team.id)]),
        countWrite(own, "group", 1),
      ],
      events: [event],
    });
    return { record, team };
  });
  const filled = await changeMembers(table, { ...call, until }, group, { enter: members, leave: [] });
  await applyRoles(judgingOf(table, call), members, { until });
  return filled;
}
