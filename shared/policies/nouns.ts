import type { Permission } from "../access/permissions.ts";
import { type ResourceType, resourceTypes } from "../http/resource.ts";

/** The plural: policies, but API keys. */
export const nounOf = (type: ResourceType): string =>
  /[^aeiou]y$/.test(type) ? `${type.slice(0, -1)}ies` : `${type}s`;

const typeByNoun: ReadonlyMap<string, ResourceType> = new Map(resourceTypes.map((type) => [nounOf(type), type]));

/** The type of things that a permission's noun names: `agents:update` is about an `agent`. Undefined where there is no such type. */
export const typeOf = (permission: Permission): ResourceType | undefined =>
  typeByNoun.get(permission.slice(0, permission.indexOf(":")));

/** What a permission lets do: `update`. */
export const actionOf = (permission: Permission): string => permission.slice(permission.indexOf(":") + 1);
