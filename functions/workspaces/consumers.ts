import { commitChange } from "../../shared/change/commit.ts";
import { draft, type Envelope } from "../../shared/change/events.ts";
import { timestamp } from "../../shared/clock.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import { Problem } from "../../shared/errors.ts";
import { sweepEach } from "../../shared/events/sweep.ts";
import { PLATFORM } from "../../shared/identity/items.ts";
import { newEtag, newId } from "../../shared/ids.ts";
import { workspaceEvents } from "./events.ts";
import { changeWorkspace, workspaceExpiryItem, workspaceItem, workspaceMemberItem } from "./store.ts";

/** Items removed in one transaction; DynamoDB takes 100. */
const CHUNK = 50;

/** Removes the member items of a deleted workspace. Nobody is added any more, and a second delivery finds nothing. */
export async function forgetMembers(event: Envelope, { table }: { readonly table: Table }): Promise<void> {
  const { workspace_id } = event.data;
  if (typeof workspace_id !== "string") return;
  const tenant = table.of(event.organization_id);
  for (;;) {
    const { items } = await tenant.page(workspaceMemberItem, { of: { workspace_id }, limit: CHUNK });
    if (items.length === 0) return;
    await tenant.transact(
      items.map(({ user_id }) => tenant.writes.remove(workspaceMemberItem, { workspace_id, user_id }, {})),
    );
  }
}

/**
 * Archives the temporary workspaces whose time has come, oldest first. Each is one transaction with its reminder, so
 * a sweep that stops half-way, or runs twice, leaves nothing wrong.
 * @returns how many were archived
 * @throws SweepFailed at the end, when one of them could not be
 */
export async function archiveExpired({ table }: { readonly table: Table }, now: Date): Promise<number> {
  const due = table.of(PLATFORM).all(workspaceExpiryItem, { of: {}, to: timestamp(now) });
  let archived = 0;
  await sweepEach(due, async ({ workspace_id, organization_id, expires_at }) => {
    const tenant = table.of(organization_id);
    const forget = table.of(PLATFORM).writes.remove(workspaceExpiryItem, { workspace_id, expires_at }, {});
    const workspace = await tenant.get(workspaceItem, { id: workspace_id });
    if (workspace === undefined || workspace.status !== "active" || workspace.expires_at !== expires_at) {
      await table.transact([forget]);
      return;
    }
    const { id, name } = workspace;
    const set = {
      status: "archived",
      archived_at: timestamp(now),
      updated_at: timestamp(now),
      etag: newEtag(now),
    } as const;
    const context = {
      tenant: organization_id,
      actor: { type: "system", id: "workspace_expiry" },
      at: now,
      trace_id: newId("request", now),
      request: null,
    } as const;
    try {
      await commitChange(table, context, {
        writes: [changeWorkspace(tenant, workspace, set), forget],
        events: [draft(workspaceEvents, "workspace.archived", { id, name }, { workspace_id: id, name, expired: true })],
      });
      archived++;
    } catch (error) {
      // Somebody changed it at this moment: the next sweep looks again.
      if (!(error instanceof Problem) || error.status >= 500) throw error;
    }
  });
  return archived;
}
