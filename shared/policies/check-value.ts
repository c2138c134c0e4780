import { normalizeNetwork } from "../access/network-text.ts";
import { isObject } from "../expressions/json.ts";
import { compilePattern } from "../expressions/regex.ts";
import { type Attribute, attributes, typeHas } from "./attributes.ts";
import { MAX_VALUE, MAX_VALUES } from "./language.ts";
import { minutesOf } from "./local-time.ts";
import { literalOnly, type PolicyOperator } from "./operators.ts";

/** Longest name of a thing. */
const MAX_CALLED = 120;

/** Something that is wrong: where it stands, and what to do. */
export interface Issue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** The value as it is kept, or what is wrong with it. */
export type Checked =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** Issues of a part, as issues of the whole. */
export const refused = (path: readonly (string | number)[], issues: readonly Issue[]): Issue[] =>
  issues.map((issue) => ({ path: [...path, ...issue.path], message: issue.message }));

/** For what a value stands. */
export interface Place {
  readonly path: string;
  readonly attribute: Attribute;
  readonly op: string;
  readonly operator: PolicyOperator;
  readonly resource_type: string;
}

const fine = (value: unknown): Checked => ({ ok: true, value });
const wrong = (message: string, ...path: (string | number)[]): Checked => ({ ok: false, issues: [{ path, message }] });

/** Checks what a comparison compares with. */
export function checkValue(value: unknown, place: Place): Checked {
  if (isObject(value) && Object.hasOwn(value, "$ref")) return checkReference(value, place);
  switch (place.operator.operand) {
    case "none":
      return value === undefined ? fine(undefined) : wrong("must be left out");
    case "flag":
      return value === undefined || typeof value === "boolean" ? fine(value) : wrong("must be true, false or left out");
    case "window":
      return checkWindow(value);
    case "pattern":
      return checkPattern(value);
    case "two":
      return checkRange(value, place);
    case "many":
      return checkMany(value, place);
    case "one":
      return checkOne(value, place);
  }
}

function checkOne(value: unknown, { attribute, op }: Place): Checked {
  switch (attribute.type) {
    case "text":
    case "texts":
      return checkText(value, attribute, op);
    case "number":
      return checkNumber(value, attribute);
    case "flag":
      return typeof value === "boolean" ? fine(value) : wrong("must be true or false");
    case "time":
      return checkTime(value);
    case "date":
      return isDate(value) ? fine(value) : wrong("must be a date, like 2026-12-24");
    case "address": {
      const network = typeof value === "string" ? normalizeNetwork(value) : undefined;
      return network === undefined
        ? wrong("must be an address or a network in CIDR notation, like 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32")
        : fine(network);
    }
    case "clock":
      return wrong("must be a window");
  }
}

/** Operators by which a whole value is compared: one that never occurs is a mistake. */
const WHOLE: ReadonlySet<string> = new Set(["eq", "ne", "in", "not_in"]);

function checkText(value: unknown, { values, lower_case }: Attribute, op: string): Checked {
  if (typeof value !== "string" || value.length > MAX_VALUE)
    return wrong(`must be a text of at most ${MAX_VALUE} characters`);
  if (!value.isWellFormed()) return wrong("must be well-formed text: it holds half of a character");
  if (value === "" && !WHOLE.has(op)) return wrong("must not be empty: every text would fit");
  if (lower_case && value !== value.toLowerCase()) return wrong("must be in lower case, as addresses are kept");
  if (values !== undefined && WHOLE.has(op) && !values.includes(value))
    return wrong(`must be one of \`${values.join("`, `")}\``);
  return fine(value);
}

function checkNumber(value: unknown, { range }: Attribute): Checked {
  const [least, most] = range ?? [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
    ? fine(Object.is(value, -0) ? 0 : value)
    : wrong(`must be a whole number from ${least} to ${most}`);
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

function checkTime(value: unknown): Checked {
  const instant =
    typeof value === "string" && INSTANT.test(value) && isDate(value.split("T")[0]) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(instant)
    ? wrong("must be an instant of RFC 3339, like 2026-12-24T18:00:00Z")
    : fine(new Date(instant).toISOString());
}

function isDate(value: unknown): value is string {
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\d$/.test(value)) return false;
  const instant = Date.parse(`${value}T00:00:00Z`);
  // A 30th of February parses in no engine, and is checked all the same.
  return !Number.isNaN(instant) && new Date(instant).toISOString().startsWith(value);
}

function checkMany(value: unknown, place: Place): Checked {
  if (!Array.isArray(value) || value.length === 0) return wrong("must be a list of at least one value");
  if (value.length > MAX_VALUES) return wrong(`must be a list of at most ${MAX_VALUES} values`);
  const checked = value.map((one) => checkOne(one, place));
  const issues = checked.flatMap((one, index) => (one.ok ? [] : refused([index], one.issues)));
  if (issues.length > 0) return { ok: false, issues };
  return fine([...new Set(checked.map((one) => (one.ok ? one.value : undefined)))]);
}

function checkRange(value: unknown, place: Place): Checked {
  if (!Array.isArray(value) || value.length !== 2) return wrong("must be two values, the lower one first");
  const [low, high] = value.map((one) => checkOne(one, place));
  const issues = [low, high].flatMap((one, index) => (one === undefined || one.ok ? [] : refused([index], one.issues)));
  if (issues.length > 0 || !low?.ok || !high?.ok) return { ok: false, issues };
  if ((low.value as number | string) > (high.value as number | string)) return wrong("must have the lower value first");
  return fine([low.value, high.value]);
}

function checkPattern(value: unknown): Checked {
  if (typeof value !== "string" || value === "") return wrong("must be a regular expression");
  const compiled = compilePattern(value);
  return compiled.ok ? fine(value) : wrong(compiled.message);
}

function checkWindow(value: unknown): Checked {
  if (!isObject(value))
    return wrong('must be a window, like {"from": "22:00", "to": "06:00", "weekdays": [1, 2, 3, 4, 5]}');
  const { from, to, weekdays, ...others } = value;
  const issues: Issue[] = Object.keys(others).map((name) => ({
    path: [name],
    message: "is unknown: a window has `from`, `to` and `weekdays`",
  }));
  const [first, last] = [minutesOf(from), minutesOf(to)];
  if (first === undefined || first === 1_440)
    issues.push({ path: ["from"], message: "must be a time from 00:00 to 23:59" });
  if (last === undefined || last === 0)
    issues.push({ path: ["to"], message: "must be a time from 00:01 to 24:00; 24:00 is the end of the day" });
  if (first !== undefined && first === last)
    issues.push({ path: ["to"], message: "must not be the time at which it begins; 00:00 to 24:00 is the whole day" });
  const days = weekdays === undefined || isWeekdays(weekdays) ? weekdays : null;
  if (days === null)
    issues.push({
      path: ["weekdays"],
      message: "must be a list of different days, 1 for Monday to 7 for Sunday; left out: every day",
    });
  if (issues.length > 0) return { ok: false, issues };
  return fine(days ? { from, to, weekdays: days.toSorted((a, b) => a - b) } : { from, to });
}

const isWeekdays = (value: unknown): value is number[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  new Set(value).size === value.length &&
  value.every((day) => Number.isInteger(day) && day >= 1 && day <= 7);

function checkReference(value: Readonly<Record<string, unknown>>, place: Place): Checked {
  if (value.$ref === "attribute") return checkAttribute(value, place);
  if (value.$ref === "resource") return checkThing(value, place);
  return wrong("must be `resource` or `attribute`", "$ref");
}

/** Another attribute: of the same type, or a list of texts where the operator looks into a list. */
function checkAttribute(
  value: Readonly<Record<string, unknown>>,
  { path, attribute, op, operator, resource_type }: Place,
): Checked {
  const other = typeof value.path === "string" ? attributes.get(value.path) : undefined;
  if (other === undefined || typeof value.path !== "string") return wrong("must be the path of an attribute", "path");
  if (Object.keys(value).length > 2) return wrong("a reference to an attribute has `$ref` and `path` only");
  if (literalOnly.has(op) || attribute.type === "address")
    return wrong(`\`${op}\` of \`${path}\` takes no reference to an attribute`);
  if (value.path.startsWith("time.") || path.startsWith("time."))
    return wrong("attributes of `time` are compared with values only", "path");
  if (value.path.startsWith("resource.") && !typeHas(resource_type, value.path.slice(9)))
    return wrong(`is no attribute of \`${resource_type}\``, "path");
  const wanted = operator.operand === "many" ? "texts" : attribute.type === "texts" ? "text" : attribute.type;
  return other.type === wanted
    ? fine({ $ref: "attribute", path: value.path })
    : wrong(`must be an attribute whose value is ${kinds[wanted]}`, "path");
}

/** Things of the organization's: of the type that the attribute holds ids of. */
function checkThing(
  value: Readonly<Record<string, unknown>>,
  { path, attribute, operator, op, resource_type }: Place,
): Checked {
  const { $ref, type, id, ids, display, ...others } = value;
  if (Object.keys(others).length > 0)
    return wrong("a reference to things has `$ref`, `type`, either `id` or `ids`, and may have `display`");
  const refers = attribute.refers === "thing" ? resource_type : attribute.refers;
  if (refers === undefined || literalOnly.has(op))
    return wrong(`\`${path}\` does not hold ids: compare it with a value`);
  if (typeof type !== "string" || (refers !== "*" && type !== refers))
    return wrong(`must be \`${refers === "*" ? "a type of things" : refers}\``, "type");
  if (operator.operand === "many") {
    if (id !== undefined || !Array.isArray(ids)) return wrong(`must be given for \`${op}\`, and no \`id\``, "ids");
    if (ids.length === 0 || ids.length > MAX_VALUES) return wrong(`must be a list of 1 to ${MAX_VALUES} ids`, "ids");
    const index = ids.findIndex((one) => !isId(one));
    if (index >= 0) return wrong("must be an id", "ids", index);
    if (display === undefined) return fine({ $ref, type, ids: [...new Set(ids)] });
    const { names, ...more } = isObject(display) ? display : {};
    if (Object.keys(more).length > 0 || !Array.isArray(names) || names.length !== ids.length || !names.every(isCalled))
      return wrong('must be {"names": […]}, a name for each of the `ids`', "display");
    if (new Set(ids).size < ids.length) return wrong("must be different ids", "ids");
    return fine({ $ref, type, ids, display: { names } });
  }
  if (ids !== undefined || !isId(id)) return wrong(`must be an id for \`${op}\`, and there must be no \`ids\``, "id");
  if (display === undefined) return fine({ $ref, type, id });
  if (!isObject(display) || Object.keys(display).length !== 1 || !isCalled(display.name))
    return wrong('must be {"name": …}, what the thing is called', "display");
  return fine({ $ref, type, id, display: { name: display.name } });
}

const isCalled = (value: unknown): value is string =>
  typeof value === "string" && value.length <= MAX_CALLED && value.isWellFormed();

const isId = (value: unknown): value is string => typeof value === "string" && /^[\w-]{1,128}$/.test(value);

const kinds = {
  text: "a text",
  texts: "a list of texts",
  number: "a number",
  flag: "true or false",
  time: "an instant",
  date: "a date",
  clock: "a time of day",
  address: "an address",
} as const;
