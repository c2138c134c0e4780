import { principalKey } from "../../../shared/access/principal.ts";
import { draft } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import type { AuditDeps } from "../deps.ts";
import { auditEvents } from "../events.ts";
import { holdStates, MOST_HOLDS } from "./model.ts";
import type { holdOperations } from "./operations.ts";
import { auditHolding, HOLDING, type Hold, type Holds, holdItem, holdsItem, isHeld } from "./store.ts";

type Ops = typeof holdOperations;

const NONE: Holds = { active: 0, version: 0, swept_to: null };

/**
 * One hold more or less. With the first one copies have to be held from the oldest on, with the last one they no longer
 * have to be; others change nothing for them.
 */
function moved(tenant: TenantTable, read: Holds | undefined, by: 1 | -1, at: Date): Write[] {
  const { active, version, swept_to } = read ?? NONE;
  const next: Holds = { active: active + by, version: version + 1, swept_to };
  const turns = isHeld(next) !== isHeld(read);
  const unmoved = read === undefined ? { exists: false } : { equals: { version } };
  return [
    tenant.writes.put(holdsItem, turns ? { ...next, swept_to: null } : next, unmoved, () => lostRace()),
    ...(turns ? [auditHolding.set(tenant, HOLDING, at)] : []),
  ];
}

export const placeHold: Handler<Ops["placeHold"], AuditDeps> = async (call, { table }) => {
  const { context, body, at } = call;
  const tenant = table.of(context.tenant);
  const { name, reason } = body;
  const hold: Hold = {
    id: newId("legal_hold", at),
    name,
    reason,
    status: "active",
    placed_at: timestamp(at),
    placed_by: principalKey(context.actor),
    released_at: null,
    released_by: null,
    release_reason: null,
    etag: newEtag(at),
  };
  return updateWithRetry(undefined, async () => {
    const holds = await tenant.get(holdsItem, {});
    if ((holds?.active ?? 0) >= MOST_HOLDS)
      throw new Problem("quota_exceeded", `${MOST_HOLDS} legal holds are active. Release one first.`, {
        members: { resource: "legal_holds", limit: MOST_HOLDS, usage: holds?.active ?? 0 },
      });
    const writes = [tenant.writes.create(holdItem, hold), ...moved(tenant, holds, 1, at)];
    const event = draft(
      auditEvents,
      "audit.hold_placed",
      { id: hold.id, name },
      { hold_id: hold.id, name },
      { reason },
    );
    return call.commit({ writes, events: [event] }, hold);
  });
};

export const listHolds: Handler<Ops["listHolds"], AuditDeps> = ({ context, query }, { table }) =>
  table.of(context.tenant).page(holdItem, { of: {}, limit: query.limit, cursor: query.cursor, newest_first: true });

export const getHold: Handler<Ops["getHold"], AuditDeps> = (call) => call.load();

export const releaseHold: Handler<Ops["releaseHold"], AuditDeps> = (call, { table }) => {
  const { context, body, at } = call;
  const tenant = table.of(context.tenant);
  return updateWithRetry(undefined, async (how) => {
    const read = await call.load(how);
    const { id, name, status } = read;
    if (!holdStates.allows(status, "released")) throw holdStates.refusal(status, "released");
    const holds = await tenant.get(holdsItem, {});
    const released: Hold = {
      ...read,
      status: "released",
      released_at: timestamp(at),
      released_by: principalKey(context.actor),
      release_reason: body.reason,
      etag: newEtag(at),
    };
    const writes = [tenant.writes.replace(holdItem, released, read.etag), ...moved(tenant, holds, -1, at)];
    const data = { hold_id: id, name, active: (holds?.active ?? 1) - 1 };
    const event = draft(auditEvents, "audit.hold_released", { id, name }, data, { reason: body.reason });
    return call.commit({ writes, events: [event] }, released);
  });
};
