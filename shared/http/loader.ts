import type { Rights } from "../access/grants.ts";
import { notFound } from "../errors.ts";
import type { OperationShape } from "./operation.ts";
import type { Platform } from "./platform.ts";

interface Reads {
  readonly platform: Pick<Platform, "table">;
  readonly operation: OperationShape;
  readonly at: Date;
}

/** Reads what the operation is about, once unless it is wanted fresh; or fresh from the first time on. */
export function loader({ platform, operation, at }: Reads, rights: Rights | undefined, path: object, again = false) {
  let loaded: Promise<unknown> | undefined;
  const read = async (fresh: boolean): Promise<unknown> => {
    const { resource } = operation;
    if (rights === undefined || resource === undefined || !("read" in resource))
      throw new Error(`${operation.id} names nothing that could be loaded`);
    const { caller } = rights;
    const from = { table: platform.table.of(caller.organization.id), path: { ...path }, caller, at, fresh };
    const thing = await resource.read(from);
    if (thing === undefined) throw notFound();
    return thing;
  };
  return (how?: { readonly fresh: boolean }): Promise<never> => {
    const fresh = how?.fresh === true;
    if (loaded === undefined || fresh) loaded = read(fresh || again);
    return loaded as Promise<never>;
  };
}
