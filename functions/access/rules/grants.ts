import { decide, expandGrants } from "../../../shared/access/decide.ts";
import { allGrants, type Grant, isPermission, type Permission } from "../../../shared/access/permissions.ts";

const isWildcard = (grant: Grant): boolean => !isPermission(grant);

/** What a wildcard covers of what the catalogue may ever have: `agents:*` within `*`, `*:read` within `*`. */
const within = (grant: Grant, other: Grant): boolean =>
  grant !== other && (other === "*" || (isPermission(grant) && isWildcard(other) && decide([other], grant).allowed));

/** The same grants in the catalogue's order, each once, and none that another one covers for ever. */
export const plainGrants = (grants: readonly Grant[]): Grant[] => {
  const wanted = new Set(grants);
  return allGrants.filter((grant) => wanted.has(grant) && !grants.some((other) => within(grant, other)));
};

/** These grants without some permissions: a wildcard that covers one of them becomes the others that it covers today. */
export function grantsWithout(grants: readonly Grant[], without: readonly Permission[]): Grant[] {
  const out = new Set<string>(without);
  const rest = grants.flatMap((grant): Grant[] => {
    if (!without.some((permission) => decide([grant], permission).allowed)) return [grant];
    return expandGrants([grant]).filter((permission) => !out.has(permission));
  });
  return plainGrants(rest);
}
