import type { z } from "zod";
import { type ApiKey, apiKeyItem, type revokedReason } from "../../../shared/access/keys/items.ts";
import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { newEtag } from "../../../shared/ids.ts";
import { giveQuota } from "../../../shared/limits/quota.ts";
import { addDays } from "../../../shared/limits/retention.ts";
import { apiKeyEvents } from "../events.ts";
import { apiKeyDue } from "../store.ts";

/** What every event of a key says of it. */
export const about = ({ id, name, owner_type, owner_id }: ApiKey) => ({
  api_key_id: id,
  name,
  owner: { type: owner_type, id: owner_id },
});

/** One transaction's worth of a key's end. */
export interface Ending {
  readonly writes: readonly Write[];
  readonly events: readonly [EventDraft];
}

interface How {
  readonly at: Date;
  /** Days for which what is known of it is kept as evidence. */
  readonly audit_days: number;
}

/**
 * A key that counts no more: its place is free, nothing is due of it, and it is kept as evidence, with the hashes by which its secrets
 * are known where they are found in public.
 */
function ended(own: TenantTable, key: ApiKey, { at, audit_days }: How, change: Partial<ApiKey>) {
  const { previous_until: _until, ...rest } = key;
  const now = timestamp(at);
  const next: ApiKey = {
    ...rest,
    ...change,
    kept_until: timestamp(addDays(at, audit_days)),
    updated_at: now,
    etag: newEtag(at),
  };
  const writes = [
    own.writes.replace(apiKeyItem, next, key.etag),
    giveQuota(own, "api_keys"),
    ...(key.expires_at === null ? [] : [apiKeyDue.clear(own, key.id)]),
  ];
  return { next, writes };
}

/** Revokes a key that counts. */
export function revocation(
  own: TenantTable,
  key: ApiKey,
  {
    reason,
    leaked_url,
    ...how
  }: How & { readonly reason: z.output<typeof revokedReason>; readonly leaked_url?: string },
): Ending {
  const found = leaked_url === undefined ? {} : { leaked_url };
  const change = { status: "revoked", revoked_at: timestamp(how.at), revoked_reason: reason, ...found } as const;
  const { next, writes } = ended(own, key, how, change);
  return { writes, events: [draft(apiKeyEvents, "api_key.revoked", next, { ...about(next), reason })] };
}

/** Ends a key whose time has come. */
export function expiry(own: TenantTable, key: ApiKey, how: How): Ending {
  const { next, writes } = ended(own, key, how, { status: "expired" });
  return { writes, events: [draft(apiKeyEvents, "api_key.expired", next, about(next))] };
}

/** Keys of an owner that count, as an index has them. */
export async function* activeKeysOf(own: TenantTable, owner_id: string): AsyncGenerator<ApiKey> {
  for await (const key of own.all(apiKeyItem, { index: "gsi2", of: { owner_id } }))
    if (key.status === "active") yield key;
}
