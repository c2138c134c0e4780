import { isObject } from "../../expressions/json.ts";
import { compileConditions } from "../compile.ts";
import { Facts } from "../facts.ts";
import { isAlways, type Policy, type PolicyBundle, type PolicyComparison, type PolicyConditions } from "../language.ts";
import { comparisonsOf } from "../reads.ts";
import { asComparisons, type Domains, domainsOf, type Variable, variableOf } from "./domains.ts";
import { type Assigned, requestOf } from "./request.ts";

/** Requests that an edit of policies newly allows: all in which the variables have one of these values each, whatever the others are. */
export interface Widening {
  readonly resource_type: string;
  readonly action: string;
  readonly when: readonly { readonly variable: Variable; readonly values: readonly unknown[] }[];
}

export interface WideningReport {
  readonly widened: readonly Widening[];
  /** False where there was too much to try, or patterns are compared, of which not every text can be tried. */
  readonly complete: boolean;
}

/** Steps of the search; an edit of what is usual takes some hundreds. */
const MOST_STEPS = 100_000;
const MOST_FOUND = 200;

/**
 * What becomes allowed when `after` takes the place of `before`, over the values that the policies of either tell apart.
 * Finds every such request and none besides: a value of a variable is only fixed where it matters.
 */
export function widening(before: PolicyBundle, after: PolicyBundle): WideningReport {
  const search: Search = { steps: 0, widened: [] };
  for (const resource_type of namesIn(before, after, "resource_type"))
    for (const action of namesIn(before, after, "action")) {
      const [old, next] = [scopeOf(before, resource_type, action), scopeOf(after, resource_type, action)];
      if (JSON.stringify(old) !== JSON.stringify(next)) searchIn(resource_type, action, old, next, search);
    }
  const all = [...before.policies, ...after.policies].filter(({ status }) => status === "active");
  const patterns = all.some(({ conditions }) => [...comparisonsOf(conditions)].some(({ op }) => op === "matches"));
  const whole = search.steps < MOST_STEPS && search.widened.length < MOST_FOUND;
  return { widened: search.widened, complete: whole && !patterns };
}

interface Search {
  steps: number;
  readonly widened: Widening[];
}

interface Scope {
  readonly policies: readonly Policy[];
  readonly denied: boolean;
}

/** The names that policies or defaults mention, and a star for every other one. */
function namesIn(before: PolicyBundle, after: PolicyBundle, member: "resource_type" | "action"): string[] {
  const names = new Set(["*"]);
  for (const { policies, denied_by_default = [] } of [before, after]) {
    for (const policy of policies) if (policy.status === "active") names.add(policy[member]);
    if (member === "resource_type") for (const type of denied_by_default) names.add(type);
  }
  return [...names].sort();
}

function scopeOf({ policies, denied_by_default = [] }: PolicyBundle, resource_type: string, action: string): Scope {
  const about = policies.filter(
    (policy) =>
      policy.status === "active" &&
      policy.assignments.length > 0 &&
      (policy.resource_type === "*" || policy.resource_type === resource_type) &&
      (policy.action === "*" || policy.action === action),
  );
  return { policies: about, denied: denied_by_default.includes(resource_type) };
}

/** A variable with its values in classes: those of one class no policy tells apart. */
interface Choice {
  readonly variable: Variable;
  readonly classes: readonly (readonly unknown[])[];
}

function searchIn(resource_type: string, action: string, before: Scope, after: Scope, search: Search): void {
  const all = [...before.policies, ...after.policies];
  const choices = choicesOf(domainsOf(all), all, resource_type, action);
  const step = (values: Map<Variable, unknown>, chosen: Widening["when"], next: number): void => {
    if (search.steps++ >= MOST_STEPS || search.widened.length >= MOST_FOUND) return;
    const facts = new Facts(requestOf(resource_type, action, values));
    const now = allowed(after, values, facts);
    if (now === false) return;
    const then = allowed(before, values, facts);
    if (then === true) return;
    if (now === true && then === false) {
      search.widened.push({ resource_type, action, when: chosen });
      return;
    }
    const choice = choices[next];
    if (choice === undefined) return;
    for (const members of choice.classes) {
      const [value] = members;
      const when = [...chosen, { variable: choice.variable, values: members }];
      step(new Map(values).set(choice.variable, value), when, next + 1);
    }
  };
  step(new Map(), [], 0);
}

/** Values of which all comparisons of a variable think alike are one. Those that are compared with another variable stay apart. */
function choicesOf(domains: Domains, policies: readonly Policy[], resource_type: string, action: string): Choice[] {
  const comparisons = policies.flatMap((policy) => [
    ...comparisonsOf(policy.conditions),
    ...policy.assignments.flatMap(asComparisons),
  ]);
  return [...domains].map(([variable, values]) => {
    const own = comparisons.filter(({ path }) => variableOf(path) === variable);
    const linked = comparisons.some((one) => {
      const other = otherOf(one);
      return other !== undefined && (variableOf(one.path) === variable || variableOf(other) === variable);
    });
    if (linked) return { variable, classes: values.map((value) => [value]) };
    const tests = own.map((one) => compileConditions(one));
    const classes = Map.groupBy(values, (value) => {
      const facts = new Facts(requestOf(resource_type, action, new Map([[variable, value]])));
      return tests.map((test) => (test(facts) ? "1" : "0")).join("");
    });
    return { variable, classes: [...classes.values()] };
  });
}

const otherOf = ({ value }: PolicyComparison): string | undefined =>
  isObject(value) && value.$ref === "attribute" ? String(value.path) : undefined;

/** Undefined where it hangs on what is not chosen yet. */
type Maybe = boolean | undefined;

function allowed({ policies, denied }: Scope, values: Assigned, facts: Facts): Maybe {
  const come = (effect: Policy["effect"]): Maybe =>
    anyOf(policies.filter((one) => one.effect === effect).map((one) => matches(one, values, facts)));
  const denies = come("deny");
  if (denies === true) return false;
  const asks = come("require_approval");
  if (asks === true) return false;
  const allows = denied ? come("allow") : true;
  if (allows === false) return false;
  return denies === undefined || asks === undefined || allows === undefined ? undefined : true;
}

function matches({ assignments, conditions }: Policy, values: Assigned, facts: Facts): Maybe {
  const each = assignments.map((one) => allOf(asComparisons(one).map((part) => holds(part, values, facts))));
  return allOf([anyOf(each), holds(conditions, values, facts)]);
}

function holds(part: PolicyConditions, values: Assigned, facts: Facts): Maybe {
  if (isAlways(part)) return true;
  if ("not" in part) return negated(holds(part.not as PolicyConditions, values, facts));
  if ("all" in part) return allOf((part.all as PolicyConditions[]).map((one) => holds(one, values, facts)));
  if ("any" in part) return anyOf((part.any as PolicyConditions[]).map((one) => holds(one, values, facts)));
  const comparison = part as PolicyComparison;
  const other = otherOf(comparison);
  const paths = [comparison.path, ...(other === undefined ? [] : [other])];
  const known = paths.every((path) => path === "resource.type" || values.has(variableOf(path)));
  return known ? compileConditions(comparison)(facts) : undefined;
}

const negated = (one: Maybe): Maybe => (one === undefined ? undefined : !one);
const allOf = (parts: readonly Maybe[]): Maybe =>
  parts.includes(false) ? false : parts.includes(undefined) ? undefined : true;
const anyOf = (parts: readonly Maybe[]): Maybe => negated(allOf(parts.map(negated)));
