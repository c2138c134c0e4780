import { AsyncLocalStorage } from "node:async_hooks";

/** The tag of a session that names its tenant. Roles are tagged by whoever runs the account, so it is a name of our own. */
export const TENANT_TAG = "kaizen-tenant";

const current = new AsyncLocalStorage<string | undefined>();

/**
 * Does something for one tenant: the table is asked meanwhile with credentials that reach what is the tenant's or the
 * platform's, and nothing of anybody else (docs/adr/0098).
 */
export const withinTenant = <T>(tenant: string, work: () => T): T => current.run(tenant, work);

/**
 * The door in the wall: what has to look at keys of several tenants while it works for one goes by the function's own
 * role. A test lists everybody who goes through it, and why.
 */
export const beyondTenant = <T>(work: () => T): T => current.run(undefined, work);

/** For whom whatever runs now is done; undefined where it is for nobody in particular. */
export const tenantAtWork = (): string | undefined => current.getStore();

/** Pieces that are made for a tenant, whoever asks for the next one and whenever. */
export function piecesWithin<T>(tenant: string, pieces: AsyncIterable<T>): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const source = withinTenant(tenant, () => pieces[Symbol.asyncIterator]());
      const { return: end } = source;
      return {
        next: () => withinTenant(tenant, () => source.next()),
        ...(end === undefined ? {} : { return: () => withinTenant(tenant, () => end.call(source)) }),
      };
    },
  };
}
