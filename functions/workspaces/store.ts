import * as z from "zod";
import { type Caller, userIdOf } from "../../shared/access/caller.ts";
import { decide } from "../../shared/access/decide.ts";
import { timestamp } from "../../shared/clock.ts";
import { defineDue } from "../../shared/due/due.ts";
import { defineItem, type ItemOf } from "../../shared/dynamo/item.ts";
import type { Table, TenantTable } from "../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../shared/dynamo/write.ts";
import { notFound, Problem } from "../../shared/errors.ts";
import { defineResource } from "../../shared/http/resource.ts";
import type { Organization } from "../../shared/identity/items.ts";
import { newEtag } from "../../shared/ids.ts";
import { takeQuota } from "../../shared/limits/quota.ts";
import {
  expiryIssue,
  maySee,
  type Standing,
  workspaceMemberSchema,
  workspaceResourceSchema,
  workspaceSchema,
  workspaceStates,
} from "./model.ts";

export const workspaceItem = defineItem({
  type: "workspace",
  summary: "A workspace of the organization.",
  schema: workspaceSchema.extend({
    /** Who finds it in a list: `organization`, or the user of a personal workspace. */
    audience: z.string(),
    owner_count: z.number().int(),
    etag: z.string(),
  }),
  key: { pk: "WORKSPACE#{id}", sk: "WORKSPACE" },
  indexes: {
    gsi1: { pk: "WORKSPACES#{audience}#{status}", sk: "{id}" },
    gsi2: { pk: "WORKSPACES#{audience}#{status}#{workspace_type}", sk: "{id}" },
  },
});
export type Workspace = ItemOf<typeof workspaceItem>;

export const workspaceMemberItem = defineItem({
  type: "workspace_member",
  summary: "A user in a workspace; the role narrows, it never grants what the organization's role refuses.",
  schema: workspaceMemberSchema.extend({ etag: z.string() }),
  key: { pk: "WORKSPACE_MEMBERS#{workspace_id}", sk: "{user_id}" },
  indexes: { gsi1: { pk: "WORKSPACES_OF#{user_id}", sk: "{workspace_id}" } },
});
export type WorkspaceMember = ItemOf<typeof workspaceMemberItem>;

export const workspaceResourceItem = defineItem({
  type: "workspace_resource",
  summary: "An agent, pipeline or work unit in a workspace; written with the thing itself.",
  schema: workspaceResourceSchema,
  key: { pk: "WORKSPACE#{workspace_id}", sk: "RESOURCE#{resource_type}#{resource_id}" },
});

/** When a temporary workspace is to be archived. Only active ones have it. */
export const workspaceExpiry = defineDue("workspace_expiry");

/** A workspace, and what the caller is to it. */
export interface Seen {
  readonly workspace: Workspace;
  readonly standing: Standing;
}

/** Only the organization's owner may hand the organization itself over: that is what tells owners from administrators. */
const isOrganizationOwner = ({ grants }: Caller): boolean => decide(grants, "organizations:transfer").allowed;

/** What the caller is to the workspace; undefined for one that they may not see, as if there were none. */
function seenBy(caller: Caller, workspace?: Workspace, member?: WorkspaceMember): Seen | undefined {
  const standing = { role: member?.role ?? null, organization_owner: isOrganizationOwner(caller) };
  return workspace === undefined || !maySee(workspace, standing) ? undefined : { workspace, standing };
}

/** Where the caller would stand among the members; whoever is no person is in no workspace. */
const placeOf = ({ principal }: Caller, workspace_id: string | number) => ({
  workspace_id,
  user_id: userIdOf(principal) ?? "nobody",
});

/** A workspace that the caller may see. What they are to it is read only where it decides. */
export const workspaceResource = defineResource({
  type: "workspace",
  path: ["workspace_id"],
  async read({ table, path: { workspace_id }, caller }): Promise<Workspace | undefined> {
    const workspace = await table.get(workspaceItem, { id: workspace_id });
    if (workspace === undefined || maySee(workspace, { role: null, organization_owner: isOrganizationOwner(caller) }))
      return workspace;
    const member = await table.get(workspaceMemberItem, placeOf(caller, workspace_id));
    return seenBy(caller, workspace, member)?.workspace;
  },
  subject: (workspace) => workspace,
});

export const standingResource = defineResource({
  type: "workspace",
  path: ["workspace_id"],
  async read({ table, path: { workspace_id }, caller }): Promise<Seen | undefined> {
    const [workspace, own] = await table.table.batch([
      table.read(workspaceItem, { id: workspace_id }),
      table.read(workspaceMemberItem, placeOf(caller, workspace_id)),
    ]);
    return seenBy(caller, workspace, own);
  },
  subject: ({ workspace }) => workspace,
});

/** A member of a workspace, with the workspace and what the caller is to it. */
export const memberResource = defineResource({
  type: "workspace",
  path: ["workspace_id", "user_id"],
  async read({
    table,
    path: { workspace_id, user_id },
    caller,
  }): Promise<(Seen & { member: WorkspaceMember }) | undefined> {
    const [workspace, own, member] = await table.table.batch([
      table.read(workspaceItem, { id: workspace_id }),
      table.read(workspaceMemberItem, placeOf(caller, workspace_id)),
      table.read(workspaceMemberItem, { workspace_id, user_id }),
    ]);
    const seen = seenBy(caller, workspace, own);
    return seen === undefined || member === undefined ? undefined : { ...seen, member };
  },
  subject: ({ workspace }) => workspace,
});

/** The member item of one user. */
export const newMember = (
  workspace_id: string,
  user_id: string,
  role: WorkspaceMember["role"],
  added_by: string,
  at: Date,
): WorkspaceMember => ({
  workspace_id,
  user_id,
  role,
  added_by,
  created_at: timestamp(at),
  updated_at: timestamp(at),
  etag: newEtag(at),
});

/** @throws `validation_failed` when the expiry does not fit the type of workspace */
export function requireExpiry(type: Workspace["workspace_type"], expires_at: string | null, now: Date): void {
  const message = expiryIssue(type, expires_at, now);
  if (message !== undefined)
    throw new Problem("validation_failed", `\`expires_at\` ${message}.`, { issues: [{ path: "expires_at", message }] });
}

/** The writes that make a workspace: its place in the plan, itself, its members, and when it ends. */
export function workspaceWrites(
  table: Table,
  plan: Organization["plan"],
  workspace: Workspace,
  members: readonly WorkspaceMember[],
): Write[] {
  const tenant = table.of(workspace.organization_id);
  return [
    takeQuota(tenant, plan, "workspaces"),
    tenant.writes.create(workspaceItem, workspace),
    ...members.map((member) => tenant.writes.create(workspaceMemberItem, member)),
    ...expiryWrites(tenant, workspace.id, null, workspace.expires_at),
  ];
}

/** The writes that move the time at which a workspace ends; null for a workspace that does not, or not any more. */
export function expiryWrites(tenant: TenantTable, id: string, before: string | null, after: string | null): Write[] {
  if (before === after) return [];
  return [after === null ? workspaceExpiry.clear(tenant, id) : workspaceExpiry.set(tenant, id, new Date(after))];
}

/** Changes some fields of a workspace that is active and as it was read; counters that others move stay as they are. */
export function changeWorkspace(
  tenant: TenantTable,
  read: Workspace,
  set: Partial<Workspace>,
  from: Workspace["status"] = "active",
): Write {
  const { audience, workspace_type } = read;
  const index = set.status === undefined ? {} : { audience, workspace_type };
  return tenant.writes.update(
    workspaceItem,
    { id: read.id },
    { set: { ...index, ...set } },
    { equals: { status: from, etag: read.etag } },
    (old) => {
      if (old === undefined) return notFound();
      return old.status === from ? lostRace() : workspaceStates.refusal(old.status, [from]);
    },
  );
}

/**
 * Counts members of an active workspace in the transaction that adds, changes or removes one. The last owner stays.
 * @returns a write that refuses an archived workspace and the loss of the last owner with 409
 */
export function countMembers(
  tenant: TenantTable,
  id: string,
  change: { readonly members: number; readonly owners: number },
): Write {
  const keeps = change.owners < 0 ? { at_least: { owner_count: 2 } } : {};
  return tenant.writes.update(
    workspaceItem,
    { id },
    { add: { member_count: change.members, owner_count: change.owners } },
    { equals: { status: "active" }, ...keeps },
    (old) => {
      if (old === undefined) return notFound();
      return old.status === "active"
        ? new Problem("conflict", "This is the workspace's last owner. Make another member an owner first.", {
            members: { state: "last_owner" },
          })
        : workspaceStates.refusal(old.status, ["active"]);
    },
  );
}
