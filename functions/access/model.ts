import * as z from "zod";
import { expandGrants } from "../../shared/access/decide.ts";
import { type OwnRole, ownRoleStatuses } from "../../shared/access/own-roles.ts";
import { permissionTexts } from "../../shared/access/permission-texts.ts";
import { allGrants, type Permission, permissionCatalogue } from "../../shared/access/permissions.ts";
import { type BuiltInRole, builtInRoleNames, builtInRoles } from "../../shared/access/roles.ts";
import { grantSchema } from "../../shared/access/schemas.ts";
import { descriptionSchema, nameSchema } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { defineStates } from "../../shared/states.ts";

export const roleStates = defineStates("role", ownRoleStatuses, [
  { from: [], to: "active", why: "It is made." },
  { from: ["active"], to: "deleting", why: "It is deleted: nobody gets it any more, and its members get another one." },
  {
    from: ["deleting"],
    to: "active",
    why: "Its deletion is given up: somebody has got it in the same moment, and nothing was named in its place.",
  },
]);

export const grantsSchema = z
  .array(grantSchema)
  .min(1)
  .max(allGrants.length)
  .meta({
    description:
      "What it grants. A wildcard counts as all that it covers, and covers what the product gets later, too. Never more than your own.",
    example: ["agents:*", "*:read"],
  });

export const roleNameSchema = nameSchema.meta({ example: "Prompt engineer" });
export const roleDescriptionSchema = descriptionSchema.meta({ example: "Writes and runs agents; deletes nothing." });

export const roleView = z
  .object({
    id: z.string().meta({ description: "What memberships name: a word for a built-in role, else an id." }),
    name: z.string(),
    description: z.string(),
    built_in: z.boolean(),
    status: z
      .enum(ownRoleStatuses)
      .meta({ id: "RoleStatus", description: "`deleting`: nobody gets it any more; who has it gets `replacement`." }),
    grants: z.array(z.string()).meta({ description: "As granted: exact, `resource:*`, `*:action` or `*`." }),
    permissions: z.array(z.string()).meta({ description: "The concrete permissions that the grants cover." }),
    replacement: z
      .string()
      .nullable()
      .meta({ description: "While it is deleted: the role that its members get.", example: "viewer" }),
    created_by: z.string().nullable(),
    created_at: z.string().nullable(),
    updated_at: z.string().nullable(),
  })
  .meta({ id: "Role", description: "A named set of grants that memberships refer to." });

export const permissionView = z
  .object({ id: z.string(), resource: z.string(), action: z.string(), description: z.string() })
  .meta({ id: "Permission", description: "One thing that a role can grant." });

const roleReferenceSchema = z
  .object({ id: z.string(), name: z.string() })
  .meta({ id: "RoleReference", description: "A role, by its id and what it is called." });

/** Why somebody may do something. */
export const reasonSchema = z
  .object({
    permission: z.string().meta({ example: "agents:execute" }),
    grant: z.string().meta({ description: "The grant of the role that covers it.", example: "agents:*" }),
    role: z.string().meta({ description: "The role that has it, by its id." }),
  })
  .meta({ id: "PermissionReason", description: "A permission that somebody holds, and why." });

export const memberPermissionsView = z
  .object({
    user_id: idSchema("user"),
    status: z.string().meta({ description: "Of the membership: only an active one gives anything." }),
    role: roleReferenceSchema,
    permissions: z.array(reasonSchema),
  })
  .meta({ id: "MemberPermissions", description: "What a member may do now, and why." });

export const holderView = z
  .object({
    user_id: idSchema("user"),
    name: z.string(),
    email: z.string(),
    role: roleReferenceSchema,
    grant: z.string().meta({ description: "The grant of the role that covers the permission.", example: "agents:*" }),
  })
  .meta({ id: "PermissionHolder", description: "A member who may do something, and why." });

const NEVER = { status: "active", replacement: null, created_by: null, created_at: null, updated_at: null } as const;

/** A role as it is shown: one of the product's by its name, one of the organization's own by its record. */
export function toRole(role: BuiltInRole | OwnRole) {
  if (typeof role !== "string") {
    const { name_key: _, moved_to: __, organization_id: ___, revision: ____, by_rule: _____, ...shown } = role;
    return { ...shown, built_in: false, permissions: expandGrants(role.grants) };
  }
  const { label, description, grants } = builtInRoles[role];
  const permissions = expandGrants(grants);
  return { id: role, name: label, description, built_in: true, ...NEVER, grants: [...grants], permissions };
}

export const allBuiltIn = builtInRoleNames.map(toRole);

/** The catalogue, permission by permission. */
export const permissionList = Object.entries(permissionCatalogue).flatMap(([resource, actions]) =>
  actions.map((action) => {
    const id = `${resource}:${action}` as Permission;
    return { id, resource, action, description: permissionTexts[id] };
  }),
);

export const permissionsOf = (resource: string | undefined) =>
  permissionList.filter((permission) => resource === undefined || permission.resource === resource);
