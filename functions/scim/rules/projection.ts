import { isObject } from "./attributes.ts";
import { type AttributePath, parsePath } from "./grammar.ts";

type Resource = Readonly<Record<string, unknown>>;

/** Parts of a resource by lower-case name: all of one, or some of its parts. */
type Selection = Map<string, Selection | "all">;

/** Returned whatever was asked for (RFC 7643, 7: returned "always"). */
const always = ["id", "schemas"];

/**
 * A resource with the attributes that were asked for, without those that were not wanted (RFC 7644, 3.9). Both are lists
 * with commas of names, with parts (`name.givenName`) and schemas' names; unknown ones are passed over.
 */
export function project(
  resource: Resource,
  { attributes, excludedAttributes }: { readonly attributes?: string; readonly excludedAttributes?: string },
): Resource {
  const wanted = selectionOf(attributes);
  const refused = selectionOf(excludedAttributes);
  for (const name of always) {
    refused?.delete(name);
    wanted?.set(name, "all");
  }
  const kept = wanted === undefined ? resource : only(resource, wanted);
  return refused === undefined ? kept : except(kept, refused);
}

function selectionOf(list: string | undefined): Selection | undefined {
  if (list === undefined || list.trim() === "") return undefined;
  const selection: Selection = new Map();
  for (const name of list.split(",")) {
    const path = pathOf(name);
    if (path === undefined || path.where !== undefined) continue;
    const names = [path.schema, path.name, path.sub].filter((part) => part !== undefined);
    select(
      selection,
      names.map((part) => part.toLowerCase()),
    );
  }
  return selection;
}

function pathOf(name: string): AttributePath | undefined {
  try {
    return parsePath(name);
  } catch {
    return undefined;
  }
}

function select(selection: Selection, [name, ...rest]: readonly string[]): void {
  if (name === undefined) return;
  const there = selection.get(name);
  if (rest.length === 0) selection.set(name, "all");
  else if (there !== "all") {
    const inner: Selection = there ?? new Map();
    selection.set(name, inner);
    select(inner, rest);
  }
}

const parts = (value: Resource, part: (name: string, value: unknown) => unknown): Resource =>
  Object.fromEntries(
    Object.entries(value)
      .map(([name, inner]) => [name, part(name, inner)] as const)
      .filter(([, inner]) => inner !== undefined),
  );

function only(value: Resource, wanted: Selection): Resource {
  return parts(value, (name, inner) => {
    const taken = wanted.get(name.toLowerCase());
    return taken === undefined || taken === "all" ? taken && inner : deeper(inner, (part) => only(part, taken));
  });
}

function except(value: Resource, refused: Selection): Resource {
  return parts(value, (name, inner) => {
    const taken = refused.get(name.toLowerCase());
    if (taken === "all") return undefined;
    return taken === undefined ? inner : deeper(inner, (part) => except(part, taken));
  });
}

/** The same for an object and for each of a list; an object of which nothing is left is left out. */
function deeper(value: unknown, change: (part: Resource) => Resource): unknown {
  if (Array.isArray(value)) {
    const list = value.map((element) => deeper(element, change)).filter((element) => element !== undefined);
    return list.length === 0 ? undefined : list;
  }
  if (!isObject(value)) return undefined;
  const changed = change(value);
  return Object.keys(changed).length === 0 ? undefined : changed;
}
