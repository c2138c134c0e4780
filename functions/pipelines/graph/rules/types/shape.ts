/**
 * What values there can be at a place of a graph: every value that may come is in its shape, and perhaps more. So an empty
 * shape is a certain "never", and everything else a "perhaps". Whatever this does not understand makes a shape wider, not narrower.
 */

export type Part =
  | { readonly type: "null" }
  | { readonly type: "boolean"; readonly value?: boolean }
  | NumberPart
  | TextPart
  | ListPart
  | ObjectPart;

export interface NumberPart {
  readonly type: "number";
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
}

export interface TextPart {
  readonly type: "string";
  /** In characters, as JSON Schema counts them. */
  readonly min: number;
  readonly max: number;
  /** Only these, where they are known. */
  readonly values?: ReadonlySet<string>;
}

export interface ListPart {
  readonly type: "array";
  readonly first: readonly Shape[];
  readonly rest: Shape;
  readonly min: number;
  readonly max: number;
}

export interface ObjectPart {
  readonly type: "object";
  readonly members: ReadonlyMap<string, Shape>;
  readonly rest: Shape;
  readonly required: ReadonlySet<string>;
}

/** One of the parts; none of them: no value at all. */
export type Shape = readonly Part[];

export const NEVER: Shape = [];

const any: Part[] = [];
/** Every value. */
export const ANY: Shape = any;

export const anyNumber: NumberPart = { type: "number", min: -Infinity, max: Infinity, whole: false };
export const anyText: TextPart = { type: "string", min: 0, max: Infinity };
export const anyList: ListPart = { type: "array", first: [], rest: ANY, min: 0, max: Infinity };
export const anyObject: ObjectPart = { type: "object", members: new Map(), rest: ANY, required: new Set() };
const anyOfType: Readonly<Record<Part["type"], Part>> = {
  null: { type: "null" },
  boolean: { type: "boolean" },
  number: anyNumber,
  string: anyText,
  array: anyList,
  object: anyObject,
};
any.push(...Object.values(anyOfType));

export const ofType = (type: Part["type"]): Part => anyOfType[type];

/** More alternatives than these are not told apart any more. */
const MOST_PARTS = 48;

/** What is in one of the shapes. */
export function union(...shapes: readonly Shape[]): Shape {
  let only = NEVER;
  let several = false;
  for (const shape of shapes) {
    if (shape === ANY) return ANY;
    if (only.length === 0) only = shape;
    else several ||= shape.length > 0 && shape !== only;
  }
  if (!several) return only;
  const parts = [...new Set(shapes.flat())];
  if (parts.length <= MOST_PARTS) return parts;
  const types = new Set(parts.map(({ type }) => type));
  return types.size === any.length ? ANY : [...types].map(ofType);
}

/** An object with these members and no others; those in `required` are always there. */
export const closed = (members: Iterable<readonly [string, Shape]>, required?: Iterable<string>): Shape => [
  {
    type: "object",
    members: new Map(members),
    rest: NEVER,
    required: required === undefined ? anyObject.required : new Set(required),
  },
];

const lengthOf = (text: string): number => [...text].length;

/** The shape of one JSON value; of what is none, every value. */
export function literal(value: unknown, depth = 0): Shape {
  if (depth > 32) return ANY;
  if (value === null) return [ofType("null")];
  if (typeof value === "boolean") return [{ type: "boolean", value }];
  if (typeof value === "number")
    return Number.isFinite(value) ? [{ type: "number", min: value, max: value, whole: Number.isInteger(value) }] : ANY;
  if (typeof value === "string") {
    const length = lengthOf(value);
    return [{ type: "string", min: length, max: length, values: new Set([value]) }];
  }
  if (Array.isArray(value)) {
    const first = value.map((item) => literal(item, depth + 1));
    return [{ type: "array", first, rest: NEVER, min: first.length, max: first.length }];
  }
  if (typeof value !== "object") return ANY;
  const members = Object.entries(value).map(([name, member]) => [name, literal(member, depth + 1)] as const);
  return closed(
    members,
    members.map(([name]) => name),
  );
}

/** The shape of values like this one: with its members and their types, whatever the values. */
export function like(value: unknown, depth = 0): Shape {
  if (Array.isArray(value)) return [anyList];
  if (typeof value !== "object" || value === null || depth > 32) return literal(value).map(({ type }) => ofType(type));
  const members = Object.entries(value).map(([name, member]) => [name, like(member, depth + 1)] as const);
  return closed(
    members,
    members.map(([name]) => name),
  );
}

/** What is in both shapes, or more; empty where no value is in both. */
export function meet(a: Shape, b: Shape): Shape {
  if (a === ANY || a === b) return b;
  if (b === ANY) return a;
  if (a.length * b.length > 1_024) return a.some((one) => b.some(({ type }) => type === one.type)) ? a : NEVER;
  const parts = a.flatMap((one) => b.flatMap((other) => meetParts(one, other)));
  return parts.length <= MOST_PARTS ? parts : a;
}

function meetParts(a: Part, b: Part): readonly Part[] {
  if (a === b) return [a];
  if (a.type === "number" && b.type === "number") {
    const [min, max, whole] = [Math.max(a.min, b.min), Math.min(a.max, b.max), a.whole || b.whole];
    return hasNumber(min, max, whole) ? [{ type: "number", min, max, whole }] : [];
  }
  if (a.type === "string" && b.type === "string") return meetTexts(a, b);
  if (a.type === "boolean" && b.type === "boolean") {
    if (a.value !== undefined && b.value !== undefined) return a.value === b.value ? [a] : [];
    return [a.value === undefined ? b : a];
  }
  if (a.type === "array" && b.type === "array") return meetLists(a, b);
  if (a.type === "object" && b.type === "object") return meetObjects(a, b);
  return a.type === b.type ? [a] : [];
}

const hasNumber = (min: number, max: number, whole: boolean): boolean =>
  whole ? Math.ceil(min) <= Math.floor(max) : min <= max;

function meetTexts(a: TextPart, b: TextPart): readonly Part[] {
  const [min, max] = [Math.max(a.min, b.min), Math.min(a.max, b.max)];
  if (min > max) return [];
  const known = a.values ?? b.values;
  if (known === undefined) return [{ type: "string", min, max }];
  const values = [...known].filter((text) => {
    const length = lengthOf(text);
    return length >= min && length <= max && (b.values?.has(text) ?? true);
  });
  return values.length === 0 ? [] : [{ type: "string", min, max, values: new Set(values) }];
}

function meetLists(a: ListPart, b: ListPart): readonly Part[] {
  const first = Array.from({ length: Math.max(a.first.length, b.first.length) }, (_, i) =>
    meet(a.first[i] ?? a.rest, b.first[i] ?? b.rest),
  );
  return listPart({
    first,
    rest: meet(a.rest, b.rest),
    min: Math.max(a.min, b.min),
    max: Math.min(a.max, b.max),
  });
}

/** A list, unless it would have to have a member where none can be. */
export function listPart({ first, rest, min, max }: Omit<ListPart, "type">): readonly Part[] {
  const gap = first.findIndex((member) => member.length === 0);
  const ends = gap !== -1 ? gap : rest.length === 0 ? first.length : Infinity;
  const most = Math.min(max, ends);
  return min > most ? [] : [{ type: "array", first, rest, min, max: most }];
}

function meetObjects(a: ObjectPart, b: ObjectPart): readonly Part[] {
  const members = new Map<string, Shape>();
  for (const name of new Set([...a.members.keys(), ...b.members.keys()]))
    members.set(name, meet(a.members.get(name) ?? a.rest, b.members.get(name) ?? b.rest));
  return objectPart({ members, rest: meet(a.rest, b.rest), required: a.required.union(b.required) });
}

/** An object, unless a member that it must have cannot be. */
export function objectPart({ members, rest, required }: Omit<ObjectPart, "type">): readonly Part[] {
  for (const name of required) if ((members.get(name) ?? rest).length === 0) return [];
  return [{ type: "object", members, rest, required }];
}

/** What may stand at a name or an index; empty where nothing can. */
export const memberAt = (shape: Shape, segment: string): Shape =>
  shape === ANY
    ? ANY
    : union(
        ...shape.map((part): Shape => {
          if (part.type === "object") return part.members.get(segment) ?? part.rest;
          if (part.type !== "array" || !/^\d{1,9}$/.test(segment)) return NEVER;
          return Number(segment) < part.max ? (part.first[Number(segment)] ?? part.rest) : NEVER;
        }),
      );

/** The same as an expression reads a name: of the members of a list, whose lists it opens too. */
export function mappedAt(shape: Shape, name: string, depth = 0): Shape {
  if (shape === ANY || depth > 8) return ANY;
  return union(
    ...shape.map((part): Shape => {
      if (part.type === "object") return part.members.get(name) ?? part.rest;
      if (part.type !== "array") return NEVER;
      return union(...[...part.first, part.rest].map((member) => mappedAt(member, name, depth + 1)));
    }),
  );
}

/** The names that members of its objects have, for messages. */
export const namesIn = (shape: Shape): string[] => [
  ...new Set(shape.flatMap((part) => (part.type === "object" ? [...part.members.keys()] : []))),
];

/** `text, number or object`: for messages. */
export function words(shape: Shape): string {
  const known = { string: "text", array: "list", number: "number", boolean: "boolean", object: "object", null: "null" };
  const types = [...new Set(shape.map(({ type }) => known[type]))];
  return types.length === 0 ? "nothing" : new Intl.ListFormat("en", { type: "disjunction" }).format(types);
}
