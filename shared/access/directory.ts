import * as z from "zod";
import { timestamp } from "../clock.ts";
import { defineItem, type ItemOf } from "../dynamo/item.ts";
import type { Table } from "../dynamo/table.ts";
import { lostRace, type Write } from "../dynamo/write.ts";
import { Problem } from "../errors.ts";
import { sha256 } from "../hash.ts";
import type { RawRequest } from "../http/parse.ts";
import { organizationItem } from "../identity/items.ts";
import { idPrefixes, idSchema } from "../ids.ts";
import type { Authentication } from "./authenticate.ts";
import type { DirectoryCaller } from "./caller.ts";
import { refusalAtTheDoor } from "./doors.ts";
import { SEEN_SECONDS } from "./seen.ts";
import { unauthenticated } from "./unauthenticated.ts";

/**
 * A company's directory pushes people and groups by SCIM, with a bearer token of its own. The token says whose it is, so
 * that it and the organization are one read; it opens SCIM and nothing else.
 */

/** An organization has two live tokens at most, one to replace the other: each stands in a slot of its own. */
export const TOKEN_SLOTS = [1, 2] as const;

export const scimTokenItem = defineItem({
  type: "scim_token",
  summary: "A bearer token of a company's directory, in one of two slots; read strongly with each of its requests.",
  schema: z.object({
    slot: z.int(),
    id: idSchema("scim_token"),
    organization_id: idSchema("organization"),
    name: z.string(),
    /** SHA-256 of the 256 random bits that it ends with. */
    secret_hash: z.string(),
    created_by: idSchema("user"),
    /** Roles that grant no more than its maker held: it suspends and removes nobody of another one. */
    reach: z.array(z.string()),
    created_at: z.string(),
    expires_at: z.string().nullable(),
    /** When a request came with it, to five minutes. */
    last_used_at: z.string().nullable(),
  }),
  key: { pk: "SCIM_TOKENS", sk: "{slot}" },
  expires: "expires_at",
});
export type ScimToken = ItemOf<typeof scimTokenItem>;

/** Rights of a directory as they stood when they were read. */
export interface DirectoryRights {
  readonly by: "scim_token";
  readonly caller: DirectoryCaller;
  readonly token: ScimToken;
  readonly source: string;
}

const ORGANIZATION = `${idPrefixes.organization}_`;
const TOKEN = /^kss_([0-9A-HJKMNP-TV-Z]{26})_([12])_([\w-]{43})$/;

/** The token as a directory gets it. `kss_` lets those who look for leaked secrets find it. */
export const tokenText = ({ organization_id, slot }: Pick<ScimToken, "organization_id" | "slot">, secret: string) =>
  `kss_${organization_id.slice(ORGANIZATION.length)}_${slot}_${secret}`;

/**
 * Who a directory's request is from: one strong read of token and organization. A revoked token and an organization that
 * is deleted are refused on the next request, as a suspended one is.
 * @throws Problem `unauthenticated` (401) without a reason
 */
export async function authenticateDirectory(table: Table, request: RawRequest, now: Date): Promise<Authentication> {
  const [, bearer = ""] = /^Bearer ([^ ]+)$/i.exec(request.headers.authorization ?? "") ?? [];
  const [, organization = "", slot = "", secret = ""] = TOKEN.exec(bearer) ?? [];
  if (secret === "") throw unauthenticated();
  const tenant = table.of(ORGANIZATION + organization);
  const [token, organizationRead] = await table.batch([
    tenant.read(scimTokenItem, { slot: Number(slot) }),
    tenant.read(organizationItem, {}),
  ]);
  if (token?.secret_hash !== sha256(secret)) throw unauthenticated();
  if (token.expires_at !== null && Date.parse(token.expires_at) <= now.getTime()) throw unauthenticated();
  await use(table, token, now);
  const principal = { type: "scim_token", id: token.id } as const;
  const others = { principal, session: undefined, signedIn: undefined, operator: undefined, also: undefined };
  if (organizationRead?.status === "suspended")
    return { ...others, rights: new Problem("organization_suspended", "The organization is suspended.") };
  if (organizationRead?.status !== "active") throw unauthenticated();
  const refusal = refusalAtTheDoor(organizationRead, { ip: request.ip, session: undefined }, now);
  if (refusal !== undefined) return { ...others, rights: refusal };
  const { created_by, reach } = token;
  const caller = { principal, organization: organizationRead, grants: [], created_by, reach };
  return { ...others, rights: { by: "scim_token", caller, token, source: "a SCIM token" } };
}

/** Writes down that a token was used, once in five minutes, unless another request has done so first. */
async function use(table: Table, { organization_id, slot, last_used_at }: ScimToken, now: Date): Promise<void> {
  if (last_used_at !== null && now.getTime() - Date.parse(last_used_at) < SEEN_SECONDS * 1000) return;
  const tenant = table.of(organization_id);
  const set = { last_used_at: timestamp(now) };
  await tenant.touch(tenant.writes.update(scimTokenItem, { slot }, { set }, { equals: { last_used_at } }, lostRace));
}

/** Proves within a transaction that the token by which the request was permitted still counts. */
export const tokenStands = (table: Table, { token: { organization_id, slot, id } }: DirectoryRights): Write =>
  table.of(organization_id).writes.check(scimTokenItem, { slot }, { equals: { id } }, () => unauthenticated());
