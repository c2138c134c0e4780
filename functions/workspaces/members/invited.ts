import type { Caller } from "../../../shared/access/caller.ts";
import { draft, type EventDraft } from "../../../shared/change/events.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { rereading, type Write } from "../../../shared/dynamo/write.ts";
import { badReference } from "../../../shared/errors.ts";
import { workspaceEvents } from "../events.ts";
import { mayAssign, type WorkspaceRole } from "../model.ts";
import { countMembers, newMember, standingResource, workspaceItem, workspaceMemberItem } from "../store.ts";
import { MANAGERS, requireStanding } from "./standing.ts";

/** A place in a workspace that somebody is promised who joins. */
export interface Promised {
  readonly workspace_id: string;
  readonly role: WorkspaceRole;
}

/**
 * Refuses to promise a place in a workspace whose members the caller does not decide about.
 * @throws Problem `reference_not_found` for one that is unknown, hidden or archived, `forbidden` for one that is not theirs
 */
export async function requireAssignable(table: Table, caller: Caller, promised: readonly Promised[], at: Date) {
  const own = table.of(caller.organization.id);
  for (const [i, { workspace_id, role }] of promised.entries()) {
    const seen = await standingResource.read({ table: own, path: { workspace_id }, caller, at, fresh: false });
    const path = `workspaces.${i}.workspace_id`;
    if (seen === undefined) throw badReference(path);
    if (seen.workspace.status !== "active") throw badReference(path, `is a workspace that is ${seen.workspace.status}`);
    requireStanding(mayAssign(seen.standing, [role]), MANAGERS);
  }
}

/** Gives somebody who joins the promised places: in those workspaces that are still active, where they have none yet. */
export async function enterPromised(
  table: Table,
  tenant: string,
  promised: readonly Promised[],
  { user_id, added_by, at }: { readonly user_id: string; readonly added_by: string; readonly at: Date },
): Promise<{
  readonly writes: readonly Write[];
  readonly events: readonly EventDraft[];
  readonly entered: Promised[];
}> {
  const own = table.of(tenant);
  const workspaces = await table.batch(
    promised.map(({ workspace_id }) => own.read(workspaceItem, { id: workspace_id })),
  );
  const seats = await table.batch(
    promised.map(({ workspace_id }) => own.read(workspaceMemberItem, { workspace_id, user_id })),
  );
  const open = promised.flatMap(({ workspace_id, role }, i) => {
    const workspace = workspaces[i];
    return workspace?.status === "active" && seats[i] === undefined ? [{ workspace, workspace_id, role }] : [];
  });
  return {
    entered: open.map(({ workspace_id, role }) => ({ workspace_id, role })),
    writes: rereading(
      open.flatMap(({ workspace_id, role }) => [
        countMembers(own, workspace_id, { members: 1, owners: role === "owner" ? 1 : 0 }),
        own.writes.create(workspaceMemberItem, newMember(workspace_id, user_id, role, added_by, at)),
      ]),
    ),
    events: open.map(({ workspace: { id, name }, role }) =>
      draft(workspaceEvents, "workspace.member_added", { id, name }, { workspace_id: id, name, user_id, role }),
    ),
  };
}
