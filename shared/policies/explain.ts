import { compileConditions } from "./compile.ts";
import type { Decision } from "./decide.ts";
import { compilePolicies } from "./decide.ts";
import { Facts } from "./facts.ts";
import {
  isAlways,
  type Policy,
  type PolicyBundle,
  type PolicyComparison,
  type PolicyCondition,
  type PolicyConditions,
  type PolicyRequest,
} from "./language.ts";
import { isFor } from "./principals.ts";
import { type Reason, reasonsOf } from "./reasons.ts";

/** How one policy about the request came out. */
export interface Considered {
  readonly policy: Policy;
  /** Whether it is for whoever asks; only then it counts. */
  readonly applies: boolean;
  /** Whether its conditions hold; null where they cannot be evaluated. */
  readonly holds: boolean | null;
  readonly reasons: readonly Reason[];
}

/** A comparison that would have to come out otherwise. */
export interface Turn {
  readonly policy: Policy;
  readonly at: readonly (string | number)[];
  readonly comparison: PolicyComparison;
  /** Whether it would have to hold. */
  readonly must_hold: boolean;
}

export interface Explanation {
  readonly decision: Decision;
  /** All policies about this type and action, those first that count. */
  readonly considered: readonly Considered[];
  /**
   * The fewest comparisons that would have to come out otherwise for it to be allowed, each by itself; none where it is allowed, null
   * where no answers to the conditions allow it (a policy that always denies).
   */
  readonly nearest: readonly Turn[] | null;
}

/** Explains a decision: which policies were asked, how each came out and by what, and what is least far from being allowed. */
export function explain(bundle: PolicyBundle, request: PolicyRequest): Explanation {
  const facts = new Facts(request);
  const about = bundle.policies.filter((policy) => policy.status === "active" && isAbout(policy, request));
  const considered = about
    .map((policy) => consider(policy, facts))
    .sort((a, b) => Number(b.applies) - Number(a.applies));
  const decision = compilePolicies(bundle).decide(request);
  const denied = bundle.denied_by_default?.includes(request.resource_type) === true;
  return { decision, considered, nearest: decision.outcome === "allow" ? [] : nearestOf(considered, denied, facts) };
}

const isAbout = (policy: Policy, { resource_type, action }: PolicyRequest): boolean =>
  (policy.resource_type === "*" || policy.resource_type === resource_type) &&
  (policy.action === "*" || policy.action === action);

function consider(policy: Policy, facts: Facts): Considered {
  const applies = isFor(policy.assignments, facts.principal);
  try {
    const holds = compileConditions(policy.conditions)(facts);
    return { policy, applies, holds, reasons: reasonsOf(policy.conditions, facts) };
  } catch {
    return { policy, applies, holds: null, reasons: [] };
  }
}

/** What denies has to hold no more, each; of what allows, where nothing is allowed by default, the one that is nearest has to hold. */
function nearestOf(considered: readonly Considered[], denied: boolean, facts: Facts): readonly Turn[] | null {
  const counting = considered.filter(({ applies }) => applies);
  if (counting.some(({ holds }) => holds === null)) return null;
  const turns: Turn[] = [];
  for (const { policy, holds } of counting) {
    if (policy.effect === "allow" || holds !== true) continue;
    const freed = turnsTo(policy, false, facts);
    if (freed === null) return null;
    turns.push(...freed);
  }
  const allowing = counting.filter(({ policy }) => policy.effect === "allow");
  if (!denied || allowing.some(({ holds }) => holds === true)) return turns;
  const [nearest] = allowing
    .map(({ policy }) => turnsTo(policy, true, facts))
    .filter((path) => path !== null)
    .sort((a, b) => a.length - b.length);
  return nearest === undefined ? null : [...turns, ...nearest];
}

/** The fewest comparisons of a policy that have to turn for its conditions to come out so; null where none can. */
function turnsTo(policy: Policy, wanted: boolean, facts: Facts): Turn[] | null {
  const { conditions } = policy;
  if (isAlways(conditions)) return wanted ? [] : null;
  return turn(conditions, wanted, facts, []).map((one) => ({ ...one, policy }));
}

type Bare = Omit<Turn, "policy">;

function turn(part: PolicyCondition, wanted: boolean, facts: Facts, at: readonly (string | number)[]): Bare[] {
  if ("not" in part) return turn(part.not, !wanted, facts, [...at, "not"]);
  if ("all" in part) return ofMany(part.all, wanted, true, facts, [...at, "all"]);
  if ("any" in part) return ofMany(part.any, wanted, false, facts, [...at, "any"]);
  const holds = compileConditions(part as PolicyConditions)(facts);
  return holds === wanted ? [] : [{ at, comparison: part, must_hold: wanted }];
}

/** All members have to come out so, or it is enough that one does: then the one that takes fewest. */
function ofMany(
  parts: readonly PolicyCondition[],
  wanted: boolean,
  every: boolean,
  facts: Facts,
  at: readonly (string | number)[],
): Bare[] {
  const ways = parts.map((part, index) => turn(part, wanted, facts, [...at, index]));
  if (wanted === every) return ways.flat();
  return ways.reduce((fewest, way) => (way.length < fewest.length ? way : fewest));
}
