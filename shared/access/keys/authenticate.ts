import { timestamp } from "../../clock.ts";
import type { Table } from "../../dynamo/table.ts";
import { lostRace } from "../../dynamo/write.ts";
import { Problem } from "../../errors.ts";
import type { RawRequest } from "../../http/parse.ts";
import { type Organization, organizationItem } from "../../identity/items.ts";
import type { Also, Authentication } from "../authenticate.ts";
import { refusalAtTheDoor } from "../doors.ts";
import { isWithin } from "../networks.ts";
import { ownRoleOf } from "../own-roles.ts";
import type { Principal } from "../principal.ts";
import { builtInGrants } from "../roles.ts";
import { SEEN_SECONDS } from "../seen.ts";
import { unauthenticated } from "../unauthenticated.ts";
import { type ApiKey, apiKeyItem } from "./items.ts";
import { countingHashes, isHashOf, type KeyHash, type Pepper } from "./pepper.ts";
import { type KeyOwner, type KeyRights, ownerGone, ownerRead } from "./rights.ts";
import { within } from "./scopes.ts";
import { KEY_PREFIX, readKey } from "./text.ts";

const REMEMBERED_KEYS = 1_000;

/**
 * The text of the API key that a request comes with, in one of two headers; undefined where it comes with none.
 * @throws Problem `unauthenticated` where it comes with two different credentials: nobody guesses which one was meant
 */
export function presentedKey({ headers }: Pick<RawRequest, "headers">): string | undefined {
  const [, bearer] = /^Bearer ([^ ]+)$/i.exec(headers.authorization ?? "") ?? [];
  const own = headers["x-api-key"];
  if (own === undefined) return bearer?.startsWith(KEY_PREFIX) ? bearer : undefined;
  if (headers.authorization !== undefined && bearer !== own)
    throw new Problem(
      "unauthenticated",
      "`Authorization` and `X-API-Key` bring two different credentials. Send one of them.",
      { headers: { "www-authenticate": "Bearer" } },
    );
  return own;
}

/** Authenticates the text of a key. @throws Problem `unauthenticated` (401) without a reason */
export type KeyAuthenticator = (
  text: string,
  request: RawRequest,
  now: Date,
  also: Also | undefined,
) => Promise<Authentication>;

/**
 * Authenticates API keys and loads the rights that they have at this moment, strongly consistent: a key that was revoked or
 * is over, an owner who was suspended, removed or given another role are felt by the next request.
 *
 * One round trip: the text names organization and key, and who owns the key is what this process saw last of it. The first
 * time there is a second one, and the pepper is opened, once for the process.
 */
export function createKeyAuthenticator(table: Table, pepper: Pepper): KeyAuthenticator {
  const lastOwner = new Map<string, KeyOwner>();

  return async (text, request, now, also) => {
    const parts = readKey(text);
    if (parts === undefined) throw unauthenticated();
    const { id, organization_id, proof } = parts;
    const tenant = table.of(organization_id);
    const guess = lastOwner.get(id);
    const read = await table.batchOf({
      key: tenant.read(apiKeyItem, { id }),
      organization: tenant.read(organizationItem, {}),
      owner: guess === undefined ? undefined : ownerRead(tenant, guess),
      pepper: pepper.read,
      also: also?.(organization_id, { type: "api_key", id }),
    });
    const opened = await pepper.open(read.pepper);
    const key = counting(read.key, proof, opened, now);
    const owns: KeyOwner = { type: key.owner_type, id: key.owner_id };
    const [owner] = owns.id === guess?.id ? [read.owner] : await table.batch([ownerRead(tenant, owns)]);
    if (lastOwner.size >= REMEMBERED_KEYS) lastOwner.delete(lastOwner.keys().next().value ?? "");
    lastOwner.set(id, owns);
    const principal = { type: "api_key", id, on_behalf_of: owns } as const;
    const rights = await rightsOf(table, principal, key, read.organization, owner, request, now);
    if (!(rights instanceof Problem)) await use(table, key, request, now);
    return {
      principal,
      session: undefined,
      rights,
      signedIn: undefined,
      operator: undefined,
      also: also === undefined ? undefined : { tenant: organization_id, found: read.also },
      rate_limit: key.rate_limit,
    };
  };
}

/** The key, if it counts and the secret is its own. */
function counting(key: ApiKey | undefined, proof: string, hash: KeyHash | undefined, now: Date): ApiKey {
  if (
    key?.status !== "active" ||
    hash === undefined ||
    !countingHashes(key, now).some((kept) => isHashOf(kept, proof, hash))
  )
    throw unauthenticated();
  if (key.expires_at !== null && Date.parse(key.expires_at) <= now.getTime()) throw unauthenticated();
  return key;
}

/** What it may do, or why nothing. */
async function rightsOf(
  table: Table,
  principal: Principal,
  key: ApiKey,
  organization: Organization | undefined,
  owner: { readonly status: string; readonly role: string } | undefined,
  { ip }: RawRequest,
  now: Date,
): Promise<KeyRights | Problem> {
  if (organization?.status === "suspended")
    return new Problem("organization_suspended", "The organization is suspended.");
  if (organization?.status !== "active") throw unauthenticated();
  if (owner?.status !== "active") return ownerGone();
  if (key.allowed_addresses.length > 0 && !isWithin(ip, key.allowed_addresses))
    return new Problem("address_not_allowed", `This API key is not taken from ${ip}.`);
  const refusal = refusalAtTheDoor(organization, { ip, session: undefined }, now);
  if (refusal !== undefined) return refusal;
  const own_role = await ownRoleOf(table, organization, owner.role);
  const grants = within(key.scopes, own_role?.grants ?? builtInGrants(owner.role));
  return {
    by: "api_key",
    caller: { principal, organization, grants, own_role },
    key,
    role: owner.role,
    source: "this API key (its scopes within its owner's role)",
  };
}

/** Writes down that a key was used and where from, once in five minutes, unless another request has done so first. */
async function use(table: Table, { organization_id, id, last_used_at }: ApiKey, { ip }: RawRequest, now: Date) {
  if (last_used_at !== null && now.getTime() - Date.parse(last_used_at) < SEEN_SECONDS * 1000) return;
  const tenant = table.of(organization_id);
  const set = { last_used_at: timestamp(now), last_used_ip: ip };
  await tenant.touch(tenant.writes.update(apiKeyItem, { id }, { set }, { equals: { last_used_at } }, lostRace));
}
