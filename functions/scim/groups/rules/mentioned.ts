import { isObject, memberOf } from "../../rules/attributes.ts";
import { type AttributePath, type Filter, parsePath } from "../../rules/grammar.ts";
import { MOST_TEXT } from "../../rules/reading.ts";

/** More than a group has are none of these. */
const MOST = 5_000;

/**
 * The ids of members that a change is about, so that nobody else of a large group has to be read; `undefined` where it is
 * about all of them.
 */
export function mentionedMembers(operations: unknown): readonly string[] | undefined {
  if (!Array.isArray(operations)) return [];
  const ids: string[] = [];
  for (const operation of operations) {
    const found = mentioned(operation);
    if (found === undefined) return undefined;
    ids.push(...found);
  }
  const different = [...new Set(ids)];
  return different.length > MOST ? undefined : different;
}

function mentioned(operation: unknown): readonly string[] | undefined {
  const op = String(memberOf(operation, "op")).toLowerCase();
  const value = memberOf(operation, "value");
  const path = memberOf(operation, "path");
  if (typeof path !== "string" || path === "") {
    const members = memberOf(value, "members");
    if (members === undefined) return [];
    return op === "add" ? idsIn(members) : undefined;
  }
  const parsed = pathOf(path);
  if (parsed === undefined || parsed.name.toLowerCase() !== "members") return [];
  if (parsed.where !== undefined) {
    const id = comparedId(parsed.where);
    return id === undefined ? undefined : [id];
  }
  if (parsed.sub !== undefined || op === "replace") return undefined;
  return value === undefined || value === null ? undefined : idsIn(value);
}

function pathOf(text: string): AttributePath | undefined {
  try {
    return parsePath(text);
  } catch {
    return undefined;
  }
}

/** Ids as clients write them: elements with a value, or ids alone. */
function idsIn(value: unknown): readonly string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.flatMap((element) => {
    const id = isObject(element) ? memberOf(element, "value") : element;
    return typeof id === "string" && id !== "" && id.length <= MOST_TEXT ? [id] : [];
  });
}

/** The id that a filter of elements asks for, where it asks for one and nothing else. */
const comparedId = (where: Filter): string | undefined =>
  where.kind === "compare" && where.operator === "eq" && where.path.name.toLowerCase() === "value"
    ? idsIn(where.value)[0]
    : undefined;

/** The member that a condition of a list's filter asks for: `members eq "x"`, `members.value eq "x"`, `members[value eq "x"]`. */
export function memberAskedFor(filter: Filter): string | undefined {
  if (filter.kind === "some") {
    const { where, name } = filter.path;
    return name.toLowerCase() === "members" && where !== undefined ? comparedId(where) : undefined;
  }
  if (filter.kind !== "compare" || filter.operator !== "eq" || typeof filter.value !== "string") return undefined;
  const { name, sub = "value", schema, where } = filter.path;
  const members = name.toLowerCase() === "members" && sub.toLowerCase() === "value";
  return members && schema === undefined && where === undefined ? filter.value : undefined;
}
