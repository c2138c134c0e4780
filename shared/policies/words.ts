import { isObject } from "../expressions/json.ts";
import { type Attribute, attributes } from "./attributes.ts";
import {
  isAlways,
  type Policy,
  type PolicyComparison,
  type PolicyCondition,
  type PolicyConditions,
  type Window,
} from "./language.ts";
import { policyOperator } from "./operators.ts";

/** Names of things by id, where they are known: "Ada" says more than an id. */
export type NameOf = (type: string, id: string) => string | undefined;

const nameless: NameOf = () => undefined;

/** Conditions as a sentence reads them: "the caller's role is "developer" and it is not so that …". */
export function conditionsInWords(conditions: PolicyConditions, nameOf: NameOf = nameless): string {
  return isAlways(conditions) ? "always" : partInWords(conditions, nameOf, "top");
}

/** Where a part stands decides whether it needs brackets. */
type Around = "top" | "all" | "any" | "not";

function partInWords(part: PolicyCondition, nameOf: NameOf, around: Around): string {
  if ("all" in part) return joined(part.all, "all", nameOf, around);
  if ("any" in part) return joined(part.any, "any", nameOf, around);
  if ("not" in part) {
    const { not } = part;
    const opposite = "path" in not ? policyOperator(not.op)?.opposite : undefined;
    // "is not" is easier to read than "it is not so that … is". `exists` with a value would be turned twice.
    if (opposite !== undefined && "path" in not && not.value !== false)
      return comparisonInWords({ ...not, op: opposite }, nameOf);
    return `it is not so that ${partInWords(not, nameOf, "not")}`;
  }
  return comparisonInWords(part, nameOf);
}

function joined(parts: readonly PolicyCondition[], group: "all" | "any", nameOf: NameOf, around: Around): string {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return partInWords(only, nameOf, around);
  const text = parts.map((part) => partInWords(part, nameOf, group)).join(group === "all" ? " and " : " or ");
  return around === "top" ? text : `(${text})`;
}

/** One comparison: "the hour (Europe/Berlin) is at least 9". */
export function comparisonInWords(comparison: PolicyComparison, nameOf: NameOf = nameless): string {
  const { path, op, value, zone } = comparison;
  const attribute = attributes.get(path);
  const operator = policyOperator(op);
  if (attribute === undefined || operator === undefined) return `${path} ${op} ${JSON.stringify(value)}`;
  const subject = path.startsWith("time.") ? `${attribute.words} (${zone ?? "UTC"})` : attribute.words;
  if (attribute.type === "flag") return flagInWords(attribute, op, value);
  if (operator.operand === "window") return `${subject} is ${windowInWords(value as Window)}`;
  const list = attribute.type === "texts";
  const be = list ? "are" : "is";
  if (operator.operand === "none") return `${subject} ${be} not known`;
  if (operator.operand === "flag")
    return `${subject} ${be} ${value === false ? "not " : ""}${op === "exists" ? "known" : "empty"}`;
  const verb = list ? (operator.words_of_list ?? operator.words) : operator.words;
  if (attribute.type === "address") return `${subject} ${addressVerb(op)} ${literal(value, attribute, nameOf)}`;
  if (operator.operand === "two" && Array.isArray(value))
    return `${subject} ${verb} ${value.map((one) => literal(one, attribute, nameOf)).join(" and ")}, both included`;
  return `${subject} ${verb} ${literal(value, attribute, nameOf)}`;
}

const addressVerb = (op: string): string => (op === "eq" || op === "in" ? "is in" : "is not in");

function flagInWords({ words }: Attribute, op: string, value: unknown): string {
  const known = `it is known whether ${words}`;
  const unknown = `it is not known whether ${words}`;
  if (op === "exists") return value === false ? unknown : known;
  if (op === "not_exists") return unknown;
  if (isObject(value)) return `that ${words} ${op === "eq" ? "is" : "is not"} ${literal(value, undefined, nameless)}`;
  if (op === "eq") return value === true ? words : `it is known not to be so that ${words}`;
  return value === true ? `it is not known to be so that ${words}` : `it is not known not to be so that ${words}`;
}

function literal(value: unknown, attribute: Attribute | undefined, nameOf: NameOf): string {
  if (Array.isArray(value)) return value.map((one) => literal(one, attribute, nameOf)).join(", ");
  if (isObject(value) && value.$ref === "attribute")
    return attributes.get(String(value.path))?.words ?? String(value.path);
  if (isObject(value) && value.$ref === "resource") {
    const ids = Array.isArray(value.ids) ? value.ids : [value.id];
    return ids.map((id) => named(String(value.type), String(id), nameOf)).join(", ");
  }
  if (typeof value === "string") {
    const refers = attribute?.refers;
    return refers === undefined || refers === "thing" ? shown(value, attribute) : named(refers, value, nameOf);
  }
  if (attribute?.values?.length === 7 && typeof value === "number") return days[value - 1] ?? String(value);
  return String(value);
}

/** Texts stand in quotes; times, dates and addresses speak for themselves. */
const shown = (text: string, attribute: Attribute | undefined): string =>
  attribute !== undefined && ["time", "date", "address"].includes(attribute.type) ? text : JSON.stringify(text);

function named(type: string, id: string, nameOf: NameOf): string {
  const name = nameOf(type, id);
  return name === undefined ? JSON.stringify(id) : `${JSON.stringify(name)} (${id})`;
}

const days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

function windowInWords({ from, to, weekdays }: Window): string {
  const next = to !== "24:00" && to < from ? " of the next day" : "";
  const on = weekdays === undefined ? "" : ` on ${weekdays.map((day) => days[day - 1]).join(", ")}`;
  return `from ${from} to ${to}${next}${on}`;
}

const effects = { allow: "Allows", deny: "Denies", require_approval: "Requires an approval for" } as const;

/** A whole policy: what it does, with what, to whom, and when. */
export function policyInWords(
  policy: Omit<Policy, "id" | "name" | "version" | "status">,
  nameOf: NameOf = nameless,
): string {
  const { effect, resource_type, action, conditions, assignments } = policy;
  const what = action === "*" ? "every action" : `\`${action}\``;
  const on = resource_type === "*" ? "everything" : `things of type \`${resource_type}\``;
  const when = isAlways(conditions) ? ", always" : `, when ${conditionsInWords(conditions, nameOf)}`;
  return `${effects[effect]} ${what} on ${on} ${whom(assignments, nameOf)}${when}.`;
}

function whom(assignments: Policy["assignments"], nameOf: NameOf): string {
  if (assignments.length === 0) return "to nobody, as long as it is assigned to nobody";
  if (assignments.some(({ type }) => type === "organization")) return "to everybody in the organization";
  const each = assignments.map((one) => (one.type === "organization" ? "" : whomOne(one.type, one.id, nameOf)));
  return `to ${each.join(", ")}`;
}

function whomOne(type: string, id: string, nameOf: NameOf): string {
  const name = named(type, id, nameOf);
  if (type === "role") return `whoever has the role ${name}`;
  if (type === "team") return `the team ${name}`;
  return type === "api_key" ? `the API key ${name}` : `the user ${name}`;
}
