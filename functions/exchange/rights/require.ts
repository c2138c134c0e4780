import type { Permission } from "../../../shared/access/permissions.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Asking } from "../../../shared/http/permit.ts";
import { inCode } from "../../../shared/text.ts";

/** @throws Problem `forbidden` with all of these permissions that the caller does not hold; `policy_denied` where a policy denies one */
export function requireAll<P extends Permission>(call: Asking<P>, permissions: Iterable<NoInfer<P>>): void {
  const missing = [...new Set(permissions)].filter((permission) => !call.may(permission));
  const [permission] = missing;
  if (permission === undefined) return;
  for (const one of missing) {
    const denied = call.denied(one);
    if (denied !== undefined) throw denied;
  }
  throw new Problem(
    "forbidden",
    `This needs the ${missing.length === 1 ? "permission" : "permissions"} ${inCode(missing, "conjunction")} too.`,
    { members: { permission, missing } },
  );
}
