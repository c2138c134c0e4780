import { commitChange, systemContext } from "../../shared/change/commit.ts";
import { draft, type Envelope } from "../../shared/change/events.ts";
import { addSeconds, type Clock, timestamp } from "../../shared/clock.ts";
import type { Due } from "../../shared/due/item.ts";
import { type DueWork, PutOff } from "../../shared/due/work.ts";
import { removals, removeAll } from "../../shared/dynamo/removals.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import { Problem } from "../../shared/errors.ts";
import { auditDaysOf } from "../../shared/identity/organization.ts";
import { newEtag } from "../../shared/ids.ts";
import { workspaceEvents } from "./events.ts";
import { changeWorkspace, expiryWrites, workspaceItem, workspaceMemberItem } from "./store.ts";

/** Somebody changes a workspace at the moment of its end: looked at again after this. */
const LOOK_AGAIN_SECONDS = 60;

/** Removes the member items of a deleted workspace. Nobody is added any more, and a second delivery finds nothing. */
export async function forgetMembers(event: Envelope, { table }: { readonly table: Table }): Promise<void> {
  const { workspace_id } = event.data;
  if (typeof workspace_id !== "string") return;
  const tenant = table.of(event.organization_id);
  await removeAll(tenant, removals(tenant, workspaceMemberItem, { workspace_id }));
}

/**
 * `workspace_expiry`: archives a temporary workspace whose time has come, unless somebody has archived it or given it
 * another time.
 * @returns when to look again, where somebody else changed it at this moment
 */
export async function archiveExpired(
  { tenant, ref }: Due,
  { table, clock }: { readonly table: Table; readonly clock: Clock },
): ReturnType<DueWork> {
  const own = table.of(tenant);
  const now = clock.now();
  const workspace = await own.get(workspaceItem, { id: ref });
  if (workspace?.status !== "active" || workspace.expires_at === null || new Date(workspace.expires_at) > now)
    return undefined;
  const { id, name, expires_at } = workspace;
  const archived_at = timestamp(now);
  const set = { status: "archived", archived_at, updated_at: archived_at, etag: newEtag(now) } as const;
  const context = systemContext(tenant, "workspace_expiry", now, await auditDaysOf(own));
  try {
    await commitChange(table, context, {
      writes: [changeWorkspace(own, workspace, set), ...expiryWrites(own, id, expires_at, null)],
      events: [draft(workspaceEvents, "workspace.archived", { id, name }, { workspace_id: id, name, expired: true })],
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof Problem) || error.status >= 500) throw error;
    return new PutOff(addSeconds(now, LOOK_AGAIN_SECONDS));
  }
}
