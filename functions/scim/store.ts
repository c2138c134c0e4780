import * as z from "zod";
import { scimTokenItem } from "../../shared/access/directory.ts";
import { defineItem, type ItemOf } from "../../shared/dynamo/item.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../shared/dynamo/write.ts";
import { alreadyExists } from "../../shared/errors.ts";
import { sha256 } from "../../shared/hash.ts";
import { defineResource } from "../../shared/http/resource.ts";
import { idSchema } from "../../shared/ids.ts";
import { settingsSchema } from "./model.ts";
import { folded } from "./rules/fold.ts";

/** A live token by its id: an organization has two at most. */
export const tokenResource = defineResource({
  type: "scim_token",
  path: ["scim_token_id"],
  async read({ table, path: { scim_token_id } }) {
    const { items } = await table.page(scimTokenItem, { of: {}, limit: 10 });
    return items.find(({ id }) => id === scim_token_id);
  },
});

export const settingsItem = defineItem({
  type: "scim_settings",
  summary: "What people become whom a directory brings.",
  schema: settingsSchema.extend({
    /** The roles that grant no more than whoever has written the rules held: they take none away either. */
    reach: z.array(z.string()),
    updated_at: z.string(),
    etag: z.string(),
  }),
  key: { pk: "SCIM_SETTINGS", sk: "SCIM_SETTINGS" },
});
export type ScimSettings = ItemOf<typeof settingsItem>;

/** All people of a directory are one partition, in the order of their ids: lists of it are read strongly. */
export const scimUserItem = defineItem({
  type: "scim_user",
  summary: "A person as the organization's directory describes them; the membership says whether they are active.",
  schema: z.object({
    id: idSchema("user"),
    /** What user names are compared by. */
    name_key: z.string(),
    external_id: z.string().nullable(),
    /** Whether the directory wants them active. */
    active: z.boolean(),
    /** All else that it says of them, in the protocol's names. */
    attributes: z.record(z.string(), z.unknown()),
    created_at: z.string(),
    updated_at: z.string(),
    etag: z.string(),
  }),
  key: { pk: "SCIM_USERS", sk: "{id}" },
  json: ["attributes"],
});
export type ScimUser = ItemOf<typeof scimUserItem>;

export const scimUserNameItem = defineItem({
  type: "scim_user_name",
  summary: "Uniqueness of a directory's user name in the organization, and the way from it to the user.",
  schema: z.object({ name_key: z.string(), user_id: idSchema("user") }),
  key: { pk: "SCIM_USER_NAMES", sk: "{name_key}" },
});

export const kinds = ["user", "group"] as const;
export type Kind = (typeof kinds)[number];

export const externalIdItem = defineItem({
  type: "scim_external_id",
  summary: "Uniqueness of a directory's own id of a user or a group, and the way from it to them.",
  schema: z.object({ kind: z.enum(kinds), external_id: z.string(), id: z.string() }),
  key: { pk: "SCIM_EXTERNAL_IDS#{kind}", sk: "{external_id}" },
});

export const countItem = defineItem({
  type: "scim_count",
  summary: "How many users or groups an organization's directory has.",
  schema: z.object({ kind: z.enum(kinds), count: z.int() }),
  key: { pk: "SCIM_COUNTS", sk: "{kind}" },
});

/** The protocol asks for places in a list by number; what has been given out is gone on from by what came last. */
export const listPlaceItem = defineItem({
  type: "scim_list_place",
  summary: "After which id a directory's list goes on at a number that it will ask for; kept for an hour.",
  schema: z.object({
    token_id: idSchema("scim_token"),
    kind: z.enum(kinds),
    /** Of whom: `all`, or a hash of the filter that takes them. */
    of: z.string(),
    start: z.int(),
    after: z.string(),
    expires_at: z.string(),
  }),
  key: { pk: "SCIM_PLACES#{token_id}", sk: "{kind}#{of}#{start}" },
  expires: "expires_at",
});

/** A team that the directory made and keeps: its name and its members are the team's. */
export const scimGroupItem = defineItem({
  type: "scim_group",
  summary: "A group of the organization's directory; the team of the same id is what it is here.",
  schema: z.object({
    id: idSchema("team"),
    external_id: z.string().nullable(),
    created_at: z.string(),
    updated_at: z.string(),
    etag: z.string(),
  }),
  key: { pk: "SCIM_GROUPS", sk: "{id}" },
});
export type ScimGroup = ItemOf<typeof scimGroupItem>;

/** Longest key of a name: what the table takes of three bytes for a character, with room to spare. */
const MOST_KEY = 300;

/** User names are compared without case (RFC 7643, 4.1.1). A few letters become many; a key that is too long is told apart by its hash. */
export function userNameKey(user_name: string): string {
  const key = folded(user_name);
  return key.length > MOST_KEY ? sha256(key) : key;
}

export const countWrite = ({ writes }: TenantTable, kind: Kind, by: 1 | -1): Write =>
  writes.update(countItem, { kind }, { set: { kind }, add: { count: by } }, {});

/** The write that keeps an external id for one. @returns a write that refuses with 409 `already_exists` */
export const takeExternalId = ({ writes }: TenantTable, kind: Kind, external_id: string, id: string): Write =>
  writes.create(externalIdItem, { kind, external_id, id }, () =>
    alreadyExists("externalId", "Another one has this externalId."),
  );

export const freeExternalId = ({ writes }: TenantTable, kind: Kind, external_id: string, id: string): Write =>
  writes.remove(externalIdItem, { kind, external_id }, { equals: { id } }, lostRace);

export const takeUserName = ({ writes }: TenantTable, name_key: string, user_id: string): Write =>
  writes.create(scimUserNameItem, { name_key, user_id }, () =>
    alreadyExists("userName", "Another user has this userName."),
  );

export const freeUserName = ({ writes }: TenantTable, name_key: string, user_id: string): Write =>
  writes.remove(scimUserNameItem, { name_key }, { equals: { user_id } }, lostRace);

/** The writes that forget a user of a directory, as they were read. */
export const forgetWrites = (tenant: TenantTable, { id, name_key, external_id, etag }: ScimUser): Write[] => [
  tenant.writes.remove(scimUserItem, { id }, { equals: { etag } }, lostRace),
  freeUserName(tenant, name_key, id),
  ...(external_id === null ? [] : [freeExternalId(tenant, "user", external_id, id)]),
  countWrite(tenant, "user", -1),
];
