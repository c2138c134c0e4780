import type { Blobs } from "../../../shared/blobs/blobs.ts";
import { trusted } from "../../../shared/bounded/trusted.ts";
import { type PlannedCase, planSchema } from "../model.ts";
import type { WholeSuiteRun } from "../store.ts";

/** The cases of a job, as they were when it started. */
export async function loadPlan(
  { plan }: Pick<WholeSuiteRun, "plan">,
  blobs: Pick<Blobs, "load">,
): Promise<PlannedCase[]> {
  const text = await blobs.load(plan.plan);
  return trusted(() => planSchema.parse(JSON.parse(text)));
}
