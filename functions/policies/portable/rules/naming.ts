import { isBuiltInRole } from "../../../../shared/access/roles.ts";
import { isObject } from "../../../../shared/expressions/json.ts";
import { attributes } from "../../../../shared/policies/attributes.ts";

/**
 * Roles of an organization's own and teams have other ids in every organization: a document calls them by their names. Where an id
 * would stand, there is `{"name": "Sales"}` then; of what kind it is follows from where it stands.
 */

export type NamedType = "role" | "team";

/** What stands in the place of an id, or of a name. */
export type Swap = (type: NamedType, value: unknown, path: string) => unknown;

const WHOLE: ReadonlySet<unknown> = new Set(["eq", "ne", "in", "not_in", "contains", "not_contains"]);

const isNamedType = (type: unknown): type is NamedType => type === "role" || type === "team";

/** Conditions with every place at which a role or a team is named swapped. Total: what is no condition is left as it is. */
export function swapConditions(part: unknown, swap: Swap, at: string): unknown {
  if (!isObject(part)) return part;
  return Object.fromEntries(
    Object.entries(part).map(([name, value]) => {
      const path = `${at}.${name}`;
      if ((name === "all" || name === "any") && Array.isArray(value))
        return [name, value.map((one, index) => swapConditions(one, swap, `${path}.${index}`))];
      if (name === "not") return [name, swapConditions(value, swap, path)];
      return [name, name === "value" && typeof part.path === "string" ? swapValue(part, swap, path) : value];
    }),
  );
}

function swapValue({ path, op, value }: Readonly<Record<string, unknown>>, swap: Swap, at: string): unknown {
  if (isObject(value) && value.$ref === "resource" && isNamedType(value.type)) {
    const { type } = value;
    const id = value.id === undefined ? {} : { id: swapped(type, value.id, swap, `${at}.id`) };
    const ids = value.ids === undefined ? {} : { ids: swapped(type, value.ids, swap, `${at}.ids`) };
    return { ...value, ...id, ...ids };
  }
  const refers = attributes.get(String(path))?.refers;
  return isNamedType(refers) && WHOLE.has(op) ? swapped(refers, value, swap, at) : value;
}

const swapped = (type: NamedType, value: unknown, swap: Swap, at: string): unknown =>
  Array.isArray(value) ? value.map((one, index) => swap(type, one, `${at}.${index}`)) : swap(type, value, at);

/** Whom somebody describes, with their role and their teams swapped. */
export function swapPrincipal(
  principal: Readonly<Record<string, unknown>>,
  swap: Swap,
  at: string,
): Record<string, unknown> {
  const { role, teams } = principal;
  return {
    ...principal,
    ...(role === undefined ? {} : { role: swapped("role", role, swap, `${at}.role`) }),
    ...(teams === undefined ? {} : { teams: swapped("team", teams, swap, `${at}.teams`) }),
  };
}

/** Names in the place of ids; what has none, and built-in roles, stay as they are. */
export const byName =
  (nameOf: (type: NamedType, id: string) => string | undefined): Swap =>
  (type, value) => {
    const name = typeof value === "string" && !isBuiltInRole(value) ? nameOf(type, value) : undefined;
    return name === undefined ? value : { name };
  };

/** The name that stands in the place of an id. */
export const nameIn = (value: unknown): string | undefined =>
  isObject(value) && typeof value.name === "string" && Object.keys(value).length === 1 ? value.name : undefined;

/** Ids in the place of names; what there is none of stays as it is. */
export const byId =
  (idOf: (type: NamedType, name: string) => string | undefined): Swap =>
  (type, value) => {
    const name = nameIn(value);
    return name === undefined ? value : (idOf(type, name) ?? value);
  };
