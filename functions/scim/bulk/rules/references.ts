import { isObject } from "../../rules/attributes.ts";

const REFERENCE = /^bulkId:(.+)$/;

/** The names of things made in the same request that a value or a path refers to (RFC 7644, 3.7.2). */
export function referencesIn(value: unknown): readonly string[] {
  if (typeof value === "string") {
    const name = REFERENCE.exec(value)?.[1];
    return name === undefined ? [] : [name];
  }
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  return isObject(value) ? Object.values(value).flatMap(referencesIn) : [];
}

/** The same value with ids in place of names. */
export function resolved(value: unknown, ids: ReadonlyMap<string, string>): unknown {
  if (typeof value === "string") return ids.get(REFERENCE.exec(value)?.[1] ?? "") ?? value;
  if (Array.isArray(value)) return value.map((one) => resolved(one, ids));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, resolved(one, ids)]));
}

/** What an operation of a bulk is about: `/Users`, `/Groups/tem_…`, `/Users/bulkId:ada`. */
export function targetOf(
  path: string,
): { readonly type: "Users" | "Groups"; readonly id: string | undefined } | undefined {
  const [, type, id] = /^\/(Users|Groups)(?:\/([^/?#]{1,200}))?$/.exec(path) ?? [];
  return type === "Users" || type === "Groups" ? { type, id } : undefined;
}
