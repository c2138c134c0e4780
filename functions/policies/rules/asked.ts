import { isPermission, type Permission } from "../../../shared/access/permissions.ts";
import type { ResourceType } from "../../../shared/http/resource.ts";
import { actionOf, typeOf } from "../../../shared/policies/nouns.ts";
import operations from "./operations.json" with { type: "json" };
import type { Ask } from "./targets.ts";

/** What policies are asked where an operation is. */
export interface AskedOperation {
  readonly method: string;
  readonly asks: readonly [Ask, ...Ask[]];
}

const kept: Readonly<Record<string, string>> = operations;

/**
 * What dispatch asks policies about an operation (`shared/policies/requests.ts`): its own type of things, what it lists of another,
 * and each permission's noun; of those of which one suffices, the one that is about a thing of this type.
 * @param of the type of the thing that it is about, where that is known
 */
export function askedFor(operation: string, of?: string): AskedOperation | undefined {
  const said = Object.hasOwn(kept, operation) ? kept[operation]?.split(" ") : undefined;
  if (said === undefined) return undefined;
  const [method = "", about = "", ...names] = said;
  const [type = "", lists] = about.split("/");
  const permissions = names.filter(isPermission);
  const [permission] = permissions;
  if (permission === undefined) throw new Error(`${operation} asks for nothing`);
  const own: Ask = { resource_type: type, action: actionOf(permission) };
  const nouns = permissions.flatMap((one) => aboutNoun(one));
  const fitting = nouns.filter(({ resource_type }) => resource_type === of);
  const others = permissions.length === 1 || fitting.length === 0 ? nouns : fitting;
  const besides = others.filter((one) => one.resource_type !== type && one.resource_type !== lists);
  const listed = lists === undefined ? [] : [{ resource_type: lists, action: own.action }];
  return { method, asks: [own, ...besides, ...listed] };
}

function aboutNoun(permission: Permission): Ask[] {
  const type: ResourceType | undefined = typeOf(permission);
  return type === undefined ? [] : [{ resource_type: type, action: actionOf(permission) }];
}
