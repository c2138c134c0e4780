import type { Bounded } from "../bounded/killable.ts";
import { engines, SMALL } from "../engines/run.ts";
import { type Condition, eachComparison, evaluate } from "./condition.ts";
import { parsePath, readPath } from "./paths.ts";

/**
 * Whether a condition holds in a scope, decided in a thread that can be ended where a pattern meets a long text. All else
 * of a condition costs no more than looking at it.
 */
export async function conditionHolds(condition: Condition, scope: unknown): Promise<Bounded<boolean>> {
  return meetsLongText(condition, scope)
    ? engines.run<boolean>("holds", { condition, scope })
    : { ok: true, value: evaluate(condition, scope) };
}

function meetsLongText(condition: Condition, scope: unknown): boolean {
  let long = false;
  eachComparison(condition, ({ path, op }) => {
    if (op !== "matches") return;
    const segments = parsePath(path);
    const actual = segments === undefined ? undefined : readPath(scope, segments);
    long ||= typeof actual === "string" && actual.length > SMALL;
  });
  return long;
}
