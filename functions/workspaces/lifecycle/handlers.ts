import { draft } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { newEtag } from "../../../shared/ids.ts";
import { giveQuota } from "../../../shared/limits/quota.ts";
import type { WorkspacesDeps } from "../deps.ts";
import { workspaceEvents } from "../events.ts";
import { requireStanding, stillStanding } from "../members/standing.ts";
import { mayDelete, mayManage, workspaceStates } from "../model.ts";
import type { operations } from "../operations.ts";
import { changeWorkspace, expiryWrites, requireExpiry, type Workspace, workspaceItem } from "../store.ts";

type Ops = typeof operations;

const about = ({ id, name }: Workspace) =>
  [
    { id, name },
    { workspace_id: id, name },
  ] as const;

export const archive: Handler<Ops["archive"], WorkspacesDeps> = async (call, { table }) => {
  const { caller, at } = call;
  const tenant = table.of(caller.organization.id);
  return updateWithRetry(undefined, async (how) => {
    const seen = await call.load(how);
    requireStanding(mayManage(seen.standing), "an owner or admin");
    const read = seen.workspace;
    const now = timestamp(at);
    const set = { status: "archived", archived_at: now, updated_at: now, etag: newEtag(at) } as const;
    const [resource, data] = about(read);
    return call.commit(
      {
        writes: [
          ...stillStanding(table, caller, seen),
          changeWorkspace(tenant, read, set),
          ...expiryWrites(tenant, read.id, read.expires_at, null),
        ],
        events: [draft(workspaceEvents, "workspace.archived", resource, { ...data, expired: false })],
      },
      { ...read, ...set },
    );
  });
};

export const restore: Handler<Ops["restore"], WorkspacesDeps> = async (call, { table }) => {
  const { caller, body, at } = call;
  const tenant = table.of(caller.organization.id);
  return updateWithRetry(undefined, async (how) => {
    const seen = await call.load(how);
    requireStanding(mayManage(seen.standing), "an owner or admin");
    const read = seen.workspace;
    if (read.status !== "archived") throw workspaceStates.refusal(read.status, "active");
    const expires_at = body.expires_at === undefined ? read.expires_at : timestamp(new Date(body.expires_at));
    requireExpiry(read.workspace_type, expires_at, at);
    const now = timestamp(at);
    const set = { status: "active", archived_at: null, expires_at, updated_at: now, etag: newEtag(at) } as const;
    return call.commit(
      {
        writes: [
          ...stillStanding(table, caller, seen),
          changeWorkspace(tenant, read, set, "archived"),
          ...expiryWrites(tenant, read.id, null, expires_at),
        ],
        events: [draft(workspaceEvents, "workspace.restored", ...about(read))],
      },
      { ...read, ...set },
    );
  });
};

/**
 * The workspace is gone with this transaction; its members' items follow (`consumers.ts`). Nothing is in it at that
 * moment: what enters or leaves is counted on the workspace in the transaction of the thing itself.
 */
export const remove: Handler<Ops["remove"], WorkspacesDeps> = async (call, { table }) => {
  const { caller } = call;
  const tenant = table.of(caller.organization.id);
  return updateWithRetry(undefined, async (how) => {
    const seen = await call.load(how);
    requireStanding(mayDelete(seen.standing), "an owner");
    const read = seen.workspace;
    return call.commit(
      {
        writes: [
          ...stillStanding(table, caller, seen),
          tenant.writes.remove(
            workspaceItem,
            { id: read.id },
            { equals: { etag: read.etag, resource_count: 0 } },
            (old) => {
              if (old === undefined) return notFound();
              return old.resource_count > 0 ? stillUsed(old.resource_count) : lostRace();
            },
          ),
          giveQuota(tenant, "workspaces"),
          ...expiryWrites(tenant, read.id, read.status === "active" ? read.expires_at : null, null),
        ],
        events: [draft(workspaceEvents, "workspace.deleted", ...about(read))],
      },
      undefined,
    );
  });
};

const stillUsed = (count: number): Problem =>
  new Problem(
    "conflict",
    `There are ${count} agents, pipelines or work units in this workspace. Take them out first.`,
    {
      members: { resource_count: count },
    },
  );
