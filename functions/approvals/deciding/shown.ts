import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { PLATFORM, userItem } from "../../../shared/identity/items.ts";
import type { Person } from "../rules/approvers.ts";
import { refusalOf, requesterOf } from "../rules/deciding.ts";
import type { Approval } from "../store.ts";

/** An approval as the API shows it to somebody at a time. */
export function shown(approval: Approval, person: Person | undefined, at: Date) {
  const {
    payload: _,
    asked: __,
    audit_days: ___,
    trace_id: ____,
    etag: _____,
    kept_until: ______,
    ...record
  } = approval;
  return { ...record, may_decide: person !== undefined && refusalOf(approval, person, at) === undefined };
}

/** The same with what it is about, and the names of those who have to do with it. */
export async function whole(
  approval: Approval,
  person: Person | undefined,
  at: Date,
  { table, blobs }: { readonly table: Table; readonly blobs: Pick<Blobs, "load"> },
) {
  const requester = requesterOf(approval.requested_by);
  const started = requester.type === "user" ? [requester.id] : [];
  const ids = [...new Set([...started, ...approval.decisions.map(({ user_id }) => user_id)])];
  const users = await table.batch(ids.map((id) => table.of(PLATFORM).read(userItem, { id })));
  return {
    ...shown(approval, person, at),
    payload: JSON.parse(await blobs.load(approval.payload)) as unknown,
    people: users.flatMap((user) => (user === undefined ? [] : [{ id: user.id, name: user.name }])),
  };
}
