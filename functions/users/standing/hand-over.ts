import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { type Membership, membershipItem } from "../../../shared/identity/items.ts";
import { countOwner, discountOwner, OWNER } from "../../../shared/identity/owners.ts";
import { newEtag } from "../../../shared/ids.ts";
import { userEvents } from "../events.ts";
import { isActiveOwner } from "../model.ts";

/**
 * One member becomes owner and another one, who was, something else, both as they were read: part of a transaction that
 * proves that both want it. The count of owners stays, unless one of them was no owner, or one already.
 */
export function handOver(
  table: Table,
  from: Membership,
  to: Membership,
  former_role: string,
  at: Date,
): { readonly writes: Write[]; readonly events: EventDraft[] } {
  const tenant = table.of(from.organization_id);
  const stamps = { updated_at: timestamp(at) };
  const next: [Membership, Membership][] = [
    [from, { ...from, ...stamps, role: former_role, etag: newEtag(at) }],
    [to, { ...to, ...stamps, role: OWNER, etag: newEtag(at) }],
  ];
  const more = next.reduce((sum, [was, is]) => sum + Number(isActiveOwner(is)) - Number(isActiveOwner(was)), 0);
  const changed = next.filter(([was, is]) => was.role !== is.role);
  return {
    writes: [
      ...next.map(([was, is]) => tenant.writes.replace(membershipItem, is, was.etag)),
      ...(more > 0 ? [countOwner(tenant)] : more < 0 ? [discountOwner(tenant)] : []),
    ],
    events: changed.map(([was, is]) =>
      draft(
        userEvents,
        "membership.role_changed",
        { id: is.user_id },
        { user_id: is.user_id, organization_id: is.organization_id, role: is.role, previous_role: was.role },
        { changes: [{ field: "role", old: was.role, new: is.role }] },
      ),
    ),
  };
}
