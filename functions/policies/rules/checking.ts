import { Problem, type Issue as ProblemIssue } from "../../../shared/errors.ts";
import { checkConditions, checkTarget, type Issue } from "../../../shared/policies/check.ts";
import { targets } from "../../../shared/policies/targets.ts";
import type { Definition } from "../model.ts";
import { MOST_CONDITION_BYTES } from "../model.ts";

/** Issues of a part of a body, as the API writes them. */
export const issuesOf = (issues: readonly Issue[], within: string): ProblemIssue[] =>
  issues.map(({ path, message }) => ({ path: [within, ...path].filter((part) => part !== "").join("."), message }));

/**
 * What a policy says, as it is kept.
 * @throws Problem `validation_failed` with everything that is wrong with it
 */
export function checked<D extends Pick<Definition, "resource_type" | "action" | "conditions">>(definition: D): D {
  const target = issuesOf(checkTarget(definition, targets), "");
  const conditions = checkConditions(definition.conditions, definition.resource_type);
  const issues = [...target, ...(conditions.ok ? [] : issuesOf(conditions.issues, "conditions"))];
  if (conditions.ok && Buffer.byteLength(JSON.stringify(conditions.conditions)) > MOST_CONDITION_BYTES)
    issues.push({
      path: "conditions",
      message: `are longer than ${MOST_CONDITION_BYTES} bytes: make several policies of it`,
    });
  if (issues.length > 0 || !conditions.ok)
    throw new Problem("validation_failed", "The policy cannot be kept like this.", { issues });
  return { ...definition, conditions: conditions.conditions };
}
