import type { Caller } from "../access/caller.ts";
import type { ItemDefinition, ItemOf, KeyFields } from "../dynamo/item.ts";
import type { TenantTable } from "../dynamo/table.ts";
import type { PolicySubject } from "../policies/attributes.ts";

/** What operations are about: the nouns that permissions, and later policies and scopes, speak of. */
export const resourceTypes = [
  "agent",
  "api_key",
  "approval",
  "audit_copy",
  "audit_entry",
  "audit_head",
  "audit_stream",
  "deployment",
  "domain",
  "gateway",
  "invitation",
  "legal_hold",
  "model",
  "model_provider",
  "operator_access",
  "organization",
  "permission",
  "pipeline",
  "policy",
  "promotion",
  "promotion_rule",
  "role",
  "run",
  "schedule",
  "scim_settings",
  "scim_token",
  "service_account",
  "sso_connection",
  "sso_identity",
  "sso_trial",
  "suite",
  "suite_run",
  "team",
  "template",
  "trace_export",
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
  /**
   * The thing of this type that the path is about, with the fields that policies look at: what was read, or what holds it, which is
   * read besides. Every resource of a type that policies describe has it (`shared/policies/attributes.ts`).
   */
  subject?(thing: T, from: Reading<N>): Subject;
  /** Other things of this type that are shown with it: policies are asked about each. */
  beside?(thing: T): readonly PolicySubject[];
  /**
   * What the thing is of, where its operations ask for permissions of another noun: a run is of the pipeline or the agent that it
   * runs, and policies about executing these are asked about that one.
   */
  target?(thing: T): Target;
  /** What else than that the path is about: what an API key that is confined has to reach as well. */
  also?(thing: T): readonly Target[];
}

/** A thing that another one is of, by how a path would name it. */
export interface Target {
  readonly resource: Resource;
  readonly path: Readonly<Record<string, string>>;
}

/** How policies see what was read; undefined where it is there no more. */
export type Subject = PolicySubject | Promise<PolicySubject | undefined>;

/**
 * Operations on no one thing in particular: a list, or the making of a new one, which may be of a thing or of none by what its body
 * says.
 */
export type Collection =
  | {
      readonly type: ResourceType;
      readonly list: true;
      /** What the query narrows it to, where what it lists is of something: runs of a pipeline. */
      targets?(query: never): readonly Target[];
    }
  | {
      readonly type: ResourceType;
      readonly create: true;
      target?(body: never): Target | undefined;
      /** What policies see of it besides what the body says: it may be where something else is that the body names. */
      made?(body: never, table: TenantTable): Promise<PolicySubject>;
    };

/**
 * Declares what a path's parameter names: one item by its key, or whatever the room needs of the thing, in one read.
 * @example defineResource({ type: "agent", path: ["agent_id"], item: agentItem, key: ({ agent_id }) => ({ id: agent_id }) })
 */
export function defineResource<const N extends string, D extends ItemDefinition>(definition: {
  type: ResourceType;
  path: readonly [N, ...N[]];
  item: D;
  key: (path: Reading<N>["path"]) => KeyFields<D>;
  subject?: (thing: ItemOf<D>, from: Reading<N>) => Subject;
  target?: (thing: ItemOf<D>) => Target;
  also?: (thing: ItemOf<D>) => readonly Target[];
}): Resource<N, ItemOf<D>>;
export function defineResource<const N extends string, T>(definition: {
  type: ResourceType;
  path: readonly [N, ...N[]];
  read: (from: Reading<N>) => Promise<T | undefined>;
  subject?: (thing: T, from: Reading<N>) => Subject;
  beside?: (thing: T) => readonly PolicySubject[];
  target?: (thing: T) => Target;
  also?: (thing: T) => readonly Target[];
}): Resource<N, T>;
export function defineResource<N extends string>(
  definition: Pick<Resource<N>, "type" | "path"> & {
    subject?: (thing: never, from: Reading<N>) => Subject;
    beside?: (thing: never) => readonly PolicySubject[];
    target?: (thing: never) => Target;
    also?: (thing: never) => readonly Target[];
  } & (
      | { item: ItemDefinition; key: (path: Reading<N>["path"]) => Readonly<Record<string, string | number>> }
      | { read: (from: Reading<N>) => Promise<unknown> }
    ),
): Resource<N> {
  if ("read" in definition) return definition as unknown as Resource<N>;
  const { item, key, ...about } = definition as typeof definition & Pick<Resource<N>, "subject">;
  return { ...about, read: (from) => from.table.get<ItemDefinition>(item, key(from.path) as never) };
}
