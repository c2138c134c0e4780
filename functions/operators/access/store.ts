import {
  ACCESS_KEPT_DAYS,
  type OperatorAccess,
  operatorAccessItem,
  operatorAccessPlaceItem,
} from "../../../shared/access/operator-access.ts";
import { type Operator, operatorItem } from "../../../shared/access/operators.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { defineDue } from "../../../shared/due/due.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import { defineResource } from "../../../shared/http/resource.ts";
import { organizationItem, PLATFORM } from "../../../shared/identity/items.ts";
import { addDays } from "../../../shared/limits/retention.ts";
import { APPROVAL_SECONDS, accessStates, overAs } from "./model.ts";

/** When a wait for approval or an access is over: of its id. Requests look at the time themselves. */
export const accessEnd = defineDue("operator_access_end");

/** An access to the active organization; that to another one is unknown. */
export const accessResource = defineResource({
  type: "operator_access",
  path: ["access_id"],
  async read({ table: { table }, path: { access_id }, caller }): Promise<OperatorAccess | undefined> {
    const access = await table.of(PLATFORM).get(operatorAccessItem, { id: String(access_id) });
    return access?.organization_id === caller.organization.id ? access : undefined;
  },
});

const placeOf = ({ asked_by, organization_id }: OperatorAccess) => ({ operator_id: asked_by.user_id, organization_id });

/** While nobody can work in an organization, nobody has an access to it. */
const organizationStands = (table: Table, organization_id: string): Write =>
  table
    .of(organization_id)
    .writes.check(organizationItem, {}, { one_of: { status: ["active", "suspended"] } }, (old) =>
      old === undefined
        ? notFound()
        : new Problem("conflict", "The organization is deleted.", { members: { state: old.status } }),
    );

/** The writes that ask: one at a time for each operator and organization. */
export function askWrites(
  table: Table,
  access: Omit<OperatorAccess, "ends_at" | "expires_at">,
): {
  readonly access: OperatorAccess;
  readonly writes: Write[];
} {
  const { writes } = table.of(PLATFORM);
  const at = new Date(access.asked_at);
  const ends_at = timestamp(addSeconds(at, APPROVAL_SECONDS));
  const asked = { ...access, ends_at, expires_at: timestamp(addDays(at, ACCESS_KEPT_DAYS)) };
  const place = { ...placeOf(asked), access_id: asked.id, expires_at: ends_at };
  return {
    access: asked,
    writes: [
      organizationStands(table, asked.organization_id),
      writes.create(
        operatorAccessPlaceItem,
        place,
        (old) =>
          new Problem("conflict", `You have asked for an access to it already: ${old?.access_id}. Revoke that first.`, {
            members: { state: "taken" },
          }),
      ),
      writes.create(operatorAccessItem, asked),
      accessEnd.set(table.of(asked.organization_id), asked.id, new Date(ends_at)),
    ],
  };
}

/** The writes that approve what waits, in time, by somebody else, as long as whoever asked is an operator. */
export function approveWrites(table: Table, read: OperatorAccess, { user_id, email }: Operator, at: Date) {
  const { writes } = table.of(PLATFORM);
  const ends_at = timestamp(addSeconds(at, read.minutes * 60));
  const set = { status: "active", approved_by: { user_id, email }, approved_at: timestamp(at), ends_at } as const;
  const waits = { equals: { status: "pending", asked_by: read.asked_by }, at_least: { ends_at: timestamp(at) } };
  const access: OperatorAccess = { ...read, ...set };
  const gone = () =>
    new Problem("conflict", "Whoever asked is no operator any more.", { members: { state: "expired" } });
  return {
    access,
    writes: [
      organizationStands(table, read.organization_id),
      writes.check(operatorItem, { user_id: read.asked_by.user_id }, { exists: true }, gone),
      writes.update(operatorAccessItem, { id: read.id }, { set }, waits, (old) =>
        old === undefined
          ? notFound()
          : accessStates.refusal(old.status === "pending" ? "expired" : old.status, "active"),
      ),
      writes.put(operatorAccessPlaceItem, { ...placeOf(read), access_id: read.id, expires_at: ends_at }),
      accessEnd.set(table.of(read.organization_id), read.id, new Date(ends_at)),
    ],
  };
}

/**
 * The writes that close what waits or is live, once: revoked in time, or over when its time is. Its place is given back by
 * a revocation; otherwise it is over by itself, and may have gone to another access already.
 */
export function closeWrites(table: Table, read: OperatorAccess, status: "revoked" | "expired" | "ended", at: Date) {
  const { writes } = table.of(PLATFORM);
  const set = { status, closed_at: timestamp(at) };
  const revoked = status === "revoked";
  const over = revoked && Date.parse(read.ends_at) <= at.getTime() ? overAs(read) : undefined;
  if (over !== undefined || !accessStates.allows(read.status, status))
    throw accessStates.refusal(over ?? read.status, status);
  return {
    access: { ...read, ...set } as OperatorAccess,
    writes: [
      // Not when it was approved meanwhile: its end is another one then.
      writes.update(
        operatorAccessItem,
        { id: read.id },
        { set },
        { equals: { status: read.status, ends_at: read.ends_at } },
        lostRace,
      ),
      ...(revoked
        ? [writes.remove(operatorAccessPlaceItem, placeOf(read), { equals: { access_id: read.id } }, lostRace)]
        : []),
      accessEnd.clear(table.of(read.organization_id), read.id),
    ],
  };
}
