import type { Caller } from "../access/caller.ts";
import type { ItemDefinition, ItemOf, KeyFields } from "../dynamo/item.ts";
import type { TenantTable } from "../dynamo/table.ts";

/** What operations are about: the nouns that permissions, and later policies and scopes, speak of. */
export const resourceTypes = [
  "agent",
  "approval",
  "audit_entry",
  "domain",
  "invitation",
  "model",
  "model_provider",
  "operator_access",
  "organization",
  "permission",
  "pipeline",
  "role",
  "run",
  "schedule",
  "scim_settings",
  "scim_token",
  "sso_connection",
  "sso_identity",
  "sso_trial",
  "suite",
  "suite_run",
  "team",
  "template",
  "user",
  "webhook",
  "workspace",
] as const;
export type ResourceType = (typeof resourceTypes)[number];

/** What a resource is read with. */
export interface Reading<N extends string> {
  /** The table of the active organization: another tenant's thing cannot be found. */
  readonly table: TenantTable;
  readonly path: { readonly [K in N]: string | number };
  readonly caller: Caller;
  readonly at: Date;
  /** Not from what the request has read already. */
  readonly fresh: boolean;
}

/** One thing that a path names, and how it is read. */
export interface Resource<N extends string = string, T = unknown> {
  readonly type: ResourceType;
  /** The path's parameters that it is found by; the first one is its id. */
  readonly path: readonly N[];
  read(from: Reading<N>): Promise<T | undefined>;
}

/** Operations on no one thing in particular: a list, or the making of a new one. */
export type Collection =
  | { readonly type: ResourceType; readonly list: true }
  | { readonly type: ResourceType; readonly create: true };

/**
 * Declares what a path's parameter names: one item by its key, or whatever the room needs of the thing, in one read.
 * @example defineResource({ type: "agent", path: ["agent_id"], item: agentItem, key: ({ agent_id }) => ({ id: agent_id }) })
 */
export function defineResource<const N extends string, D extends ItemDefinition>(definition: {
  type: ResourceType;
  path: readonly [N, ...N[]];
  item: D;
  key: (path: Reading<N>["path"]) => KeyFields<D>;
}): Resource<N, ItemOf<D>>;
export function defineResource<const N extends string, T>(definition: {
  type: ResourceType;
  path: readonly [N, ...N[]];
  read: (from: Reading<N>) => Promise<T | undefined>;
}): Resource<N, T>;
export function defineResource<N extends string>(
  definition: Pick<Resource<N>, "type" | "path"> &
    (
      | { item: ItemDefinition; key: (path: Reading<N>["path"]) => Readonly<Record<string, string | number>> }
      | { read: (from: Reading<N>) => Promise<unknown> }
    ),
): Resource<N> {
  const { type, path } = definition;
  if ("read" in definition) return { type, path, read: definition.read };
  const { item, key } = definition;
  return { type, path, read: (from) => from.table.get<ItemDefinition>(item, key(from.path) as never) };
}
