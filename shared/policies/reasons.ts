import { compileConditions } from "./compile.ts";
import type { Facts } from "./facts.ts";
import { isAlways, type PolicyComparison, type PolicyCondition, type PolicyConditions } from "./language.ts";
import { comparisonInWords } from "./words.ts";

/** One comparison that decided, and how it came out. */
export interface Reason {
  /** Where it stands: `["all", 0, "not"]`. */
  readonly at: readonly (string | number)[];
  readonly comparison: PolicyComparison;
  readonly held: boolean;
  /** In words. */
  readonly says: string;
}

const MOST_REASONS = 10;

/**
 * The comparisons by which conditions came out as they did: of a group that needs all, the first one that did not hold, or
 * all of them where each did; of one that needs any, the other way round. None where there are no conditions.
 * @throws where the conditions cannot be evaluated
 */
export function reasonsOf(conditions: PolicyConditions, facts: Facts): Reason[] {
  if (isAlways(conditions)) return [];
  const { reasons: items } = why(conditions, facts, []);
  return items.slice(0, MOST_REASONS);
}

interface Why {
  readonly held: boolean;
  readonly reasons: Reason[];
}

function why(part: PolicyCondition, facts: Facts, at: readonly (string | number)[]): Why {
  if ("not" in part) {
    const { held, reasons } = why(part.not, facts, [...at, "not"]);
    return { held: !held, reasons };
  }
  if ("all" in part) return decidedBy(part.all, facts, [...at, "all"], false);
  if ("any" in part) return decidedBy(part.any, facts, [...at, "any"], true);
  const held = compileConditions(part)(facts);
  return { held, reasons: [{ at, comparison: part, held, says: comparisonInWords(part) }] };
}

/** A group comes out this way by the first member that does; the other way by all of them together. */
function decidedBy(
  parts: readonly PolicyCondition[],
  facts: Facts,
  at: readonly (string | number)[],
  way: boolean,
): Why {
  const reasons: Reason[] = [];
  for (const [index, part] of parts.entries()) {
    const one = why(part, facts, [...at, index]);
    if (one.held === way) return one;
    reasons.push(...one.reasons);
  }
  return { held: !way, reasons };
}
