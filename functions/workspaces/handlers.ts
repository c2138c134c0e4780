import { changedFields, draft } from "../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../shared/change/update.ts";
import { timestamp } from "../../shared/clock.ts";
import type { Handler } from "../../shared/http/call.ts";
import { activeMember } from "../../shared/identity/members.ts";
import { newEtag, newId } from "../../shared/ids.ts";
import type { WorkspacesDeps } from "./deps.ts";
import { workspaceEvents } from "./events.ts";
import { distinctMembers } from "./members/handlers.ts";
import { callingUser, requireStanding, stillStanding } from "./members/standing.ts";
import { mayManage } from "./model.ts";
import { MOST_INITIAL_MEMBERS, type operations } from "./operations.ts";
import {
  changeWorkspace,
  expiryWrites,
  newMember,
  requireExpiry,
  type Workspace,
  workspaceItem,
  workspaceResourceItem,
  workspaceWrites,
} from "./store.ts";

export { archive, remove, restore } from "./lifecycle/handlers.ts";
export { addMember, changeMember, listMembers, removeMember } from "./members/handlers.ts";

/**
 * Items at most: the workspace, its place in the plan, its owner, its end, event, audit entry and stored answer, and four
 * for each member that it begins with: the check, the member, an event and an audit entry.
 */
const LARGEST_CREATION = 7 + 4 * MOST_INITIAL_MEMBERS;

type Ops = typeof operations;

const utc = (time: string | null): string | null => (time === null ? null : timestamp(new Date(time)));

export const create: Handler<Ops["create"], WorkspacesDeps> = async (call, { table }) => {
  const { caller, body, at } = call;
  const { initial_members, ...settings } = body;
  const tenant = caller.organization.id;
  const user_id = callingUser(caller);
  requireExpiry(body.workspace_type, body.expires_at, at);
  distinctMembers(user_id, initial_members);
  const id = newId("workspace", at);
  const members = [
    newMember(id, user_id, "owner", user_id, at),
    ...initial_members.map((member) => newMember(id, member.user_id, member.role, user_id, at)),
  ];
  const workspace: Workspace = {
    ...settings,
    id,
    organization_id: tenant,
    expires_at: utc(body.expires_at),
    status: "active",
    audience: body.workspace_type === "personal" ? user_id : "organization",
    owner_count: members.filter(({ role }) => role === "owner").length,
    member_count: members.length,
    resource_count: 0,
    created_by: user_id,
    created_at: timestamp(at),
    updated_at: timestamp(at),
    archived_at: null,
    etag: newEtag(at),
  };
  const { name } = workspace;
  return call.commit(
    {
      writes: [
        ...initial_members.map((member, i) =>
          activeMember(table, tenant, member.user_id, `initial_members.${i}.user_id`),
        ),
        ...workspaceWrites(table, caller.organization.plan, workspace, members),
      ],
      largest: LARGEST_CREATION,
      events: [
        draft(workspaceEvents, "workspace.created", { id, name }, { workspace_id: id, name }),
        ...initial_members.map((member) =>
          draft(workspaceEvents, "workspace.member_added", { id, name }, { workspace_id: id, name, ...member }),
        ),
      ],
    },
    workspace,
  );
};

export const list: Handler<Ops["list"], WorkspacesDeps> = async ({ caller, query }, { table }) => {
  const { status, type, limit, cursor } = query;
  const audience = type === "personal" ? callingUser(caller) : "organization";
  const tenant = table.of(caller.organization.id);
  return type === undefined
    ? tenant.page(workspaceItem, { index: "gsi1", of: { audience, status }, limit, cursor })
    : tenant.page(workspaceItem, { index: "gsi2", of: { audience, status, workspace_type: type }, limit, cursor });
};

export const get: Handler<Ops["get"], WorkspacesDeps> = (call) => call.load();

export const update: Handler<Ops["update"], WorkspacesDeps> = async (call, { table }) => {
  const { caller, body, at } = call;
  const tenant = table.of(caller.organization.id);
  return updateWithRetry(call.if_match, async (how) => {
    const seen = await call.load(how);
    requireStanding(mayManage(seen.standing), "an owner or admin");
    const read = seen.workspace;
    requireMatch(call.if_match, read.etag);
    const set = {
      name: body.name ?? read.name,
      description: body.description ?? read.description,
      environment: body.environment === undefined ? read.environment : body.environment,
      color: body.color === undefined ? read.color : body.color,
      expires_at: body.expires_at === undefined ? read.expires_at : utc(body.expires_at),
    };
    if (set.expires_at !== read.expires_at) requireExpiry(read.workspace_type, set.expires_at, at);
    const changes = changedFields(read, { ...read, ...set });
    if (changes.length === 0) return read;
    const stamped = { ...set, updated_at: timestamp(at), etag: newEtag(at) };
    const { id } = read;
    const changed_fields = changes.map(({ field }) => field);
    return call.commit(
      {
        writes: [
          ...stillStanding(table, caller, seen),
          changeWorkspace(tenant, read, stamped),
          ...expiryWrites(tenant, id, read.expires_at, set.expires_at),
        ],
        events: [
          draft(
            workspaceEvents,
            "workspace.updated",
            { id, name: set.name },
            { workspace_id: id, name: set.name, changed_fields },
            { changes },
          ),
        ],
      },
      { ...read, ...stamped },
    );
  });
};

export const listResources: Handler<Ops["listResources"], WorkspacesDeps> = async (call, { table }) => {
  const workspace = await call.load();
  const { type, limit, cursor } = call.query;
  const of = { workspace_id: workspace.id, ...(type === undefined ? {} : { resource_type: type }) };
  return table.of(call.context.tenant).page(workspaceResourceItem, { of, limit, cursor });
};
