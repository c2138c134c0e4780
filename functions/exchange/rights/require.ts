import type { Permission } from "../../../shared/access/permissions.ts";
import { Problem } from "../../../shared/errors.ts";

/** @throws Problem `forbidden` for the first of these permissions that the caller does not hold */
export function requireAll(call: { may(permission: Permission): boolean }, permissions: Iterable<Permission>): void {
  for (const permission of permissions)
    if (!call.may(permission))
      throw new Problem("forbidden", `This needs the permission \`${permission}\` too.`, { members: { permission } });
}
