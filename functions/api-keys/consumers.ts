import { apiKeyItem } from "../../shared/access/keys/items.ts";
import { commitChange, systemContext } from "../../shared/change/commit.ts";
import { addSeconds, type Clock } from "../../shared/clock.ts";
import type { Due } from "../../shared/due/item.ts";
import { type DueWork, PutOff } from "../../shared/due/work.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import { Problem } from "../../shared/errors.ts";
import { auditDaysOf } from "../../shared/identity/organization.ts";
import type { SendMail } from "../../shared/mail/send.ts";
import { activeKeysOf, type Ending, expiry, revocation } from "./ending/end.ts";
import { endingMail, leakedMail } from "./mails.ts";
import { daysLeft, nextLook } from "./model.ts";
import { apiKeyDue, orphanedKeys } from "./store.ts";
import { inMail, mailOwner } from "./telling/owner.ts";

/** Somebody changes a key at the moment of its end: looked at again after this. */
const LOOK_AGAIN_SECONDS = 60;

interface Deps {
  readonly table: Table;
  readonly clock: Clock;
  readonly send: SendMail;
}

/**
 * `api_key`: tells the owner of a key that it will end, some days ahead, and ends it at its time. One that was revoked, or was
 * given another end, is left alone.
 * @returns when to look next
 */
export async function comesDue({ tenant, ref }: Due, deps: Deps): ReturnType<DueWork> {
  const own = deps.table.of(tenant);
  const now = deps.clock.now();
  const key = await own.get(apiKeyItem, { id: ref });
  if (key?.status !== "active" || key.expires_at === null) return undefined;
  const days = daysLeft(key.expires_at, now);
  if (Date.parse(key.expires_at) > now.getTime()) {
    const { name, expires_at } = key;
    if (days !== undefined) await mailOwner(deps, key, endingMail, { id: ref, name, days, at: inMail(expires_at) });
    return nextLook(key.expires_at, now);
  }
  const audit_days = await auditDaysOf(own);
  return end(deps, tenant, apiKeyDue.kind, expiry(own, key, { at: now, audit_days }), audit_days);
}

/**
 * `orphaned_api_keys`: revokes the keys of a service account that was deleted. They have been refused since; this frees their
 * places and says what became of them. No key is made for an account that is not there, and the index has all by now.
 */
export async function revokeOrphans({ tenant, ref }: Due, deps: Deps): ReturnType<DueWork> {
  const own = deps.table.of(tenant);
  const audit_days = await auditDaysOf(own);
  for await (const key of activeKeysOf(own, ref)) {
    const how = { at: deps.clock.now(), audit_days, reason: "owner_removed" } as const;
    const put_off = await end(deps, tenant, orphanedKeys.kind, revocation(own, key, how), audit_days);
    if (put_off !== undefined) return put_off;
  }
  return undefined;
}

/** `leaked_api_key`: tells the owner of a key that was found in public and revoked. Done twice, it sends the same mail again. */
export async function tellOfLeak({ tenant, ref }: Due, deps: Deps): ReturnType<DueWork> {
  const key = await deps.table.of(tenant).get(apiKeyItem, { id: ref });
  if (key?.revoked_at == null) return undefined;
  const { name, revoked_at, leaked_url: url = "" } = key;
  await mailOwner(deps, key, leakedMail, { id: ref, name, at: inMail(revoked_at), url });
  return undefined;
}

/** Ends a key in the system's name; put off where somebody changes it at this moment. */
async function end({ table, clock }: Deps, tenant: string, kind: string, ending: Ending, audit_days: number) {
  const now = clock.now();
  try {
    await commitChange(table, systemContext(tenant, kind, now, audit_days), ending);
    return undefined;
  } catch (error) {
    if (!(error instanceof Problem) || error.status >= 500) throw error;
    return new PutOff(addSeconds(now, LOOK_AGAIN_SECONDS));
  }
}
