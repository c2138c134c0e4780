import { auditEntrySchema, auditItem } from "../../../shared/change/items.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { entryKey } from "../store.ts";
import { leavesOf } from "../tree/store.ts";
import type { StreamFormat } from "./model.ts";
import type { Place } from "./rules/run.ts";
import { numbered } from "./rules/shape.ts";

/** The next numbers of the log below one, with their entries as a stream sends them; as many as one batch read takes. */
export async function readPlaces(
  tenant: TenantTable,
  format: StreamFormat,
  { from, to, now }: { readonly from: number; readonly to: number; readonly now: Date },
): Promise<Place[]> {
  for await (const leaves of leavesOf(tenant, { from, to })) {
    const entries = await tenant.table.batch(leaves.map(({ audit_id }) => tenant.read(auditItem, entryKey(audit_id))));
    return leaves.map(({ sequence, entry_expires_at }, i) => {
      const entry = entries[i];
      if (entry !== undefined) return { sequence, entry: numbered(auditEntrySchema.parse(entry), sequence, format) };
      return { sequence, gone: entry_expires_at <= timestamp(now) ? "expired" : "missing" };
    });
  }
  return [];
}
