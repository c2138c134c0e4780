import { isObject } from "../expressions/json.ts";
import { type Attribute, attributes } from "./attributes.ts";
import { literalOf } from "./compile.ts";
import {
  isAlways,
  type Policy,
  type PolicyBundle,
  type PolicyComparison,
  type PolicyCondition,
  type Window,
} from "./language.ts";
import { minutesOf } from "./local-time.ts";
import { policyOperator } from "./operators.ts";
import { comparisonsOf } from "./reads.ts";

/** A policy that Cedar has no words for, and why. */
export interface Omitted {
  readonly policy: Policy;
  readonly why: string;
}

export interface CedarExport {
  /** A set of Cedar policies that decides as ours do, but for what was omitted. */
  readonly text: string;
  /** Whoever uses the text has to know these: a deny that is missing allows more. */
  readonly omitted: readonly Omitted[];
  /** Time zones of which the request's context has to say what their clocks show. */
  readonly zones: readonly string[];
}

/** The names that a Cedar request gives to what ours has: see `docs/adr/0087`. */
const HEADER = `// Entities: the principal and the resource carry the attributes of their schema, each left out where it is missing;
// the resource's entity type is the type of the thing (\`agent\` is Agent), the action is Action::"<action>".
// A principal that is an API key of a member's has acts_for, the member's id.
// The context has ip (of the IP extension, IPv4 never wrapped into IPv6), user_agent, method, operation, and request_time
// (of the datetime extension). Cedar knows no time zones: context.time["<zone>"] has hour, minute, weekday (1 is Monday),
// minute_of_day and date (of the datetime extension) as clocks of the zone show them.
`;

/** Writes active policies as Cedar's. */
export function toCedar({ policies, denied_by_default = [] }: PolicyBundle): CedarExport {
  const omitted: Omitted[] = [];
  const zones = new Set<string>();
  const texts = [HEADER, byDefault(denied_by_default)];
  for (const policy of policies) {
    if (policy.status !== "active") continue;
    try {
      texts.push(policyText(policy));
      for (const { path, zone } of comparisonsOf(policy.conditions))
        if (path.startsWith("time.")) zones.add(zone ?? "UTC");
    } catch (error) {
      if (!(error instanceof NoWords)) throw error;
      omitted.push({ policy, why: error.message });
      texts.push(`// OMITTED, ${policy.effect}: ${oneLine(policy.name)} (${policy.id}): ${oneLine(error.message)}\n`);
    }
  }
  return { text: texts.join("\n"), omitted, zones: [...zones].sort() };
}

class NoWords extends Error {}

const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, " ");

/** What no policy decides is allowed, but for the types that are denied then. */
function byDefault(denied: readonly string[]): string {
  const unless = denied.map((type) => `resource is ${entityType(type)}`).join(" || ");
  return `@id("default")\npermit (principal, action, resource)${unless === "" ? "" : `\nunless { ${unless} }`};\n`;
}

const entityType = (type: string): string =>
  type.replaceAll(/(?:^|_)([a-z])/g, (_match, letter: string) => letter.toUpperCase());

function policyText({ id, name, effect, resource_type, action, conditions, assignments }: Policy): string {
  if (effect === "require_approval") throw new NoWords("Cedar decides yes or no, it asks for no approval");
  const head = [
    "principal",
    action === "*" ? "action" : `action == Action::${text(action)}`,
    resource_type === "*" ? "resource" : `resource is ${entityType(resource_type)}`,
  ];
  const when = [whom(assignments), ...(isAlways(conditions) ? [] : [partText(conditions)])];
  return `@id(${text(id)})\n@name(${text(name)})\n${effect === "deny" ? "forbid" : "permit"} (${head.join(", ")})\nwhen { ${when.join(" && ")} };\n`;
}

function whom(assignments: Policy["assignments"]): string {
  if (assignments.some(({ type }) => type === "organization")) return "true";
  const each = assignments.map((one) => {
    if (one.type === "organization") return "true";
    if (one.type === "team") return `(principal has teams && principal.teams.contains(${text(one.id)}))`;
    if (one.type === "user")
      return `((principal.kind == "user" && principal.id == ${text(one.id)}) || (principal has acts_for && principal.acts_for == ${text(one.id)}))`;
    const attribute = one.type === "role" ? "role" : "api_key_id";
    return `(principal has ${attribute} && principal.${attribute} == ${text(one.id)})`;
  });
  return each.length === 0 ? "false" : `(${each.join(" || ")})`;
}

function partText(part: PolicyCondition): string {
  if ("all" in part) return `(${part.all.map(partText).join(" && ")})`;
  if ("any" in part) return `(${part.any.map(partText).join(" || ")})`;
  if ("not" in part) return `!(${partText(part.not)})`;
  return comparisonText(part);
}

/** Operators that hold for a missing value, as the opposite of those that do not. */
const NEGATIVE: ReadonlySet<string> = new Set(["ne", "not_in", "not_contains", "not_exists"]);

function comparisonText(comparison: PolicyComparison): string {
  const { path, op, value } = comparison;
  const attribute = attributes.get(path);
  const opposite = policyOperator(op)?.opposite;
  if (attribute === undefined) throw new NoWords(`there is no attribute ${path}`);
  if (NEGATIVE.has(op) && opposite !== undefined) return `!(${comparisonText({ ...comparison, op: opposite })})`;
  if (op === "exists") return value === false ? `!(${known(path, attribute)})` : known(path, attribute);
  const actual = place(comparison);
  if (op === "is_empty") {
    const filled = attribute.type === "texts" ? `!${actual}.isEmpty()` : `${actual} != ""`;
    return `${value === false ? "" : "!"}(${known(path, attribute)} && ${filled})`;
  }
  const guards = [known(path, attribute)];
  let operand: unknown = literalOf(value);
  if (isObject(value) && value.$ref === "attribute") {
    const other = attributes.get(String(value.path));
    if (other === undefined) throw new NoWords(`there is no attribute ${String(value.path)}`);
    guards.push(known(String(value.path), other));
    operand = new Expression(String(value.path));
  }
  return `(${[...guards, positive(actual, attribute, op, operand)].filter((guard) => guard !== "true").join(" && ")})`;
}

/** Another attribute on the right. */
class Expression {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
}

/** Whether there is a value; Cedar refuses to look at what there is not. */
function known(path: string, { always }: Attribute): string {
  if (always) return "true";
  const [root, name] = path.split(".");
  return `${root} has ${name}`;
}

const place = ({ path, zone }: PolicyComparison): string => {
  const [root, name] = path.split(".");
  return root === "time" ? `context.time[${text(zone ?? "UTC")}].${name}` : path;
};

const SIGNS: Readonly<Record<string, string>> = { eq: "==", gt: ">", gte: ">=", lt: "<", lte: "<=" };

function positive(actual: string, attribute: Attribute, op: string, operand: unknown): string {
  if (attribute.type === "address") return inNetworks(actual, operand);
  if (op === "within") return inWindow(actual.replace(/of_day$/, ""), operand as Window);
  const sign = SIGNS[op];
  if (sign !== undefined) return `${actual} ${sign} ${literal(operand, attribute)}`;
  switch (op) {
    case "between": {
      const [low, high] = operand as readonly unknown[];
      return `${actual} >= ${literal(low, attribute)} && ${actual} <= ${literal(high, attribute)}`;
    }
    case "in":
      return attribute.type === "texts"
        ? `${actual}.containsAny(${literal(operand, attribute)})`
        : `${literal(operand, attribute)}.contains(${actual})`;
    case "contains":
      if (attribute.type === "texts") return `${actual}.contains(${literal(operand, attribute)})`;
      return `${actual} like "*${pattern(operand)}*"`;
    case "starts_with":
      return `${actual} like "${pattern(operand)}*"`;
    case "ends_with":
      return `${actual} like "*${pattern(operand)}"`;
    default:
      throw new NoWords(`Cedar has nothing like \`${op}\``);
  }
}

const inNetworks = (actual: string, operand: unknown): string =>
  `(${(Array.isArray(operand) ? operand : [operand]).map((network) => `${actual}.isInRange(ip(${text(String(network))}))`).join(" || ")})`;

function inWindow(clock: string, { from, to, weekdays }: Window): string {
  const [first, last] = [minutesOf(from) ?? 0, minutesOf(to) ?? 0];
  const on = (days: readonly number[] | undefined): string =>
    days === undefined ? "" : ` && [${days.join(", ")}].contains(${clock}weekday)`;
  const after = `${clock}minute_of_day >= ${first}`;
  const before = `${clock}minute_of_day < ${last}`;
  if (first < last) return `(${after} && ${before}${on(weekdays)})`;
  const next = weekdays?.map((day) => (day % 7) + 1);
  return `((${after}${on(weekdays)}) || (${before}${on(next)}))`;
}

function literal(value: unknown, attribute: Attribute): string {
  if (value instanceof Expression) return value.path;
  if (Array.isArray(value)) return `[${value.map((one) => literal(one, attribute)).join(", ")}]`;
  if (typeof value !== "string") return String(value);
  return attribute.type === "date" || attribute.type === "time" ? `datetime(${text(value)})` : text(value);
}

/** A text as Cedar writes it. */
const text = (value: string): string => `"${escaped(value)}"`;

const escaped = (value: string): string =>
  value
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, (sign) => `\\u{${sign.codePointAt(0)?.toString(16)}}`);

/** A text within a pattern: its stars are stars. */
function pattern(value: unknown): string {
  if (typeof value !== "string") throw new NoWords("Cedar compares patterns with no other attribute");
  return escaped(value).replaceAll("*", "\\*");
}
