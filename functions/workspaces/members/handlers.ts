import { draft } from "../../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { alreadyExists, notFound, Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { activeMember } from "../../../shared/identity/members.ts";
import { newEtag } from "../../../shared/ids.ts";
import type { WorkspacesDeps } from "../deps.ts";
import { workspaceEvents } from "../events.ts";
import { mayAssign, type WorkspaceRole } from "../model.ts";
import type { operations } from "../operations.ts";
import { countMembers, newMember, type Workspace, workspaceMemberItem } from "../store.ts";
import { callingUser, MANAGERS, requireStanding, stillStanding } from "./standing.ts";

type Ops = typeof operations;

/** Refuses a list of first members that names somebody twice, or the creator, who is the owner anyway. */
export function distinctMembers(creator: string, members: readonly { readonly user_id: string }[]): void {
  const seen = new Set([creator]);
  const issues = members.flatMap(({ user_id }, i) => {
    if (!seen.has(user_id)) {
      seen.add(user_id);
      return [];
    }
    return [{ path: `initial_members.${i}.user_id`, message: "is named more than once, or is the creator" }];
  });
  if (issues.length > 0)
    throw new Problem("validation_failed", "Each member of a workspace is named once; the creator is its owner.", {
      issues,
    });
}

const dataOf = ({ id, name }: Workspace, user_id: string, role: WorkspaceRole) => ({
  workspace_id: id,
  name,
  user_id,
  role,
});

export const listMembers: Handler<Ops["listMembers"], WorkspacesDeps> = async (call, { table }) => {
  const { id: workspace_id } = await call.load();
  return table.of(call.context.tenant).page(workspaceMemberItem, { of: { workspace_id }, ...call.query });
};

export const addMember: Handler<Ops["addMember"], WorkspacesDeps> = async (call, { table }) => {
  const { caller, body, at } = call;
  const tenant = table.of(caller.organization.id);
  const user_id = callingUser(caller);
  const seen = await call.load();
  requireStanding(mayAssign(seen.standing, [body.role]), MANAGERS);
  const { workspace } = seen;
  const member = newMember(workspace.id, body.user_id, body.role, user_id, at);
  return call.commit(
    {
      writes: [
        ...(body.user_id === user_id ? [] : stillStanding(table, caller, seen)),
        activeMember(table, tenant.tenant, body.user_id, "user_id"),
        countMembers(tenant, workspace.id, { members: 1, owners: body.role === "owner" ? 1 : 0 }),
        tenant.writes.create(workspaceMemberItem, member, () =>
          alreadyExists("user_id", "This user is a member of the workspace already."),
        ),
      ],
      events: [
        draft(
          workspaceEvents,
          "workspace.member_added",
          workspaceRef(workspace),
          dataOf(workspace, body.user_id, body.role),
        ),
      ],
    },
    member,
  );
};

export const changeMember: Handler<Ops["changeMember"], WorkspacesDeps> = async (call, { table }) => {
  const { caller, body, at } = call;
  const tenant = table.of(caller.organization.id);
  return updateWithRetry(call.if_match, async (how) => {
    const { member: read, ...seen } = await call.load(how);
    const { workspace } = seen;
    requireStanding(mayAssign(seen.standing, [read.role, body.role]), MANAGERS);
    requireMatch(call.if_match, read.etag);
    if (read.role === body.role) return read;
    const next = { ...read, role: body.role, updated_at: timestamp(at), etag: newEtag(at) };
    const owners = Number(next.role === "owner") - Number(read.role === "owner");
    const changes = [{ field: "role", old: read.role, new: next.role }];
    return call.commit(
      {
        writes: [
          ...(read.user_id === callingUser(caller) ? [] : stillStanding(table, caller, seen)),
          tenant.writes.replace(workspaceMemberItem, next, read.etag),
          countMembers(tenant, workspace.id, { members: 0, owners }),
        ],
        events: [
          draft(
            workspaceEvents,
            "workspace.member_role_changed",
            workspaceRef(workspace),
            dataOf(workspace, next.user_id, next.role),
            { changes },
          ),
        ],
      },
      next,
    );
  });
};

export const removeMember: Handler<Ops["removeMember"], WorkspacesDeps> = async (call, { table }) => {
  const { caller, path } = call;
  const tenant = table.of(caller.organization.id);
  return updateWithRetry(undefined, async (how) => {
    const { member: read, ...seen } = await call.load(how);
    const { workspace } = seen;
    requireStanding(mayAssign(seen.standing, [read.role]), MANAGERS);
    return call.commit(
      {
        writes: [
          ...(read.user_id === callingUser(caller) ? [] : stillStanding(table, caller, seen)),
          tenant.writes.remove(workspaceMemberItem, path, { equals: { etag: read.etag } }, (old) =>
            old === undefined ? notFound() : lostRace(),
          ),
          countMembers(tenant, workspace.id, { members: -1, owners: read.role === "owner" ? -1 : 0 }),
        ],
        events: [
          draft(
            workspaceEvents,
            "workspace.member_removed",
            workspaceRef(workspace),
            dataOf(workspace, read.user_id, read.role),
          ),
        ],
      },
      undefined,
    );
  });
};

const workspaceRef = ({ id, name }: Workspace) => ({ id, name });
