import { type Attribute, ENTERPRISE_USER, isObject, memberOf } from "./attributes.ts";
import { invalidValue, type ScimError } from "./error.ts";

/** Longest text of an attribute, in UTF-16 code units. */
export const MOST_TEXT = 256;
const MOST_ELEMENTS = 10;
/** Bytes of all that is said of somebody: a hundred of them fit into one answer, with their groups. */
const MOST_BYTES = 24_000;

/**
 * A value as an attribute keeps it, from what a client sent: names as the schema writes them, booleans that came as texts
 * as booleans, what the schema does not know and what only the service writes left out. `undefined` where nothing is left,
 * as null, an empty text and an empty list mean that there is none (RFC 7643, 2.5).
 * @throws ScimError invalidValue that names the attribute, for values of another type and too large ones.
 */
export function readValue(attribute: Attribute, value: unknown, name = attribute.name): unknown {
  if (value === undefined || value === null || value === "") return undefined;
  return attribute.multiValued ? readList(attribute, value, name) : readOne(attribute, value, name);
}

/** One element of a list, or the value of an attribute that has one. */
export function readOne(attribute: Attribute, value: unknown, name = attribute.name): unknown {
  // An older dialect of Entra's wraps single values: [{ "value": "x" }].
  const [only, ...others] = Array.isArray(value) ? value : [value];
  if (others.length > 0) throw invalidValue(`${name} takes one value, not a list.`);
  if (attribute.type === "complex") return readParts(attribute, only, name);
  const plain = Array.isArray(value) && isObject(only) ? memberOf(only, "value") : only;
  if (plain === undefined || plain === null || plain === "") return undefined;
  return attribute.type === "boolean" ? readBoolean(plain, name) : readText(plain, name);
}

/** @throws ScimError where a list has more elements than its attribute keeps. */
export function checkSize(attribute: Attribute, list: readonly unknown[], name = attribute.name): void {
  const most = attribute.most ?? MOST_ELEMENTS;
  if (list.length > most) throw tooLarge(name, `${most} elements`);
}

/** @throws ScimError where all that is said of one is more than is kept. */
export function checkWhole<T extends object>(said: T): T {
  if (Buffer.byteLength(JSON.stringify(said)) > MOST_BYTES) throw tooLarge("The resource", `${MOST_BYTES} bytes`);
  return said;
}

function readList(attribute: Attribute, value: unknown, name: string): unknown {
  const list = Array.isArray(value) ? value : [value];
  checkSize(attribute, list, name);
  const read = list.map((element) => readOne(attribute, element, name)).filter((element) => element !== undefined);
  return read.length === 0 ? undefined : read;
}

function readParts(attribute: Attribute, value: unknown, name: string): unknown {
  if (value === undefined || value === null || value === "") return undefined;
  const parts = attribute.subAttributes ?? [];
  // A reference alone stands for what it refers to: "manager": "26118915".
  const named = typeof value === "string" && parts.some((part) => part.name === "value") ? { value } : value;
  if (!isObject(named)) throw invalidValue(`${name} must be an object.`);
  const read = parts
    .filter((part) => part.mutability !== "readOnly")
    .map((part) => [part.name, readValue(part, memberOf(named, part.name), nameWithin(name, part))])
    .filter(([, inner]) => inner !== undefined);
  return read.length === 0 ? undefined : Object.fromEntries(read);
}

/** A part's name for people; attributes of the resource itself stand alone, those of an extension behind a colon. */
function nameWithin(holder: string, { name }: Attribute): string {
  if (holder === "") return name;
  return `${holder}${holder === ENTERPRISE_USER ? ":" : "."}${name}`;
}

function readBoolean(value: unknown, name: string): boolean {
  const word = typeof value === "string" ? value.toLowerCase() : value;
  if (word === true || word === "true") return true;
  if (word === false || word === "false") return false;
  throw invalidValue(`${name} must be true or false.`);
}

function readText(value: unknown, name: string): string {
  if (typeof value !== "string") throw invalidValue(`${name} must be a text.`);
  if (value.length > MOST_TEXT) throw tooLarge(name, `${MOST_TEXT} characters`);
  return value.toWellFormed();
}

const tooLarge = (name: string, most: string): ScimError => invalidValue(`${name} has more than ${most}.`);
