import { type Caller, userIdOf } from "../../../shared/access/caller.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import { type Seen, workspaceMemberItem } from "../store.ts";

/** The user who calls, where only a person can: members of workspaces are people. @throws Problem `forbidden` */
export function callingUser({ principal }: Caller): string {
  const id = userIdOf(principal);
  if (id === undefined) throw new Problem("forbidden", "This needs a person: members of workspaces are users.");
  return id;
}

/** Who decides about members. */
export const MANAGERS = "an owner (or, where no owner is concerned, an admin)";

/** @throws `forbidden` naming what the caller would have to be */
export function requireStanding(allowed: boolean, needed: string): void {
  if (!allowed) throw new Problem("forbidden", `This needs you to be ${needed} of this workspace.`);
}

/**
 * Proves within the transaction that the caller still has the role in the workspace by which they were let in. Nothing
 * is needed for the organization's owner, nor when the transaction writes the caller's own member item anyway.
 */
export const stillStanding = (table: Table, caller: Caller, { workspace, standing }: Seen): Write[] =>
  standing.organization_owner || standing.role === null
    ? []
    : [
        table
          .of(caller.organization.id)
          .writes.check(
            workspaceMemberItem,
            { workspace_id: workspace.id, user_id: callingUser(caller) },
            { equals: { role: standing.role } },
            () => new Problem("forbidden", "Your role in this workspace has just changed. Try again."),
          ),
      ];
