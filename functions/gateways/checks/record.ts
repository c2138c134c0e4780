import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { newEtag } from "../../../shared/ids.ts";
import { about, gatewayEvents, ref } from "../events.ts";
import type { Check, GatewayStanding } from "../model.ts";
import { after, UNSEEN } from "../rules/health.ts";
import { checkItem, gatewayItem, KEPT_CHECKS, type SeenGateway, standingItem } from "../store.ts";

/** What a check leaves. */
export interface Recorded {
  readonly standing: GatewayStanding;
  readonly writes: readonly Write[];
  /** That the health has changed, if it has. */
  readonly events: readonly EventDraft[];
}

/**
 * What a check of a gateway, as it was read, leaves: its result under the next number, what it makes of the gateway's health, and the
 * end of the result that is 500 before it. Of two checks at once the later one loses the race, and is recorded behind the other.
 * An inactive gateway has no health: its results are kept, and come to nothing.
 */
export function record(tenant: TenantTable, { gateway, standing }: SeenGateway, check: Check, at: Date): Recorded {
  const { id: gateway_id, epoch, admin_state, environment, etag } = gateway;
  const sequence = standing.sequence + 1;
  const counts = admin_state === "active";
  const { health, recent } = counts ? after(standing, check.result) : UNSEEN;
  const changed = counts && health !== standing.health;
  const set = {
    sequence,
    health,
    since: changed ? timestamp(at) : standing.since,
    recent: [...recent],
    last_check: check,
  };
  const gone = sequence - KEPT_CHECKS;
  const { writes } = tenant;
  const unmoved = { equals: { epoch, sequence: standing.sequence } };
  return {
    standing: { ...standing, ...set },
    writes: [
      writes.update(standingItem, { gateway_id }, { set }, unmoved, lostRace),
      writes.create(checkItem, { ...check, gateway_id, sequence }, lostRace),
      ...(gone > 0 ? [writes.remove(checkItem, { gateway_id, sequence: gone }, {})] : []),
      ...(changed
        ? [
            writes.update(
              gatewayItem,
              { id: gateway_id },
              { set: { health, admin_state, environment, etag: newEtag(at) } },
              { equals: { etag } },
              lostRace,
            ),
          ]
        : []),
    ],
    events: changed
      ? [
          draft(
            gatewayEvents,
            "gateway.health_changed",
            ref(gateway),
            { ...about(gateway), health, before: standing.health, error_code: check.error?.code ?? null },
            { changes: [{ field: "health", old: standing.health, new: health }] },
          ),
        ]
      : [],
  };
}
