import { Problem, type Issue as ProblemIssue } from "../../../shared/errors.ts";
import { checkConditions, checkTarget, type Issue } from "../../../shared/policies/check.ts";
import { targets } from "../../../shared/policies/targets.ts";
import type { Definition } from "../model.ts";
import { MOST_CONDITION_BYTES } from "../model.ts";

/** Issues of a part of a body, as the API writes them. */
export const issuesOf = (issues: readonly Issue[], within: string): ProblemIssue[] =>
  issues.map(({ path, message }) => ({ path: [within, ...path].filter((part) => part !== "").join("."), message }));

/** What is wrong with a policy, in the words of its body; or its conditions as they are kept. */
type Said =
  | { readonly ok: true; readonly conditions: Definition["conditions"] }
  | { readonly ok: false; readonly issues: ProblemIssue[] };

/** Checks what a policy says, all of it at once. */
export function check(
  definition: Pick<Definition, "resource_type" | "action"> & { readonly conditions: unknown },
): Said {
  const target = issuesOf(checkTarget(definition, targets), "");
  const conditions = checkConditions(definition.conditions, definition.resource_type);
  const issues = [...target, ...(conditions.ok ? [] : issuesOf(conditions.issues, "conditions"))];
  if (conditions.ok && Buffer.byteLength(JSON.stringify(conditions.conditions)) > MOST_CONDITION_BYTES)
    issues.push({
      path: "conditions",
      message: `are longer than ${MOST_CONDITION_BYTES} bytes: make several policies of it`,
    });
  return issues.length > 0 || !conditions.ok ? { ok: false, issues } : { ok: true, conditions: conditions.conditions };
}

/**
 * What a policy says, as it is kept.
 * @throws Problem `validation_failed` with everything that is wrong with it
 */
export function checked<D extends Pick<Definition, "resource_type" | "action" | "conditions">>(definition: D): D {
  const said = check(definition);
  if (!said.ok) throw new Problem("validation_failed", "The policy cannot be kept like this.", { issues: said.issues });
  return { ...definition, conditions: said.conditions };
}
