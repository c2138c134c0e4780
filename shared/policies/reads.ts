import { isObject } from "../expressions/json.ts";
import { isAlways, type PolicyComparison, type PolicyConditions } from "./language.ts";

/** Every comparison of these conditions, from left to right. Total: what is no condition has none. */
export function* comparisonsOf(conditions: PolicyConditions): Generator<PolicyComparison> {
  if (isObject(conditions) && !isAlways(conditions)) yield* within(conditions);
}

function* within(part: unknown): Generator<PolicyComparison> {
  if (!isObject(part)) return;
  if ("not" in part) yield* within(part.not);
  else if ("all" in part || "any" in part) {
    const members: unknown = "all" in part ? part.all : part.any;
    if (Array.isArray(members)) for (const member of members) yield* within(member);
  } else if (typeof part.path === "string") yield part as unknown as PolicyComparison;
}

/** The paths of all attributes that conditions look at, on either side. */
export function attributesRead(conditions: PolicyConditions): Set<string> {
  const paths = new Set<string>();
  for (const { path, value } of comparisonsOf(conditions)) {
    paths.add(path);
    if (isObject(value) && value.$ref === "attribute" && typeof value.path === "string") paths.add(value.path);
  }
  return paths;
}

/** A reference to things of the organization's, and where it stands. */
export interface FoundReference {
  readonly type: string;
  readonly ids: readonly string[];
}

/** Every reference to things that the conditions hold. */
export function referencesIn(conditions: PolicyConditions): FoundReference[] {
  const found: FoundReference[] = [];
  for (const { value } of comparisonsOf(conditions)) {
    if (!isObject(value) || value.$ref !== "resource" || typeof value.type !== "string") continue;
    const ids = Array.isArray(value.ids) ? value.ids : [value.id];
    found.push({ type: value.type, ids: ids.filter((id) => typeof id === "string") });
  }
  return found;
}
