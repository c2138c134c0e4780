import * as z from "zod";
import { allGrants, allPermissions } from "./permissions.ts";

/** A permission in a request. */
export const permissionSchema = z.enum(allPermissions, { error: "is not a permission" }).meta({ id: "PermissionName" });

/** What a role can hold, in a request. */
export const grantSchema = z
  .enum(allGrants, { error: "is no permission of the catalogue, nor a wildcard like agents:*, *:read or *" })
  .meta({ id: "Grant", description: "A permission, all of a resource, one action everywhere, or everything." });
