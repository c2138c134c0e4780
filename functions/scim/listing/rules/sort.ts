import { type Attribute, isObject, memberOf, partOf } from "../../rules/attributes.ts";
import { folded } from "../../rules/fold.ts";
import { parsePath } from "../../rules/grammar.ts";

/**
 * Resources in the order of an attribute (RFC 7644, 3.4.2.3): of a list its preferred element, else the first; texts
 * without case unless the attribute is exact; those that have none last, or first where the order is descending. Equal ones
 * stay in their order.
 * @throws ScimError invalidPath
 */
export function sorted<T>(
  list: readonly T[],
  by: string,
  order: string | undefined,
  schema: Attribute,
  resourceOf: (one: T) => unknown,
): T[] {
  const path = parsePath(by);
  const names = [path.schema, path.name, path.sub].filter((name) => name !== undefined);
  const keys = new Map(list.map((one) => [one, keyAt(resourceOf(one), names, schema)]));
  const sign = order?.toLowerCase() === "descending" ? -1 : 1;
  return list.toSorted((a, b) => sign * compare(keys.get(a), keys.get(b)));
}

function keyAt(
  value: unknown,
  [name, ...rest]: readonly string[],
  attribute: Attribute | undefined,
): string | undefined {
  if (Array.isArray(value)) {
    const preferred = value.find((element) => memberOf(element, "primary") === true) ?? value[0];
    return keyAt(preferred, name === undefined ? [] : [name, ...rest], attribute);
  }
  if (name !== undefined) return keyAt(memberOf(value, name), rest, partOf(attribute, name));
  const leaf = isObject(value) ? memberOf(value, "value") : value;
  if (leaf === undefined || leaf === null || isObject(leaf)) return undefined;
  const exact = (isObject(value) ? partOf(attribute, "value") : attribute)?.caseExact ?? false;
  return exact ? String(leaf) : folded(String(leaf));
}

function compare(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  return a < b ? -1 : 1;
}
