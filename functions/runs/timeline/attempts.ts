import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { type RunStep, runStepItem } from "../store.ts";
import { MOST_ATTEMPTS } from "./rules/timeline.ts";

/** The attempts of a run in pages of 100, by node and attempt. @throws Problem `run_too_large` */
export async function attemptsOf(table: TenantTable, run_id: string): Promise<RunStep[]> {
  const attempts: RunStep[] = [];
  for await (const step of table.all(runStepItem, { of: { run_id } })) {
    attempts.push(step);
    if (attempts.length <= MOST_ATTEMPTS) continue;
    throw new Problem("run_too_large", `The run has more than ${MOST_ATTEMPTS} attempts of steps.`, {
      members: { limit: MOST_ATTEMPTS },
    });
  }
  return attempts;
}
