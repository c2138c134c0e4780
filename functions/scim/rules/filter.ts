import { type Attribute, anyResource, isObject, memberOf, partOf } from "./attributes.ts";
import { folded } from "./fold.ts";
import type { AttributePath, Filter, Literal, Operator } from "./grammar.ts";

export { type Filter, parseFilter } from "./grammar.ts";

/**
 * Whether a resource is what a filter asks for (RFC 7644, 3.4.2.2). Of a list one element that matches is enough. Texts
 * compare without case unless the attribute is exact, dates as dates. What is missing equals no value and differs from
 * every one; `null` stands for missing.
 */
export function matches(filter: Filter, resource: unknown): boolean {
  return holds(filter, resource, anyResource);
}

/** The same for an element of a list, in whose filter the names are those of its parts. */
export function matchesElement(filter: Filter, element: unknown, list: Attribute): boolean {
  return holds(filter, element, list);
}

function holds(filter: Filter, value: unknown, attribute: Attribute | undefined): boolean {
  switch (filter.kind) {
    case "and":
      return filter.parts.every((part) => holds(part, value, attribute));
    case "or":
      return filter.parts.some((part) => holds(part, value, attribute));
    case "not":
      return !holds(filter.part, value, attribute);
    case "some":
      return valuesAt(filter.path, value, attribute).values.length > 0;
    case "present":
      return valuesAt(filter.path, value, attribute).values.some(present);
    case "compare": {
      const found = valuesAt(filter.path, value, attribute);
      return compared(found, filter.operator, filter.value);
    }
  }
}

interface Found {
  readonly values: readonly unknown[];
  readonly attribute: Attribute | undefined;
}

function valuesAt(path: AttributePath, value: unknown, attribute: Attribute | undefined): Found {
  const start = { values: [value], attribute };
  const holder = path.schema === undefined ? start : into(start, path.schema);
  const whole = into(holder, path.name);
  const { where } = path;
  const taken =
    where === undefined
      ? whole
      : { ...whole, values: whole.values.filter((element) => holds(where, element, whole.attribute)) };
  return path.sub === undefined ? taken : into(taken, path.sub);
}

function into({ values, attribute }: Found, name: string): Found {
  const isValue = name.toLowerCase() === "value";
  const inner = values.flatMap((value) => {
    // A plain value has no part but itself.
    const part = isObject(value) || !isValue ? memberOf(value, name) : value;
    return Array.isArray(part) ? part : [part];
  });
  return {
    values: inner.filter((value) => value !== undefined && value !== null),
    attribute: isValue && attribute?.type !== "complex" ? attribute : partOf(attribute, name),
  };
}

function present(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(present);
  if (isObject(value)) return Object.values(value).some(present);
  return value !== undefined && value !== null && value !== "";
}

function compared({ values, attribute }: Found, operator: Operator, sought: Literal): boolean {
  if (sought === null) return values.some(present) === (operator === "ne");
  // A complex value compares by its part "value": `emails co "@example.com"`.
  const leaves = values
    .map((value) => (isObject(value) ? memberOf(value, "value") : value))
    .filter((value) => value !== undefined && value !== null);
  const leaf = attribute?.type === "complex" ? partOf(attribute, "value") : attribute;
  if (operator === "ne") return leaves.length === 0 || leaves.some((value) => !test(value, "eq", sought, leaf));
  return leaves.some((value) => test(value, operator, sought, leaf));
}

function test(value: unknown, operator: Operator, sought: Literal, attribute: Attribute | undefined): boolean {
  // Directories write booleans as texts: roles[primary eq "True"].
  if (typeof value === "boolean") return operator === "eq" && String(value) === String(sought).toLowerCase();
  if (typeof value === "number" && typeof sought === "number") return ordered(value, operator, sought);
  if (typeof value !== "string" || typeof sought !== "string") return false;
  if (attribute?.type === "dateTime" && !/^(co|sw|ew)$/.test(operator)) {
    return ordered(Date.parse(value), operator, Date.parse(sought));
  }
  const [own, other] = attribute?.caseExact ? [value, sought] : [folded(value), folded(sought)];
  if (operator === "co") return own.includes(other);
  if (operator === "sw") return own.startsWith(other);
  if (operator === "ew") return own.endsWith(other);
  return ordered(own, operator, other);
}

function ordered<T extends string | number>(own: T, operator: Operator, other: T): boolean {
  if (operator === "eq") return own === other;
  if (operator === "gt") return own > other;
  if (operator === "ge") return own >= other;
  if (operator === "lt") return own < other;
  return operator === "le" && own <= other;
}

const lookups = ["userName", "externalId", "id", "displayName", "emails.value"] as const;

export interface Lookup {
  readonly attribute: (typeof lookups)[number];
  readonly value: string;
}

/**
 * The one value by which a filter finds what it asks for, where it is exactly one equality with an attribute that is looked
 * up: what directories send before they write. An address that is asked for of one type is looked up in all: test what
 * was found with `matches`.
 */
export function lookupOf(filter: Filter): Lookup | undefined {
  if (filter.kind !== "compare" || filter.operator !== "eq" || typeof filter.value !== "string") return undefined;
  const { schema, name, where, sub } = filter.path;
  if (schema !== undefined || (where !== undefined && !isWork(where))) return undefined;
  const written = [name, ...(sub === undefined ? [] : [sub])].join(".").toLowerCase();
  const sought = written === "emails" && where === undefined ? "emails.value" : written;
  const attribute = lookups.find((one) => one.toLowerCase() === sought);
  if (attribute === undefined || (where !== undefined && attribute !== "emails.value")) return undefined;
  return { attribute, value: filter.value };
}

const isWork = (where: Filter): boolean =>
  where.kind === "compare" &&
  where.operator === "eq" &&
  where.path.name.toLowerCase() === "type" &&
  where.path.sub === undefined &&
  where.path.schema === undefined &&
  String(where.value).toLowerCase() === "work";
