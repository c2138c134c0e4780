import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { newEtag } from "../../../shared/ids.ts";
import { type Overridable, overridable } from "../../../shared/limits/overrides.ts";
import { ERASURE, organizationErasure } from "../erasure/store.ts";
import { organizationEvents } from "../events.ts";
import { organizationStates, RESTORABLE_SECONDS } from "../model.ts";
import { replaceOrganization } from "../store.ts";

/**
 * What moves an organization from one state to another: to be committed under the organization's own tenant, so that
 * its audit trail has it. The writes hold as long as it is as it was read (412 otherwise: read and move anew).
 */
export interface OrganizationMove {
  readonly organization: Organization;
  readonly writes: readonly Write[];
  readonly event: EventDraft;
}

/** Refuses everybody from the next request on; background work stops or waits. @throws Problem `conflict` (409) */
export function suspension(table: Table, read: Organization, reason: string, at: Date): OrganizationMove {
  const { id, name } = read;
  const next = moved(read, { suspension: { at: timestamp(at), reason } }, at);
  const event = draft(
    organizationEvents,
    "organization.suspended",
    { id, name },
    { organization_id: id, name, reason },
    { ...changeOf(read, next), reason },
  );
  return { organization: next, writes: replaceOrganization(table, read, next, at), event };
}

/**
 * Takes a suspension back, or a deletion: one that was suspended when it was deleted is suspended again. Whoever may do
 * which is the caller's matter. @throws Problem `conflict` (409)
 */
export function restoration(table: Table, read: Organization, at: Date): OrganizationMove {
  const { id, name, status } = read;
  if (status !== "suspended" && status !== "deleted")
    throw organizationStates.refusal(status, ["suspended", "deleted"]);
  const next = moved(read, status === "deleted" ? { deletion: null } : { suspension: null }, at);
  const event = draft(
    organizationEvents,
    "organization.restored",
    { id, name },
    { organization_id: id, name, status: next.status, previous_status: status },
    changeOf(read, next),
  );
  const clear = status === "deleted" ? [organizationErasure.clear(table.of(id), ERASURE)] : [];
  return { organization: next, writes: [...replaceOrganization(table, read, next, at), ...clear], event };
}

/** Deletes it: refused from the next request on, restorable until it is erased. @throws Problem `conflict` (409) */
export function deletion(table: Table, read: Organization, at: Date): OrganizationMove {
  const { id, name } = read;
  const erase_at = timestamp(addSeconds(at, RESTORABLE_SECONDS));
  const next = moved(read, { deletion: { at: timestamp(at), erase_at } }, at);
  const event = draft(
    organizationEvents,
    "organization.deleted",
    { id, name },
    { organization_id: id, name, erase_at },
    changeOf(read, next),
  );
  const writes = [
    ...replaceOrganization(table, read, next, at),
    organizationErasure.set(table.of(id), ERASURE, new Date(erase_at)),
  ];
  return { organization: next, writes, event };
}

/**
 * Puts it on another plan; the same move where it is on it already.
 * @throws Problem `conflict` (409) for one that is being erased
 */
export function planChange(table: Table, read: Organization, plan: Organization["plan"], at: Date): OrganizationMove {
  const { id, name } = read;
  refuseErasing(read);
  const next = plan === read.plan ? read : { ...read, plan, updated_at: timestamp(at), etag: newEtag(at) };
  const event = draft(
    organizationEvents,
    "organization.plan_changed",
    { id, name },
    { organization_id: id, name, plan, previous_plan: read.plan },
    { changes: [{ field: "plan", old: read.plan, new: plan }] },
  );
  return { organization: next, writes: replaceOrganization(table, read, next, at), event };
}

/**
 * Sets limits beside its plan, or takes them back (null); the same move where that changes nothing.
 * @throws Problem `conflict` (409) for one that is being erased
 */
export function limitsMove(
  table: Table,
  read: Organization,
  set: Readonly<Partial<Record<Overridable, number | null | undefined>>>,
  at: Date,
): OrganizationMove {
  const { id, name, limits: previous = {} } = read;
  refuseErasing(read);
  const changed = overridable.filter((one) => set[one] !== undefined && set[one] !== (previous[one] ?? null));
  const limits = Object.fromEntries(
    overridable.flatMap((one) => {
      const value = set[one] === undefined ? previous[one] : set[one];
      return value === undefined || value === null ? [] : [[one, value]];
    }),
  );
  const next = changed.length === 0 ? read : { ...read, limits, updated_at: timestamp(at), etag: newEtag(at) };
  const event = draft(
    organizationEvents,
    "organization.limits_changed",
    { id, name },
    { organization_id: id, name, limits, previous_limits: previous },
    {
      changes: changed.map((one) => ({
        field: `limits.${one}`,
        old: previous[one] ?? null,
        new: limits[one] ?? null,
      })),
    },
  );
  return { organization: next, writes: replaceOrganization(table, read, next, at), event };
}

/** What it is found by would be there again. */
function refuseErasing({ status }: Organization): void {
  if (status === "erasing")
    throw new Problem("conflict", "The organization is being erased.", { members: { state: status } });
}

/** The state follows from what is set: a deletion hides a suspension, which is there again after it. */
function moved(read: Organization, set: Partial<Organization>, at: Date): Organization {
  const next = { ...read, ...set, updated_at: timestamp(at), etag: newEtag(at) };
  const status = next.deletion !== null ? "deleted" : next.suspension !== null ? "suspended" : "active";
  if (!organizationStates.allows(read.status, status)) throw organizationStates.refusal(read.status, status);
  return { ...next, status };
}

const changeOf = (read: Organization, next: Organization) => ({
  changes: [{ field: "status", old: read.status, new: next.status }],
});
