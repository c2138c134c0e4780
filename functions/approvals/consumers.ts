import * as z from "zod";
import type { Envelope } from "../../shared/change/events.ts";
import type { Due } from "../../shared/due/item.ts";
import { type Removal, removalOf, removeAll } from "../../shared/dynamo/removals.ts";
import type { Table, TenantTable } from "../../shared/dynamo/table.ts";
import { cancelOf, endPending } from "./ending/end.ts";
import { approvalItem } from "./store.ts";

/**
 * `approval_expiry`: ends an approval that nobody has decided in time.
 * @returns when to look again, where its time has not come
 */
export async function expire({ tenant, ref }: Due, { table }: { readonly table: Table }): Promise<Date | undefined> {
  const own = table.of(tenant);
  const at = table.clock.now();
  const approval = await own.get(approvalItem, { id: ref });
  if (approval?.status !== "pending") return undefined;
  const expires_at = new Date(approval.expires_at);
  if (expires_at > at) return expires_at;
  await endPending(own, ref, "expired", at);
  return undefined;
}

const ofRun = z.object({ run_id: z.string() });

/** A run is over: nobody is asked for it any more. It is deleted: its approvals go with it. */
export async function followRun(event: Envelope, { table }: { readonly table: Table }): Promise<void> {
  const own = table.of(event.organization_id);
  const { run_id } = ofRun.parse(event.data);
  if (event.type === "run.deleted") await removeAll(own, ofDeleted(own, run_id));
  else await cancelOf(own, run_id, table.clock.now());
}

async function* ofDeleted(table: TenantTable, run_id: string): AsyncGenerator<Removal> {
  for await (const approval of table.all(approvalItem, { index: "gsi2", of: { run_id } }))
    yield removalOf(table, approvalItem, approval);
}
