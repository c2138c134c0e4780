import * as z from "zod";
import { expandGrants } from "../../shared/access/decide.ts";
import { permissionCatalogue } from "../../shared/access/permissions.ts";
import { type BuiltInRole, builtInRoleNames, builtInRoles } from "../../shared/access/roles.ts";

export const roleView = z
  .object({
    id: z.string(),
    label: z.string(),
    description: z.string(),
    built_in: z.boolean(),
    grants: z.array(z.string()).meta({ description: "As granted: exact, `resource:*`, `*:action` or `*`." }),
    permissions: z.array(z.string()).meta({ description: "The concrete permissions that the grants cover." }),
  })
  .meta({ id: "Role", description: "A named set of grants that memberships refer to." });

export const permissionView = z
  .object({ id: z.string(), resource: z.string(), action: z.string() })
  .meta({ id: "Permission", description: "One thing that a role can grant." });

export const toRole = (id: BuiltInRole) => {
  const { label, description, grants } = builtInRoles[id];
  return { id, label, description, built_in: true, grants: [...grants], permissions: expandGrants(grants) };
};

export const allRoles = builtInRoleNames.map(toRole);

/** The catalogue, permission by permission. */
export const permissionList = Object.entries(permissionCatalogue).flatMap(([resource, actions]) =>
  actions.map((action) => ({ id: `${resource}:${action}`, resource, action })),
);

export const permissionsOf = (resource: string | undefined) =>
  permissionList.filter((permission) => resource === undefined || permission.resource === resource);
