import type { Permission } from "../../../shared/access/permissions.ts";
import { Problem } from "../../../shared/errors.ts";
import { inCode } from "../../../shared/text.ts";

/** @throws Problem `forbidden` with all of these permissions that the caller does not hold */
export function requireAll(call: { may(permission: Permission): boolean }, permissions: Iterable<Permission>): void {
  const missing = [...new Set(permissions)].filter((permission) => !call.may(permission));
  const [permission] = missing;
  if (permission === undefined) return;
  throw new Problem(
    "forbidden",
    `This needs the ${missing.length === 1 ? "permission" : "permissions"} ${inCode(missing, "conjunction")} too.`,
    { members: { permission, missing } },
  );
}
