import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import type { Membership, User } from "../../../shared/identity/items.ts";
import { newEtag } from "../../../shared/ids.ts";
import { userEvents } from "../events.ts";
import { replaceMembership } from "../store.ts";

/**
 * Moves a membership, as it was read, between active and suspended: from then on its rights stand again, or do not. The
 * last active owner is not suspended.
 * @param by_directory whether a directory does it, which restores none but those whom a directory has suspended
 */
export function moveStanding(
  table: Table,
  { user: { id, name }, membership }: { readonly user: Pick<User, "id" | "name">; readonly membership: Membership },
  to: "active" | "suspended",
  at: Date,
  { by_directory = false }: { readonly by_directory?: boolean } = {},
): { readonly next: Membership; readonly writes: Write[]; readonly event: EventDraft } {
  const { suspended_by: _, ...others } = membership;
  const next: Membership = {
    ...others,
    status: to,
    ...(to === "suspended" && by_directory ? { suspended_by: "directory" } : {}),
    updated_at: timestamp(at),
    etag: newEtag(at),
  };
  const type = to === "active" ? "user.restored" : "user.suspended";
  const changes = [{ field: "status", old: membership.status, new: to }];
  return {
    next,
    writes: replaceMembership(table, membership, next),
    event: draft(userEvents, type, { id, name }, { user_id: id }, { changes }),
  };
}
