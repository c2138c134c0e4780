import { randomBytes } from "node:crypto";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Sealer } from "../../../shared/http/platform.ts";
import type { SecretContext } from "../../../shared/secrets/schema.ts";
import type { PersonKey } from "./sealed.ts";
import { personKeyItem, type StoredPersonKey } from "./store.ts";

/** What copies may have of a person. */
export interface PersonKept {
  readonly key: PersonKey;
  /** Of what happened up to then nothing is kept. */
  readonly erased_to: string | undefined;
}

/** Keys that are made or opened at the same time: each is a call of the key service. */
const AT_ONCE = 8;

/** How often a key is read again because somebody else has made or erased it meanwhile. */
const TRIES = 4;

const contextOf = (tenant: string, user_id: string): SecretContext => ({
  purpose: "audit_persons",
  tenant,
  field: "key",
  user_id,
});

async function some<I, O>(all: readonly I[], work: (one: I) => Promise<O>): Promise<O[]> {
  const done: O[] = [];
  for (let at = 0; at < all.length; at += AT_ONCE)
    done.push(...(await Promise.all(all.slice(at, at + AT_ONCE).map(work))));
  return done;
}

/** The keys of these persons, by their ids; one that has none gets one. */
export async function personKeys(
  tenant: TenantTable,
  users: readonly string[],
  secrets: Sealer,
): Promise<Map<string, PersonKept>> {
  const kept = await some(users, async (user_id) => [user_id, await keptOf(tenant, user_id, secrets)] as const);
  return new Map(kept);
}

async function keptOf(tenant: TenantTable, user_id: string, secrets: Sealer): Promise<PersonKept> {
  for (let tries = 1; ; tries++) {
    const stored = await tenant.get(personKeyItem, { user_id });
    const { erased_to } = stored ?? {};
    const opened = stored === undefined ? undefined : await open(tenant.tenant, stored, secrets);
    if (opened !== undefined) return { key: opened, erased_to };
    const key = randomBytes(32);
    const key_id = randomBytes(12).toString("base64url");
    const sealed_key = await secrets.encrypt(key.toString("base64url"), contextOf(tenant.tenant, user_id));
    const unmoved = stored === undefined ? { exists: false } : { equals: { erased_to }, absent: ["sealed_key"] };
    try {
      const made = { user_id, key_id, sealed_key, erased_to };
      await tenant.transact([tenant.writes.put(personKeyItem, made, unmoved, () => lostRace())]);
      return { key: { key_id, key }, erased_to };
    } catch (error) {
      const lost = error instanceof Problem && error.code === "precondition_failed";
      if (!lost || tries === TRIES) throw error;
    }
  }
}

/** The keys that copies name so, by that name; those that are gone are not among them. */
export async function keysByName(
  tenant: TenantTable,
  key_ids: readonly string[],
  secrets: Sealer,
): Promise<Map<string, PersonKey>> {
  const opened = await some([...new Set(key_ids)], async (key_id) => {
    const { items } = await tenant.page(personKeyItem, { index: "gsi1", of: { key_id }, limit: 1 });
    const [stored] = items;
    return stored === undefined ? undefined : open(tenant.tenant, stored, secrets);
  });
  return new Map(opened.flatMap((one) => (one === undefined ? [] : [[one.key_id, one]])));
}

async function open(
  tenant: string,
  { user_id, key_id, sealed_key }: StoredPersonKey,
  secrets: Sealer,
): Promise<PersonKey | undefined> {
  if (key_id === undefined || sealed_key === undefined) return undefined;
  const text = await secrets.decrypt(sealed_key, contextOf(tenant, user_id));
  return { key_id, key: Buffer.from(text, "base64url") };
}

/**
 * Ends a person's key: what copies have of them can be read no more, and no copy takes anything of what happened until now. A copy
 * that is being made with the key is as unreadable as the others.
 */
export async function eraseKey(tenant: TenantTable, user_id: string, at: Date): Promise<void> {
  await tenant.apply(personKeyItem, tenant.writes.put(personKeyItem, { user_id, erased_to: timestamp(at) }));
}
