import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import { notFound } from "../../../shared/errors.ts";
import { type Team, teamItem, teamMemberItem } from "../../teams/public.ts";
import { baseOf, type DirectoryCall, names, type Versioned, type Wanted } from "../protocol/call.ts";
import { type ScimGroup, scimGroupItem } from "../store.ts";
import { groupDocument } from "./rules/group.ts";

/** A group of the directory, and the team that it is. */
export interface Group {
  readonly record: ScimGroup;
  readonly team: Team;
}

/** A group by id: one strong read. @throws Problem `not_found` */
export async function groupOf(table: Table, { context: { tenant } }: DirectoryCall, id: string): Promise<Group> {
  const own = table.of(tenant);
  const [record, team] = await table.batch([own.read(scimGroupItem, { id }), own.read(teamItem, { id })]);
  if (record === undefined || team === undefined) throw notFound();
  return { record, team };
}

/** Ids of all members of a group. */
export async function membersOf(own: TenantTable, team_id: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { user_id } of own.all(teamMemberItem, { of: { team_id } })) ids.push(user_id);
  return ids;
}

/** Those of some people who are in a group: one read. */
export async function membersAmong(own: TenantTable, team_id: string, ids: readonly string[]): Promise<string[]> {
  const found = await own.table.batch(ids.map((user_id) => own.read(teamMemberItem, { team_id, user_id })));
  return found.flatMap((member) => (member === undefined ? [] : [member.user_id]));
}

/** Whether a client wants to see members: all do who do not say otherwise. */
export const wantsMembers = ({ attributes, excludedAttributes }: Wanted): boolean =>
  attributes === undefined || attributes.trim() === ""
    ? !names(excludedAttributes, "members")
    : names(attributes, "members");

export const versionOf = ({ record, team }: Group): string => `${record.etag}.${team.etag}`;

/** A group as a resource. What a directory changes of it changes its version: its members too. */
export function toResource(group: Group, members: readonly string[] | undefined, call: DirectoryCall): Versioned {
  const { record, team } = group;
  const version = versionOf(group);
  const document = groupDocument(
    {
      id: record.id,
      displayName: team.name,
      externalId: record.external_id,
      members,
      created_at: record.created_at,
      updated_at: record.updated_at > team.updated_at ? record.updated_at : team.updated_at,
      version,
    },
    baseOf(call),
  );
  return { document, version };
}

export async function groupResource(
  table: Table,
  call: DirectoryCall,
  group: Group,
  wanted: Wanted,
): Promise<Versioned> {
  const members = wantsMembers(wanted) ? await membersOf(table.of(call.context.tenant), group.record.id) : undefined;
  return toResource(group, members, call);
}
