import type { Permission } from "../../../shared/access/permissions.ts";
import { isObject } from "../../../shared/expressions/json.ts";
import { idPrefixes } from "../../../shared/ids.ts";
import { attributes, type ReferableType, referableTypes } from "../../../shared/policies/attributes.ts";
import {
  type Assignment,
  isAlways,
  type PolicyComparison,
  type PolicyConditions,
} from "../../../shared/policies/language.ts";

/** Where conditions and assignments name things of the organization's. */
export interface Reference {
  /** `conditions.all.0.value.ids.1`, `assignments.2.id`. */
  readonly path: string;
  readonly type: ReferableType;
  readonly id: string;
  /** What it was called when it was said; undefined where that was not said. */
  readonly called?: string | undefined;
}

/** Who may see what a thing of each type is called. */
export const namesThings = {
  agent: "agents:read",
  pipeline: "pipelines:read",
  team: "teams:read",
  user: "users:read",
  workspace: "workspaces:read",
  role: "roles:read",
  api_key: "api_keys:read",
} as const satisfies Record<ReferableType, Permission>;
export type NamesThings = (typeof namesThings)[ReferableType];
export const seesNames: readonly NamesThings[] = Object.values(namesThings);

/** Operators by which a whole id is compared. */
const WHOLE: ReadonlySet<string> = new Set(["eq", "ne", "in", "not_in", "contains", "not_contains"]);

const typeByPrefix = new Map<string, ReferableType>(referableTypes.map((type) => [idPrefixes[type], type]));

/** The type of the things that have such ids. */
const typeOfId = (id: string): ReferableType | undefined => typeByPrefix.get(id.slice(0, id.indexOf("_")));

/** Every reference of conditions, from left to right: those that say that they are one, and ids that an attribute is compared with. */
export function* referencesOf(conditions: PolicyConditions): Generator<Reference> {
  for (const { at, comparison } of placesIn(conditions)) {
    const { path, op, value } = comparison;
    const refers = attributes.get(path)?.refers;
    if (isObject(value)) {
      if (value.$ref === "resource" && isReferable(value.type)) yield* ofThings(value, value.type, `${at}.value`);
    } else if (refers !== undefined && WHOLE.has(op)) {
      for (const [place, id] of Array.isArray(value) ? value.entries() : [[undefined, value] as const]) {
        if (typeof id !== "string") continue;
        // A caller may be no user, and a thing is of any type: its id says which.
        const type = typeOfId(id) ?? (refers === "thing" ? undefined : refers);
        if (type !== undefined) yield { path: `${at}.value${place === undefined ? "" : `.${place}`}`, type, id };
      }
    }
  }
}

/** Whom a policy is for, as references. */
export function* assigned(assignments: readonly Assignment[]): Generator<Reference> {
  for (const [index, one] of assignments.entries())
    if (one.type !== "organization") yield { path: `assignments.${index}.id`, type: one.type, id: one.id };
}

const isReferable = (type: unknown): type is ReferableType => (referableTypes as readonly unknown[]).includes(type);

function* ofThings(value: Readonly<Record<string, unknown>>, type: ReferableType, at: string): Generator<Reference> {
  const { name, names } = isObject(value.display) ? value.display : {};
  if (typeof value.id === "string")
    yield { path: `${at}.id`, type, id: value.id, called: typeof name === "string" ? name : undefined };
  if (!Array.isArray(value.ids)) return;
  for (const [index, id] of value.ids.entries()) {
    const called: unknown = Array.isArray(names) ? names[index] : undefined;
    if (typeof id === "string")
      yield { path: `${at}.ids.${index}`, type, id, called: typeof called === "string" ? called : undefined };
  }
}

interface Placed {
  readonly at: string;
  readonly comparison: PolicyComparison;
}

/** Every comparison with its place. */
function* placesIn(part: PolicyConditions, at = "conditions"): Generator<Placed> {
  if (isAlways(part)) return;
  if ("not" in part) yield* placesIn(part.not as PolicyConditions, `${at}.not`);
  else if ("all" in part || "any" in part) {
    const group = "all" in part ? "all" : "any";
    const members = (part as Readonly<Record<string, readonly PolicyConditions[]>>)[group] ?? [];
    for (const [index, member] of members.entries()) yield* placesIn(member, `${at}.${group}.${index}`);
  } else yield { at, comparison: part as PolicyComparison };
}

/** What there is of a thing that was looked for. */
export interface Found {
  readonly name: string | null;
  /** Why it does nothing, where it is there and does not: "is archived". */
  readonly idle?: string | undefined;
}

/** How a reference stands: it names what is there; nothing; or what is not what it was. */
export function standingOf({ called }: Reference, found: Found | undefined) {
  if (found === undefined)
    return { status: "orphaned", detail: "There is no such thing in this organization." } as const;
  const { name, idle } = found;
  if (idle !== undefined) return { status: "changed", detail: `It ${idle}.` } as const;
  if (called !== undefined && name !== null && called !== name)
    return {
      status: "changed",
      detail: `It was called ${JSON.stringify(called)} and is called otherwise now.`,
    } as const;
  return { status: "valid", detail: null } as const;
}
