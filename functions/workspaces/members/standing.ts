import type { Member } from "../../../shared/access/caller.ts";
import { decide } from "../../../shared/access/decide.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import { maySee, type Standing } from "../model.ts";
import { type Workspace, workspaceItem, workspaceMemberItem } from "../store.ts";

export interface Seen {
  readonly workspace: Workspace;
  readonly standing: Standing;
}

/** Only the organization's owner may hand the organization itself over: that is what tells owners from administrators. */
const isOrganizationOwner = (caller: Member): boolean => decide(caller.grants, "organizations:transfer").allowed;

/** A workspace and what the caller is to it, in one read. @throws `not_found` also for one the caller may not see */
export async function seeWorkspace(table: Table, caller: Member, workspace_id: string): Promise<Seen> {
  const tenant = table.of(caller.organization.id);
  const [workspace, member] = await table.batch([
    tenant.read(workspaceItem, { id: workspace_id }),
    tenant.read(workspaceMemberItem, { workspace_id, user_id: caller.user.id }),
  ]);
  const standing = { role: member?.role ?? null, organization_owner: isOrganizationOwner(caller) };
  if (workspace === undefined || !maySee(workspace, standing)) throw notFound();
  return { workspace, standing };
}

/** @throws `forbidden` naming what the caller would have to be */
export function requireStanding(allowed: boolean, needed: string): void {
  if (!allowed) throw new Problem("forbidden", `This needs you to be ${needed} of this workspace.`);
}

/**
 * Proves within the transaction that the caller still has the role in the workspace by which they were let in. Nothing
 * is needed for the organization's owner, nor when the transaction writes the caller's own member item anyway.
 */
export const stillStanding = (table: Table, caller: Member, { workspace, standing }: Seen): Write[] =>
  standing.organization_owner || standing.role === null
    ? []
    : [
        table
          .of(caller.organization.id)
          .writes.check(
            workspaceMemberItem,
            { workspace_id: workspace.id, user_id: caller.user.id },
            { equals: { role: standing.role } },
            () => new Problem("forbidden", "Your role in this workspace has just changed. Try again."),
          ),
      ];
