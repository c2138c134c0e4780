import * as z from "zod";
import { laterSchema } from "../later.ts";
import { allGrants, allPermissions } from "./permissions.ts";

/** A permission in a request. */
export const permissionSchema = laterSchema(() =>
  z.enum(allPermissions, { error: "is not a permission" }).meta({ id: "PermissionName" }),
);

/** What a role can hold, in a request. */
export const grantSchema = laterSchema(() =>
  z
    .enum(allGrants, { error: "is no permission of the catalogue, nor a wildcard like agents:*, *:read or *" })
    .meta({ id: "Grant", description: "A permission, all of a resource, one action everywhere, or everything." }),
);
