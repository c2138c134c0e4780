import { decide, expandGrants } from "../decide.ts";
import type { Grant, Permission } from "../permissions.ts";

/** Lists of grants are constants of the code or of an organization's rules: what a key has of each is found once. */
const known = new WeakMap<readonly Grant[], Map<string, readonly Permission[]>>();
const MOST_KNOWN = 200;

/** What a key may do: its scopes, as far as its owner's grants cover them. */
export function within(scopes: readonly Grant[], owned: readonly Grant[]): readonly Permission[] {
  const name = scopes.join(" ");
  let ofOwner = known.get(owned);
  const found = ofOwner?.get(name);
  if (found !== undefined) return found;
  const both = expandGrants(scopes).filter((permission) => decide(owned, permission).allowed);
  if (ofOwner === undefined || ofOwner.size >= MOST_KNOWN) {
    ofOwner = new Map();
    known.set(owned, ofOwner);
  }
  ofOwner.set(name, both);
  return both;
}

/** A permission that these scopes cover and the grants do not; undefined where there is none. */
export const beyondGrants = (scopes: readonly Grant[], grants: readonly Grant[]): Permission | undefined =>
  expandGrants(scopes).find((permission) => !decide(grants, permission).allowed);
