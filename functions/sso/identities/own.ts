import type { Connection, Identity, PlatformIdentity } from "../store.ts";

/**
 * A way into an account through a company's provider, as its user sees it.
 * @param active whether it opens the account now
 */
export const ownCompanys = (identity: Identity, { organization_id, name }: Connection, active: boolean) => ({
  ...identity,
  active,
  organization_id,
  connection_name: name,
  provider: null,
});

/** The same through a provider that is everybody's. */
export const ownEverybodys = (identity: PlatformIdentity, active: boolean) => ({
  ...identity,
  active,
  organization_id: null,
  connection_id: null,
  connection_name: null,
});
