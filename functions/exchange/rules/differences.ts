import { canonicalJson, isObject } from "../../../shared/expressions/json.ts";

export interface Difference {
  readonly path: string;
  readonly old: string | number | boolean | null;
  readonly new: string | number | boolean | null;
}

/** Longer values are not shown: whoever asks has the document. */
const LONGEST = 200;

const shown = (value: unknown): Difference["old"] =>
  typeof value === "number" || typeof value === "boolean" || (typeof value === "string" && value.length <= LONGEST)
    ? value
    : null;

/** What the members of a list are called, where all have different names. */
function keysOf(list: readonly unknown[]): string[] | undefined {
  const keys = list.map((member) => (isObject(member) ? (member.id ?? member.name) : undefined));
  const named = keys.filter((key): key is string => typeof key === "string");
  return named.length === list.length && new Set(named).size === list.length ? named : undefined;
}

/** Where two JSON values differ, field by field; members of lists by their ids or names, where they have such. */
export function differences(old: unknown, next: unknown, path = ""): Difference[] {
  if (canonicalJson(old ?? null) === canonicalJson(next ?? null)) return [];
  const at = (name: string) => (path === "" ? name : `${path}.${name}`);
  if (isObject(old) && isObject(next)) {
    const names = [...new Set([...Object.keys(old), ...Object.keys(next)])].sort();
    return names.flatMap((name) => differences(old[name], next[name], at(name)));
  }
  if (Array.isArray(old) && Array.isArray(next)) {
    const [before, after] = [keysOf(old), keysOf(next)];
    if (before !== undefined && after !== undefined && before.length + after.length > 0) {
      const names = [...new Set([...before, ...after])];
      const found = names.flatMap((name) =>
        differences(old[before.indexOf(name)], next[after.indexOf(name)], at(name)),
      );
      // The same members in another order.
      if (found.length > 0) return found;
    }
  }
  return [{ path, old: shown(old), new: shown(next) }];
}
