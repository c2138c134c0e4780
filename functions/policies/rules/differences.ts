import { canonicalJson, isObject } from "../../../shared/expressions/json.ts";

export interface Difference {
  readonly path: string;
  readonly old: unknown;
  readonly new: unknown;
}

/** Where two JSON values differ, field by field, conditions of a group by their place; null where there is none. Lists of values are one field. */
export function differences(old: unknown, next: unknown, path = ""): Difference[] {
  if (canonicalJson(old ?? null) === canonicalJson(next ?? null)) return [];
  const at = (name: string | number) => (path === "" ? String(name) : `${path}.${name}`);
  const [before, after] = [membersOf(old), membersOf(next)];
  if (before === undefined || after === undefined || Array.isArray(old) !== Array.isArray(next))
    return [{ path, old: old ?? null, new: next ?? null }];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) => differences(before[name], after[name], at(name)));
}

/** The members of an object, of a list of objects, and of nothing at the top; undefined of a value. */
function membersOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (isObject(value)) return value;
  return Array.isArray(value) && value.every(isObject) ? Object.fromEntries(value.entries()) : undefined;
}
