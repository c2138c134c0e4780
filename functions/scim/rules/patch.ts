import { isDeepStrictEqual } from "node:util";
import { type Attribute, anyResource, isObject, memberOf, partOf } from "./attributes.ts";
import { invalidSyntax, invalidValue, mutability, noTarget, type ScimError } from "./error.ts";
import { matchesElement } from "./filter.ts";
import { type AttributePath, type Filter, parsePath } from "./grammar.ts";
import { added, elementOf, without, withoutEmpty } from "./lists.ts";
import { onePrimary } from "./primary.ts";
import { checkSize, readOne, readValue } from "./reading.ts";

export type Resource = Readonly<Record<string, unknown>>;

const MOST_OPERATIONS = 100;

type Op = "add" | "replace" | "remove";

/** One step of a path, with the filter that takes elements of its list. */
interface Step {
  readonly attribute: Attribute;
  readonly where?: Filter;
}

/** What becomes of a value where a path ends; `undefined` is nothing. */
type Change = (attribute: Attribute, value: unknown) => unknown;

/**
 * A resource after the operations of a PATCH, in their order (RFC 7644, 3.5.2), in the dialects of Entra and Okta, too.
 * Attributes that we do not keep are passed over, as in a new resource. The old one stays as it is.
 *
 * @param operations The member `Operations` of the request as it came.
 * @param schema The type of the resource, `userResource` or `groupResource`, where it is known.
 * @throws ScimError invalidSyntax, invalidPath, invalidValue, mutability, noTarget.
 */
export function applyPatch<T extends Resource>(resource: T, operations: unknown, schema = anyResource): T {
  if (!Array.isArray(operations) || operations.length === 0) throw invalidSyntax("Operations must be a list of some.");
  if (operations.length > MOST_OPERATIONS) throw invalidValue(`More than ${MOST_OPERATIONS} operations.`);
  const changed = operations.reduce((now: Resource, operation) => applied(now, operation, schema), { ...resource });
  return withoutEmpty(schema, changed) as T;
}

function applied(resource: Resource, operation: unknown, schema: Attribute): Resource {
  if (!isObject(operation)) throw invalidSyntax("An operation must be an object.");
  const op = opOf(memberOf(operation, "op"));
  const path = memberOf(operation, "path") ?? undefined;
  const value = memberOf(operation, "value");
  if (op !== "remove" && value === undefined) throw invalidValue(`The operation ${op} needs a value.`);
  if (path !== undefined && typeof path !== "string") throw invalidSyntax("path must be a text.");
  if (path !== undefined && path !== "") return at(resource, parsePath(path), op, value, schema);
  if (op === "remove") throw noTarget("The operation remove needs a path.");
  if (!isObject(value)) throw invalidValue("Without a path, value must be an object.");
  return Object.entries(value).reduce((now, [name, inner]) => {
    // Clients repeat the names of the schemas, of which there is nothing to change.
    const inPath = name.toLowerCase() === "schemas" ? undefined : pathIn(name);
    return inPath === undefined ? now : at(now, inPath, op, inner, schema);
  }, resource);
}

function opOf(value: unknown): Op {
  const op = typeof value === "string" ? value.toLowerCase() : "";
  if (op === "add" || op === "replace" || op === "remove") return op;
  throw invalidSyntax("op must be add, replace or remove.");
}

/** The path that a member's name is, in an operation that has none itself; one that is no path names nothing we keep. */
function pathIn(name: string): AttributePath | undefined {
  try {
    return parsePath(name);
  } catch {
    return undefined;
  }
}

function at(resource: Resource, path: AttributePath, op: Op, value: unknown, schema: Attribute): Resource {
  const steps = stepsOf(path, schema);
  const top = steps?.[0]?.attribute;
  if (steps === undefined || top === undefined) return resource;
  if (steps.some(({ attribute }) => attribute.mutability === "readOnly")) {
    // Okta repeats the id; what says nothing new is no change.
    if (steps.length === 1 && op !== "remove" && isDeepStrictEqual(resource[top.name], value)) return resource;
    throw mutability(`${top.name} can only be read.`);
  }
  const next = applyAt(resource, steps, changeOf(op, value), op);
  if (top.required && next[top.name] === undefined) throw required(op, top.name);
  return next;
}

const required = (op: Op, name: string): ScimError =>
  op === "remove" ? mutability(`${name} is required and cannot be removed.`) : invalidValue(`${name} is required.`);

function stepsOf(path: AttributePath, schema: Attribute): readonly Step[] | undefined {
  const names = [path.schema, path.name, path.sub].filter((name) => name !== undefined);
  const steps: Step[] = [];
  let holder = schema;
  for (const name of names) {
    const attribute = partOf(holder, name);
    if (attribute === undefined) return undefined;
    steps.push(name === path.name && path.where !== undefined ? { attribute, where: path.where } : { attribute });
    holder = attribute;
  }
  return steps;
}

function applyAt(value: unknown, steps: readonly Step[], change: Change, op: Op): Resource {
  const own: Resource = isObject(value) ? value : {};
  const [step, ...rest] = steps;
  if (step === undefined) return own;
  const { attribute, where } = step;
  const before = own[attribute.name];
  const inner = (part: unknown) => (rest.length === 0 ? change(attribute, part) : applyAt(part, rest, change, op));
  const inList = attribute.multiValued && (where !== undefined || rest.length > 0);
  const after = inList ? inElements(attribute, before, where, inner, op) : inner(before);
  return withPart(own, attribute, before, after);
}

/** The object with a part set, or left out where nothing is in it. */
function withPart(own: Resource, attribute: Attribute, before: unknown, after: unknown): Resource {
  const { [attribute.name]: _old, ...others } = own;
  if (after === undefined || (isObject(after) && Object.keys(after).length === 0)) return others;
  if (!Array.isArray(after)) return { ...own, [attribute.name]: after };
  checkSize(attribute, after);
  if (after.length === 0) return others;
  return { ...own, [attribute.name]: onePrimary(after, Array.isArray(before) ? before : []) };
}

/** Changes the elements that a filter takes, all of them without one; makes an element where there is none to change. */
function inElements(
  attribute: Attribute,
  value: unknown,
  where: Filter | undefined,
  change: (element: unknown) => unknown,
  op: Op,
): unknown {
  const list = Array.isArray(value) ? value : [];
  const taken = (element: unknown) => where === undefined || matchesElement(where, element, attribute);
  if (list.some(taken)) return list.flatMap((element) => (taken(element) ? (change(element) ?? []) : [element]));
  if (op === "remove") return value;
  const made = where === undefined ? {} : elementOf(where, attribute);
  if (made === undefined) throw noTarget(`No element of ${attribute.name} is what the path asks for.`);
  const filled = change(made);
  // A path without a filter makes no element that says nothing.
  return isDeepStrictEqual(filled, made) && where === undefined
    ? value
    : [...list, ...(filled === undefined ? [] : [filled])];
}

function changeOf(op: Op, value: unknown): Change {
  return (attribute, before) => {
    // An object is one element of the list, which a filter took.
    const whole = attribute.multiValued === true && !isObject(before);
    const list = Array.isArray(before) ? before : [];
    if (op === "remove") return whole ? left(attribute, list, value) : undefined;
    if (whole) {
      const read = readValue(attribute, value);
      return op === "replace" ? read : added(attribute, list, Array.isArray(read) ? read : []);
    }
    const read = readOne(attribute, value);
    return attribute.type === "complex" ? merged(attribute, before, read, value) : read;
  };
}

/** What is left of a list: nothing, or in an older dialect of Entra's, which says values, the elements without these. */
function left(attribute: Attribute, list: readonly unknown[], value: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  const read = readValue(attribute, value);
  return without(attribute, list, Array.isArray(read) ? read : []);
}

/** The parts that a value names, over those that were; parts that came empty are taken out. */
function merged(attribute: Attribute, before: unknown, read: unknown, value: unknown): unknown {
  if (read === undefined && !isObject(value)) return undefined;
  const own: Resource = isObject(before) ? before : {};
  return (attribute.subAttributes ?? []).reduce((now: Resource, part) => {
    const came = memberOf(value, part.name);
    const inner = memberOf(read, part.name);
    if (came === undefined && inner === undefined) return now;
    if (part.mutability === "readOnly") return now;
    const old = now[part.name];
    const next = part.type === "complex" && !part.multiValued ? merged(part, old, inner, came) : inner;
    return isDeepStrictEqual(next, old) ? now : withPart(now, part, old, next);
  }, own);
}
