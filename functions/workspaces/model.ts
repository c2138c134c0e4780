import * as z from "zod";
import { descriptionSchema, environmentSchema, nameSchema } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { defineStates } from "../../shared/states.ts";

export const workspaceTypeSchema = z.enum(["permanent", "temporary", "personal"]).meta({ id: "WorkspaceType" });
export const colorSchema = z
  .string()
  .regex(/^#[0-9a-f]{6}$/, "must be a colour like #1f6feb")
  .meta({ example: "#1f6feb" });

const workspaceStatuses = ["active", "archived"] as const;

export const workspaceStates = defineStates("workspace", workspaceStatuses, [
  { from: [], to: "active", why: "It is created." },
  { from: ["active"], to: "archived", why: "An owner or admin archives it, or its time is over." },
  { from: ["archived"], to: "active", why: "It is restored; a temporary one with a new end." },
]);

export const workspaceSchema = z
  .object({
    id: idSchema("workspace"),
    organization_id: idSchema("organization"),
    name: nameSchema,
    description: descriptionSchema,
    workspace_type: workspaceTypeSchema,
    environment: environmentSchema.nullable().meta({ description: "The environment the workspace is meant for." }),
    color: colorSchema.nullable(),
    status: z.enum(workspaceStatuses).meta({ id: "WorkspaceStatus" }),
    expires_at: z.string().nullable().meta({ description: "When a temporary workspace is archived." }),
    member_count: z.number().int(),
    resource_count: z.number().int().meta({ description: "Agents, pipelines and work units in it." }),
    created_by: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
    archived_at: z.string().nullable(),
  })
  .meta({ id: "Workspace", description: "A lens over things: an agent or a pipeline can be in several." });

export type WorkspaceView = z.output<typeof workspaceSchema>;

/** From most to least; each may do in the workspace what the next one may. */
export const workspaceRoles = ["owner", "admin", "member", "viewer"] as const;
export const workspaceRoleSchema = z.enum(workspaceRoles).meta({ id: "WorkspaceRole" });
export type WorkspaceRole = (typeof workspaceRoles)[number];

export const workspaceMemberSchema = z
  .object({
    workspace_id: idSchema("workspace"),
    user_id: idSchema("user"),
    role: workspaceRoleSchema,
    added_by: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: "WorkspaceMember", description: "A user in a workspace." });

/** What can be in a workspace. */
export const linkedTypes = ["agent", "pipeline", "work_unit"] as const;
export const linkedTypeSchema = z.enum(linkedTypes).meta({ id: "LinkedType" });
export type LinkedType = (typeof linkedTypes)[number];

export const workspaceResourceSchema = z
  .object({
    workspace_id: idSchema("workspace"),
    resource_type: linkedTypeSchema,
    resource_id: z.string(),
    name: z.string(),
    added_by: z.string(),
    created_at: z.string(),
  })
  .meta({ id: "WorkspaceResource", description: "A thing in a workspace." });

/** What a caller is to a workspace: a role there, the organization's owner (who stands above all of them), or neither. */
export interface Standing {
  readonly role: WorkspaceRole | null;
  readonly organization_owner: boolean;
}

/** A personal workspace exists only for its members and for the organization's owners. */
export const maySee = (workspace: Pick<WorkspaceView, "workspace_type">, standing: Standing): boolean =>
  workspace.workspace_type !== "personal" || standing.role !== null || standing.organization_owner;

/** Changing the workspace, archiving it, and who is in it. */
export const mayManage = (standing: Standing): boolean =>
  standing.organization_owner || standing.role === "owner" || standing.role === "admin";

export const mayDelete = (standing: Standing): boolean => standing.organization_owner || standing.role === "owner";

/**
 * Whether somebody may give, change or take a role in the workspace: managers may, but only an owner decides about
 * owners. `roles` are those the change touches: the member's role before it and after it.
 */
export const mayAssign = (standing: Standing, roles: readonly WorkspaceRole[]): boolean =>
  mayManage(standing) && (mayDelete(standing) || !roles.includes("owner"));

/** What is wrong with an expiry, if anything: temporary workspaces need one in the future, others have none. */
export function expiryIssue(
  type: WorkspaceView["workspace_type"],
  expires_at: string | null,
  now: Date,
): string | undefined {
  if (type !== "temporary") return expires_at === null ? undefined : "only temporary workspaces expire";
  if (expires_at === null) return "is required for a temporary workspace";
  return Date.parse(expires_at) > now.getTime() ? undefined : "must be in the future";
}
