import * as z from "zod";
import { runKindSchema } from "../../runs/model.ts";

/** What events tell of suites, too: all functions that know all events load this, and not what suites are. */

/** What suites are of: a pipeline or an agent. */
export const targetKind = runKindSchema;
export type TargetKind = z.output<typeof targetKind>;

/** Why a job was cancelled: somebody, what denies a run's next step, or its own end. */
export const cancelReason = z
  .enum([
    "requested",
    "organization_suspended",
    "starter_removed",
    "starter_not_permitted",
    "suite_deleted",
    "timed_out",
  ])
  .meta({ id: "SuiteRunCancelReason" });
export type CancelReason = z.output<typeof cancelReason>;

/** Cases of a job that came to a verdict. */
export const decided = z.object({ passed: z.int(), failed: z.int(), errors: z.int() });

/** What has become of a job's cases. */
export const countsSchema = decided
  .extend({ skipped: z.int().meta({ description: "Cases that a cancelled job has not run to an end." }) })
  .meta({ id: "SuiteCounts" });
export type Counts = z.output<typeof countsSchema>;

export const passRate = z
  .number()
  .min(0)
  .max(1)
  .nullable()
  .meta({ description: "Of the cases that came to a verdict; null while there is none.", example: 0.98 });
