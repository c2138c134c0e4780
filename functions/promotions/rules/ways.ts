import { type Environment, environments } from "../../../shared/environments.ts";

/** How many environments up it is from one to another: 0 is the same one, and less is down. */
export const stepsUp = (from: Environment, to: Environment): number =>
  environments.indexOf(to) - environments.indexOf(from);

/** What a rule says, as far as it has to fit together. */
export interface Said {
  readonly source_environment: Environment;
  readonly target_environment: Environment;
  readonly allow_skip: boolean;
  readonly requires_approval: boolean;
  readonly separation_of_duties: boolean;
}

export interface Misfit {
  readonly field: keyof Said;
  readonly message: string;
}

/** What of a rule does not fit together; all of it. */
export function misfits(rule: Said): readonly Misfit[] {
  const steps = stepsUp(rule.source_environment, rule.target_environment);
  if (steps < 1)
    return [{ field: "target_environment", message: "must be above source_environment: promotions only go up" }];
  const found: Misfit[] = [];
  if (steps > 1 !== rule.allow_skip)
    found.push({
      field: "allow_skip",
      message:
        steps > 1
          ? "must be true: between the two is another environment"
          : "must be false: there is no environment between the two",
    });
  if (rule.target_environment !== "production") return found;
  if (!rule.requires_approval)
    found.push({ field: "requires_approval", message: "must be true: nothing goes to production unapproved" });
  if (!rule.separation_of_duties)
    found.push({
      field: "separation_of_duties",
      message: "must be true: nobody approves what they bring to production themselves",
    });
  return found;
}
