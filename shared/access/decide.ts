import type { Grant, Permission } from "./permissions.ts";
import { allPermissions } from "./permissions.ts";

export interface Decision {
  readonly allowed: boolean;
  /** The grant that let the request pass. */
  readonly by?: Grant;
}

/**
 * Whether one of the grants covers the permission: exactly, as `resource:*`, as `*:action`, or as `*`.
 * A wildcard of one resource never reaches another resource.
 */
export function decide(grants: readonly Grant[], permission: Permission): Decision {
  const colon = permission.indexOf(":");
  const resource = permission.slice(0, colon);
  const action = permission.slice(colon + 1);
  for (const grant of grants) {
    if (grant === permission || grant === "*" || grant === `${resource}:*` || grant === `*:${action}`) {
      return { allowed: true, by: grant };
    }
  }
  return { allowed: false };
}

/** The concrete permissions that these grants cover, in catalogue order. */
export const expandGrants = (grants: readonly Grant[]): Permission[] =>
  allPermissions.filter((permission) => decide(grants, permission).allowed);
