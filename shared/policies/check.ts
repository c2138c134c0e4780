import { isObject } from "../expressions/json.ts";
import { canonicalZone } from "../zones.ts";
import { attributes, typeHas } from "./attributes.ts";
import { type Checked, checkValue, type Issue, refused } from "./check-value.ts";
import {
  isAlways,
  MAX_POLICY_DEPTH,
  MAX_POLICY_PARTS,
  type PolicyComparison,
  type PolicyCondition,
  type PolicyConditions,
  type PolicyEffect,
  type PolicyStatus,
} from "./language.ts";
import { operatorsOf, policyOperator } from "./operators.ts";

export type { Issue } from "./check-value.ts";

/** The conditions as they are kept, or everything that is wrong with them. */
export type CheckedConditions =
  | { readonly ok: true; readonly conditions: PolicyConditions }
  | { readonly ok: false; readonly issues: readonly Issue[] };

const MOST_ISSUES = 50;

/**
 * Checks conditions as they were sent: every attribute is known and one of this type of things, every operator fits its
 * attribute, every value its operator. Networks, zones and times come back as they are kept.
 */
export function checkConditions(input: unknown, resource_type: string): CheckedConditions {
  if (isObject(input) && isAlways(input as PolicyConditions)) return { ok: true, conditions: {} };
  const walk: Walk = { resource_type, issues: [], parts: 0 };
  const conditions = checkPart(input, [], 1, walk);
  if (walk.parts > MAX_POLICY_PARTS)
    walk.issues.unshift({
      path: [],
      message: `has ${walk.parts} parts, and ${MAX_POLICY_PARTS} is the most: make several policies of it, or lists of values`,
    });
  if (walk.issues.length > 0 || conditions === undefined)
    return { ok: false, issues: walk.issues.slice(0, MOST_ISSUES) };
  return { ok: true, conditions };
}

interface Walk {
  readonly resource_type: string;
  readonly issues: Issue[];
  parts: number;
}

type Path = readonly (string | number)[];

const SHAPES = 'must be {"all": […]}, {"any": […]}, {"not": {…}} or {"path": …, "op": …, "value": …}';

/** One group or comparison. Undefined where something is wrong with it, which then stands among the issues. */
function checkPart(input: unknown, path: Path, depth: number, walk: Walk): PolicyCondition | undefined {
  walk.parts++;
  const wrong = (message: string, at: Path = path): undefined => {
    walk.issues.push({ path: at, message });
    return undefined;
  };
  if (depth > MAX_POLICY_DEPTH)
    return wrong(`is nested deeper than ${MAX_POLICY_DEPTH} levels: make several policies of it`);
  if (!isObject(input)) return wrong(SHAPES);
  const group = (["all", "any", "not"] as const).find((name) => Object.hasOwn(input, name));
  if (group === undefined) {
    if (Object.hasOwn(input, "path") || Object.hasOwn(input, "op")) return checkComparison(input, path, walk);
    return wrong(SHAPES);
  }
  const others = Object.keys(input).filter((name) => name !== group);
  if (others.length > 0)
    return wrong(`has \`${others.join("`, `")}\` beside \`${group}\`: put each into a group of its own`);
  if (group === "not") {
    const inside = checkPart(input.not, [...path, "not"], depth + 1, walk);
    return inside && { not: inside };
  }
  const members = input[group];
  if (!Array.isArray(members) || members.length === 0)
    return wrong("must be a list of at least one condition", [...path, group]);
  // What is far too long is refused without being looked through.
  if (walk.parts + members.length > MAX_POLICY_PARTS) {
    walk.parts += members.length;
    return undefined;
  }
  const checked = members.map((member, index) => checkPart(member, [...path, group, index], depth + 1, walk));
  const whole = checked.filter((member) => member !== undefined);
  if (whole.length < members.length) return undefined;
  return group === "all" ? { all: whole } : { any: whole };
}

const MEMBERS: readonly string[] = ["path", "op", "value", "zone"];

function checkComparison(
  input: Readonly<Record<string, unknown>>,
  path: Path,
  walk: Walk,
): PolicyComparison | undefined {
  const before = walk.issues.length;
  const wrong = (member: string, message: string): void => {
    walk.issues.push({ path: [...path, member], message });
  };
  for (const member of Object.keys(input))
    if (!MEMBERS.includes(member)) wrong(member, `is unknown: a comparison has \`${MEMBERS.join("`, `")}\``);
  const name = input.path;
  const attribute = typeof name === "string" ? attributes.get(name) : undefined;
  if (typeof name !== "string" || attribute === undefined) {
    wrong("path", unknownPath(name));
    return undefined;
  }
  const [root, field = ""] = name.split(".");
  if (root === "resource" && !typeHas(walk.resource_type, field))
    wrong("path", `is no attribute of \`${walk.resource_type}\`: it has ${namesOf("resource", walk.resource_type)}`);
  const allowed: readonly string[] = operatorsOf[attribute.type];
  const { op } = input;
  const operator = policyOperator(op);
  if (typeof op !== "string" || operator === undefined || !allowed.includes(op)) {
    wrong("op", `must be one of \`${allowed.join("`, `")}\` for \`${name}\``);
    return undefined;
  }
  const zone = zoneOf(input.zone, root, (message) => wrong("zone", message));
  const checked: Checked = checkValue(input.value, {
    path: name,
    attribute,
    op,
    operator,
    resource_type: walk.resource_type,
  });
  if (!checked.ok) for (const issue of refused([...path, "value"], checked.issues)) walk.issues.push(issue);
  if (walk.issues.length > before || !checked.ok) return undefined;
  return {
    path: name,
    op,
    ...(checked.value === undefined ? {} : { value: checked.value }),
    ...(zone === undefined ? {} : { zone }),
  };
}

function zoneOf(zone: unknown, root: string | undefined, wrong: (message: string) => void): string | undefined {
  if (zone === undefined) return undefined;
  if (root !== "time") {
    wrong("is for attributes of `time` only: leave it out");
    return undefined;
  }
  const canonical = typeof zone === "string" && zone.length <= 64 ? canonicalZone(zone) : undefined;
  if (canonical === undefined) wrong("must be a name of the IANA time zone database, like Europe/Berlin");
  return canonical;
}

/** The paths of a root that conditions on this type of things can name. */
function namesOf(root: string, resource_type: string): string {
  const names = [...attributes.keys()].filter(
    (path) =>
      path.startsWith(`${root}.`) && (root !== "resource" || typeHas(resource_type, path.slice(root.length + 1))),
  );
  return `\`${names.join("`, `")}\``;
}

function unknownPath(name: unknown): string {
  const root = typeof name === "string" ? name.split(".")[0] : undefined;
  const roots = ["principal", "resource", "context", "time"];
  if (root === undefined || !roots.includes(root))
    return `must be an attribute of \`${roots.join("`, `")}\`, like \`principal.role\``;
  return `is unknown: there are ${namesOf(root, "*")}`;
}

/** What can be done with the things of each type. */
export type Targets = Readonly<Record<string, readonly string[]>>;

/** What is wrong with the other parts of a policy, together with each other. */
export function checkTarget(
  policy: { readonly resource_type: string; readonly action: string },
  targets: Targets,
): readonly Issue[] {
  const { resource_type, action } = policy;
  if (resource_type !== "*" && !Object.hasOwn(targets, resource_type))
    return [{ path: ["resource_type"], message: `must be \`*\` or one of \`${Object.keys(targets).join("`, `")}\`` }];
  const actions = resource_type === "*" ? [...new Set(Object.values(targets).flat())] : (targets[resource_type] ?? []);
  if (action === "*" || actions.includes(action)) return [];
  const of = resource_type === "*" ? "" : ` for \`${resource_type}\``;
  return [{ path: ["action"], message: `must be \`*\` or one of \`${actions.join("`, `")}\`${of}` }];
}

/** Whether a policy of this effect can have this status: nothing asks for approvals yet, so such a policy can only be kept. */
export const checkStatus = (effect: PolicyEffect, status: PolicyStatus): readonly Issue[] =>
  effect === "require_approval" && (status === "active" || status === "shadow")
    ? [
        {
          path: ["status"],
          message: "must be `draft` or `inactive`: policies that require an approval cannot be enforced yet",
        },
      ]
    : [];
