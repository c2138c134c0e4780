import { isDeepStrictEqual } from "node:util";
import { type Attribute, isObject, memberOf, partOf } from "./attributes.ts";
import { folded } from "./fold.ts";
import type { Filter } from "./grammar.ts";
import { readValue } from "./reading.ts";

type Element = Readonly<Record<string, unknown>>;

/** What tells elements apart: their value, in lower case unless it is exact. */
function keyOf(attribute: Attribute, element: unknown): unknown {
  const value = memberOf(element, "value");
  return typeof value === "string" && !partOf(attribute, "value")?.caseExact ? folded(value) : value;
}

/**
 * A list with more elements. One that is there already, by its id, or by its value and by its type where both say one,
 * is not there twice: what the new one says besides is written over it, and one that says nothing new stays the same object.
 */
export function added(attribute: Attribute, list: readonly unknown[], more: readonly unknown[]): readonly unknown[] {
  const result = [...list];
  const byId = partOf(attribute, "value")?.caseExact ?? false;
  const places = new Map<unknown, number[]>();
  const place = (element: unknown, index: number) => {
    const key = keyOf(attribute, element);
    places.set(key, [...(places.get(key) ?? []), index]);
  };
  result.forEach(place);
  for (const element of more) {
    if (memberOf(element, "value") === undefined) continue;
    const there = (places.get(keyOf(attribute, element)) ?? []).find(
      (index) => byId || sameType(result[index], element),
    );
    if (there === undefined) {
      place(element, result.length);
      result.push(element);
      continue;
    }
    const both = { ...(result[there] as Element), ...(element as Element) };
    if (!isDeepStrictEqual(both, result[there])) result[there] = both;
  }
  return result;
}

/** A list without the elements that have the values of others. */
export function without(attribute: Attribute, list: readonly unknown[], gone: readonly unknown[]): readonly unknown[] {
  const keys = new Set(gone.map((element) => keyOf(attribute, element)));
  return list.filter((element) => !keys.has(keyOf(attribute, element)));
}

function sameType(one: unknown, other: unknown): boolean {
  const types = [one, other].map((element) => memberOf(element, "type"));
  return types.includes(undefined) || String(types[0]).toLowerCase() === String(types[1]).toLowerCase();
}

/**
 * The element that a filter describes, where it does so by equalities alone: `type eq "work" and primary eq true`.
 * `undefined` for every other filter.
 */
export function elementOf(where: Filter, list: Attribute): Element | undefined {
  if (where.kind === "and") {
    const parts = where.parts.map((part) => elementOf(part, list));
    return parts.includes(undefined) ? undefined : Object.assign({}, ...parts);
  }
  if (where.kind !== "compare" || where.operator !== "eq" || where.path.sub !== undefined) return undefined;
  const attribute = partOf(list, where.path.name);
  if (attribute === undefined || where.path.schema !== undefined) return undefined;
  const value = readValue(attribute, where.value);
  return value === undefined ? undefined : { [attribute.name]: value };
}

/** A resource without the elements of lists that have no value, such as a type that was left when its value was removed. */
export function withoutEmpty(schema: Attribute, resource: Element): Element {
  const lists = (schema.subAttributes ?? []).filter(({ multiValued, type }) => multiValued && type === "complex");
  const result: Record<string, unknown> = { ...resource };
  for (const { name } of lists) {
    const list = result[name];
    if (!Array.isArray(list)) continue;
    const kept = list.filter((element) => !isObject(element) || element.value !== undefined);
    if (kept.length === 0) delete result[name];
    else if (kept.length < list.length) result[name] = kept;
  }
  return result;
}
