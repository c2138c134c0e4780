import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { newEtag } from "../../../shared/ids.ts";
import { workspaceEvents } from "../events.ts";
import { newMember, type WorkspaceMember, workspaceItem, workspaceMemberItem } from "../store.ts";

/** What takes somebody who is gone out of one workspace. */
export interface SeatGivenUp {
  readonly writes: readonly Write[];
  readonly events: readonly EventDraft[];
  /** Whether the successor owns the workspace in their place. */
  readonly handed_over: boolean;
}

/** The places of a user in workspaces; an index shows a new one a moment late. */
export const seatsOf = (table: Table, tenant: string, user_id: string): AsyncGenerator<WorkspaceMember> =>
  table.of(tenant).all(workspaceMemberItem, { index: "gsi1", of: { user_id } });

/**
 * Takes a user's place in a workspace, archived or not. Where they are its only owner the successor becomes one, if there
 * is a successor who still belongs to the organization; else its owners are those of the organization.
 */
export async function giveUpSeat(
  table: Table,
  tenant: string,
  seat: WorkspaceMember,
  successor_id: string | undefined,
  at: Date,
): Promise<SeatGivenUp> {
  const own = table.of(tenant);
  const { workspace_id, user_id } = seat;
  const [workspace, heir] = await table.batch([
    own.read(workspaceItem, { id: workspace_id }),
    own.read(workspaceMemberItem, { workspace_id, user_id: successor_id ?? user_id }),
  ]);
  const goes = own.writes.remove(
    workspaceMemberItem,
    { workspace_id, user_id },
    { equals: { etag: seat.etag } },
    lostRace,
  );
  // A deleted workspace's members go with it; whoever comes first takes them.
  if (workspace === undefined) return { writes: [goes], events: [], handed_over: false };
  const { owner_count, name } = workspace;
  const handed_over = seat.role === "owner" && owner_count === 1 && successor_id !== undefined;
  const comes = handed_over && heir === undefined;
  const succeeds = !handed_over
    ? []
    : heir === undefined
      ? [own.writes.create(workspaceMemberItem, newMember(workspace_id, successor_id, "owner", user_id, at), lostRace)]
      : [
          own.writes.replace(
            workspaceMemberItem,
            { ...heir, role: "owner", updated_at: timestamp(at), etag: newEtag(at) },
            heir.etag,
          ),
        ];
  const owners = seat.role === "owner" && !handed_over ? -1 : 0;
  const counts = own.writes.update(
    workspaceItem,
    { id: workspace_id },
    { add: { member_count: comes ? 0 : -1, owner_count: owners } },
    { equals: { owner_count } },
    lostRace,
  );
  const about = { workspace_id, name };
  const ref = { id: workspace_id, name };
  return {
    writes: [goes, ...succeeds, counts],
    events: [
      draft(workspaceEvents, "workspace.member_removed", ref, { ...about, user_id, role: seat.role }),
      ...(handed_over
        ? [
            draft(workspaceEvents, comes ? "workspace.member_added" : "workspace.member_role_changed", ref, {
              ...about,
              user_id: successor_id,
              role: "owner" as const,
            }),
          ]
        : []),
    ],
    handed_over,
  };
}
