import { type ApiKey, apiKeyItem, pepperItem } from "../../../shared/access/keys/items.ts";
import { countingHashes, isHashOf } from "../../../shared/access/keys/pepper.ts";
import { readKey } from "../../../shared/access/keys/text.ts";
import { unauthenticated } from "../../../shared/access/unauthenticated.ts";
import { commitChange, systemContext } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import { auditDaysOf } from "../../../shared/identity/organization.ts";
import { about, revocation } from "../ending/end.ts";
import { apiKeyEvents } from "../events.ts";
import { leakedKey } from "../store.ts";
import type { LeaksDeps } from "./deps.ts";
import type { leakOperations } from "./operations.ts";

type Ops = typeof leakOperations;

/** So many findings are looked at side by side. */
const SIDE_BY_SIDE = 10;

type Finding = Parameters<Handler<Ops["reportLeaked"], LeaksDeps>>[0]["body"][number];

/**
 * Revokes each key that was found in public. A finding says what it wants: only a text whose secret is the key's own is one,
 * also where it counts no more. One that was in the place of the key's secret before a rotation, and counts no more, is one, and
 * revokes nothing: whoever found it can do nothing by it.
 */
export const reportLeaked: Handler<Ops["reportLeaked"], LeaksDeps> = async ({ body, signed, at }, deps) => {
  if (!(await deps.isSigned(signed, at))) throw unauthenticated();
  const verdicts = [];
  for (let i = 0; i < body.length; i += SIDE_BY_SIDE)
    verdicts.push(...(await Promise.all(body.slice(i, i + SIDE_BY_SIDE).map((one) => judged(one, at, deps)))));
  return verdicts;
};

async function judged(finding: Finding, at: Date, deps: LeaksDeps) {
  const label = (await isKey(finding, at, deps)) ? "true_positive" : "false_positive";
  return { token_raw: finding.token, token_type: finding.type, label } as const;
}

/** Whether a finding is a key; revoked then, if it counts. */
function isKey({ token, url, source }: Finding, at: Date, { table, pepper }: LeaksDeps): Promise<boolean> {
  const parts = readKey(token);
  if (parts === undefined) return Promise.resolve(false);
  const own = table.of(parts.organization_id);
  return updateWithRetry(undefined, async () => {
    const read = await table.batchOf({
      key: own.read(apiKeyItem, { id: parts.id }),
      pepper: pepper.read ?? table.of(PLATFORM).read(pepperItem, {}),
    });
    const hash = await pepper.open(read.pepper);
    const { key } = read;
    if (key === undefined || hash === undefined) return false;
    const isOf = (hashes: readonly string[]) => hashes.some((kept) => isHashOf(kept, parts.proof, hash));
    if (!isOf(everyHash(key))) return false;
    if (key.status !== "active" || !isOf(countingHashes(key, at))) return true;
    const audit_days = await auditDaysOf(own);
    const { writes, events } = revocation(own, key, { at, audit_days, reason: "leaked", leaked_url: url });
    const leaked = draft(apiKeyEvents, "api_key.leaked", key, { ...about(key), url, source });
    await commitChange(table, systemContext(own.tenant, "secret_scanning", at, audit_days), {
      writes: [...writes, leakedKey.set(own, key.id, at)],
      events: [...events, leaked],
    });
    return true;
  });
}

/** Also the secret before a rotation: that one was a secret of the key too. */
const everyHash = ({ secret_hash, previous_hash }: ApiKey): readonly string[] =>
  previous_hash === undefined ? [secret_hash] : [secret_hash, previous_hash];
