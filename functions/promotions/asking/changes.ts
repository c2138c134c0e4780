import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { newEtag } from "../../../shared/ids.ts";
import { addDays } from "../../../shared/limits/retention.ts";
import type { Promotion, PromotionStatus } from "../model.ts";
import { promotionStates } from "../registry/model.ts";
import { openItem, promotionItem } from "../store.ts";

/** A promotion with other fields, of which nothing has changed since it was read. */
export function changed(tenant: TenantTable, read: Promotion, fields: Partial<Promotion>, at: Date) {
  const next: Promotion = { ...read, ...fields, updated_at: timestamp(at), etag: newEtag(at) };
  return { next, writes: [tenant.writes.replace(promotionItem, next, read.etag)] as Write[] };
}

/** Its end: another one may be asked for. @throws Problem `conflict` where the table of states has no such move */
export function ended(
  tenant: TenantTable,
  read: Promotion,
  status: PromotionStatus,
  fields: Partial<Promotion>,
  at: Date,
) {
  if (!promotionStates.allows(read.status, status)) throw promotionStates.refusal(read.status, status);
  const { id, target_gateway_id, agent_id, audit_days } = read;
  const forgotten_at = timestamp(addDays(at, audit_days));
  const { next, writes } = changed(tenant, read, { ...fields, status, forgotten_at }, at);
  return {
    next,
    writes: [
      ...writes,
      tenant.writes.remove(openItem, { target_gateway_id, agent_id }, { equals: { promotion_id: id } }, lostRace),
    ],
  };
}
