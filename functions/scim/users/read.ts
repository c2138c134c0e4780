import type { Table } from "../../../shared/dynamo/table.ts";
import { notFound } from "../../../shared/errors.ts";
import { type Membership, membershipItem, PLATFORM, type User, userItem } from "../../../shared/identity/items.ts";
import { teamItem, userTeamsItem } from "../../teams/public.ts";
import { baseOf, type DirectoryCall, names, type Versioned, type Wanted } from "../protocol/call.ts";
import type { ScimUserAttributes } from "../rules/schemas.ts";
import { type ScimUser, scimGroupItem, scimUserItem } from "../store.ts";
import { userDocument } from "./rules/person.ts";

/** Somebody of the directory: what it says of them, what they are here, and who. */
export interface Person {
  readonly record: ScimUser;
  readonly membership: Membership;
  readonly user: User;
}

/** Somebody of the directory by id; nobody who is no member any more. One strong read. @throws Problem `not_found` */
export async function personOf(table: Table, { context: { tenant } }: DirectoryCall, id: string): Promise<Person> {
  const own = table.of(tenant);
  const [record, membership, user] = await table.batch([
    own.read(scimUserItem, { id }),
    own.read(membershipItem, { user_id: id }),
    table.of(PLATFORM).read(userItem, { id }),
  ]);
  if (record === undefined || user === undefined) throw notFound();
  if (membership === undefined || membership.status === "removed") throw notFound();
  return { record, membership, user };
}

export const attributesOf = ({ attributes }: Pick<ScimUser, "attributes">): ScimUserAttributes =>
  attributes as unknown as ScimUserAttributes;

/** The groups of a user, where somebody wants to see them: one read for the teams of the user, one for their names. */
async function groupsOf(table: Table, tenant: string, user_id: string) {
  const own = table.of(tenant);
  const ids = ((await own.get(userTeamsItem, { user_id }))?.teams ?? []).map(({ team_id }) => team_id);
  const found = await table.batch([
    ...ids.map((id) => own.read(teamItem, { id })),
    ...ids.map((id) => own.read(scimGroupItem, { id })),
  ]);
  const groups = new Set(found.slice(ids.length).flatMap((group) => (group === undefined ? [] : [group.id])));
  return found
    .slice(0, ids.length)
    .flatMap((team) =>
      team !== undefined && "name" in team && groups.has(team.id) ? [{ id: team.id, name: team.name }] : [],
    );
}

/** A user as a resource. What changes it changes its version: what the directory says, and what they are here. */
export async function userResource(
  table: Table,
  call: DirectoryCall,
  { record, membership }: Pick<Person, "record" | "membership">,
  { attributes }: Wanted = {},
): Promise<Versioned> {
  const groups = names(attributes, "groups") ? await groupsOf(table, call.context.tenant, record.id) : [];
  return toResource(record, membership, baseOf(call), groups);
}

export function toResource(
  record: ScimUser,
  membership: Pick<Membership, "status" | "etag" | "updated_at">,
  base: string,
  groups: readonly { readonly id: string; readonly name: string }[] = [],
): Versioned {
  const version = `${record.etag}.${membership.etag}`;
  const { id, created_at } = record;
  const updated_at = record.updated_at > membership.updated_at ? record.updated_at : membership.updated_at;
  const shown = { id, active: membership.status === "active", created_at, updated_at, version, groups };
  return { document: userDocument(attributesOf(record), shown, base), version };
}
