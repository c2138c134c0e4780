import * as z from "zod";
import { principalSchema } from "../../shared/access/principal.ts";
import { blobSchema } from "../../shared/blobs/blobs.ts";
import { descriptionSchema, nameSchema, tagsSchema, timestampSchema } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { defineStates } from "../../shared/states.ts";
import { failureSchema, pinnedSchema } from "../runs/model.ts";
import { limitsSchema } from "../usage/runs/public.ts";
import { assertionsSchema } from "./rules/assertions.ts";
import { type Counts, cancelReason, countsSchema, decided, passRate, targetKind } from "./rules/told.ts";

export {
  type CancelReason,
  type Counts,
  cancelReason,
  countsSchema,
  passRate,
  type TargetKind,
  targetKind,
} from "./rules/told.ts";

/** Cases of one suite: its report is one answer. */
export const MOST_CASES = 500;
/** The input of a case, as JSON. */
export const MOST_INPUT_BYTES = 256 * 1024;
/** Cases of a job that run side by side. */
export const MOST_SIDE_BY_SIDE = 20;
/** How long the run of one case may take. */
export const MOST_CASE_SECONDS = 3_600;
/** A job that is not over by then is ended. */
export const JOB_SECONDS = 86_400;

const target = {
  kind: targetKind.meta({ description: "What it tests." }),
  target_id: z.string().meta({ description: "The pipeline or the agent.", example: "pip_01JDQ4X0Z5V8W3N7K2M9R6T1BC" }),
};

export const suiteSchema = z.object({
  id: idSchema("suite"),
  organization_id: z.string(),
  ...target,
  name: nameSchema,
  description: descriptionSchema,
  /** How many cases it has. */
  cases: z.int(),
  created_by: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  etag: z.string(),
});
export type Suite = z.output<typeof suiteSchema>;

export const suiteView = suiteSchema
  .omit({ etag: true })
  .meta({ id: "Suite", description: "Test cases of a pipeline or an agent, which run as one job." });

export const inputSchema = z
  .unknown()
  .refine(
    (input) => Buffer.byteLength(JSON.stringify(input) ?? "") <= MOST_INPUT_BYTES,
    `must be at most ${MOST_INPUT_BYTES} bytes of JSON`,
  )
  .meta({ description: "The input of its run: any JSON." });

/** What is stored of a case. */
export const caseSchema = z.object({
  id: idSchema("suite_case"),
  suite_id: idSchema("suite"),
  name: nameSchema,
  input: blobSchema,
  assertions: assertionsSchema,
  tags: tagsSchema,
  enabled: z.boolean(),
  from_run_id: idSchema("run").nullable().meta({ description: "The run from which it was made." }),
  recorded_run_id: idSchema("run").nullable().meta({
    description:
      "A run whose outcomes are taken over where the work is the same, as in a re-run: what is not changed is not done or paid again. Once that run is gone, all is done anew.",
  }),
  created_by: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  etag: z.string(),
});
export type Case = z.output<typeof caseSchema>;

export const caseSummary = caseSchema
  .omit({ etag: true, input: true })
  .meta({ id: "SuiteCaseSummary", description: "One input and what its run has to come to." });
export const caseView = caseSummary
  .extend({ input: z.unknown() })
  .meta({ id: "SuiteCase", description: "One input and what its run has to come to, with the input." });

export const suiteRunStatuses = ["running", "completed", "cancelled"] as const;
export const suiteRunStatus = z.enum(suiteRunStatuses).meta({ id: "SuiteRunStatus" });
export type SuiteRunStatus = z.output<typeof suiteRunStatus>;

export const suiteRunStates = defineStates("suite_run", suiteRunStatuses, [
  { from: [], to: "running", why: "Somebody starts it." },
  { from: ["running"], to: "completed", why: "Each of its cases has come to its end." },
  {
    from: ["running"],
    to: "cancelled",
    why: "Somebody cancels it; its starter may start no runs any more; the organization is suspended, the suite deleted, or a day is over.",
  },
]);

const version = z.int().min(1).meta({ description: "The revision of the pipeline, or the version of the agent." });

/** What is stored of a job; what its cases change stands in its state. */
export const suiteRunSchema = z.object({
  id: idSchema("suite_run"),
  suite_id: idSchema("suite"),
  suite_name: nameSchema,
  ...target,
  version,
  /** What every run of it uses. */
  pinned: pinnedSchema,
  tags: tagsSchema.meta({ description: "Only cases with one of these; all of them where there are none." }),
  concurrency: z.int(),
  timeout_seconds: z.int().meta({ description: "Of the run of each case." }),
  budget: limitsSchema.nullable().meta({ description: "Of the run of each case, and of each judge." }),
  total: z.int().meta({ description: "Cases that it runs." }),
  status: suiteRunStatus,
  reason: cancelReason.nullable().meta({ description: "Why it was cancelled." }),
  started_by: principalSchema,
  trace_id: z.string(),
  created_at: timestampSchema,
  finished_at: timestampSchema.nullable(),
  deadline_at: timestampSchema,
  expires_at: timestampSchema,
});
export type SuiteRun = z.output<typeof suiteRunSchema>;

/** Cases that have come to an end of their own. */
/** The share of cases that passed, of those that were run to an end; errors count as not passed, unless nothing was ever begun. */
export function passRateOf({ passed, failed, errors, never_began }: Decided): number | null {
  const all = passed + failed + errors - never_began;
  return all === 0 ? null : Math.floor((passed / all) * 10_000) / 10_000;
}

/** What the cases of a job change. */
export const suiteRunStateSchema = decided.extend({
  suite_run_id: idSchema("suite_run"),
  /** Of the errors those whose run, or a judge's, waited for a place until its time was over: they say nothing of what is tested. */
  never_began: z.int(),
  /** The case that begins next, counted from 0. */
  next: z.int(),
  /** Cases that go on. */
  open: z.int(),
  cost_usd_micros: z.int(),
  judge_cost_usd_micros: z.int(),
});
export type SuiteRunState = z.output<typeof suiteRunStateSchema>;
type Decided = Pick<SuiteRunState, "passed" | "failed" | "errors" | "never_began">;

export const suiteRunView = suiteRunSchema
  .extend({
    running: z.int().meta({ description: "Cases whose runs go on." }),
    counts: countsSchema,
    pass_rate: passRate,
    cost_usd_micros: z.int().meta({ description: "Of the cases' runs." }),
    judge_cost_usd_micros: z.int().meta({ description: "Of the judges' runs." }),
  })
  .meta({ id: "SuiteRun", description: "One job that runs the cases of a suite." });

/** What has become of a job's cases: what a job leaves that is over has been skipped. */
export function countsOf({ total, status }: Pick<SuiteRun, "total" | "status">, state: SuiteRunState): Counts {
  const { passed, failed, errors } = state;
  return { passed, failed, errors, skipped: status === "running" ? 0 : total - passed - failed - errors };
}

/** A job as the API shows it. */
export function suiteRunOf(job: SuiteRun, state: SuiteRunState): z.input<typeof suiteRunView> {
  const { open, cost_usd_micros, judge_cost_usd_micros } = state;
  const pass_rate = passRateOf(state);
  return { ...job, running: open, counts: countsOf(job, state), pass_rate, cost_usd_micros, judge_cost_usd_micros };
}

export const outcomeSchema = z.enum(["passed", "failed", "error", "skipped"]).meta({ id: "SuiteOutcome" });
export type CaseOutcome = z.output<typeof outcomeSchema>;

/** The error of a case whose run waited for a place until its time was over. */
export const NEVER_BEGAN = "run_never_began";

/** Where an outcome is counted. */
export const countOf = { passed: "passed", failed: "failed", error: "errors" } as const;

export const checkedSchema = z
  .object({
    kind: z.string(),
    passed: z.boolean().nullable().meta({ description: "Null where it was not asked, or could not be decided." }),
    message: z.string(),
    expected: z.string().nullable().meta({ description: "As JSON, cut to 1,000 characters." }),
    actual: z.string().nullable().meta({ description: "As JSON, cut to 1,000 characters." }),
  })
  .meta({ id: "SuiteChecked", description: "What became of one assertion." });

/** What became of one case of a job. */
export const resultSchema = z
  .object({
    suite_run_id: idSchema("suite_run"),
    index: z.int().meta({ description: "Counted from 0, in the order of the job." }),
    case_id: idSchema("suite_case"),
    name: nameSchema,
    tags: tagsSchema,
    outcome: outcomeSchema,
    run_id: idSchema("run").nullable().meta({ description: "Null where none could be started." }),
    judge_run_ids: z.array(idSchema("run")),
    error: failureSchema.nullable().meta({ description: "Why there is no verdict." }),
    assertions: z.array(checkedSchema),
    cost_usd_micros: z.int(),
    judge_cost_usd_micros: z.int(),
    latency_ms: z.int().nullable(),
    finished_at: timestampSchema,
  })
  .meta({ id: "SuiteResult", description: "What became of one case of a job." });
export type Result = z.output<typeof resultSchema>;

/** The cases of a job, as they were when it started. */
export const planSchema = z.array(
  caseSchema.pick({ id: true, name: true, input: true, assertions: true, tags: true, recorded_run_id: true }).extend({
    /** By agents that judge, their versions; without those that could not be used. */
    judges: z.record(idSchema("agent"), z.int()),
  }),
);
export type PlannedCase = z.output<typeof planSchema>[number];

/** The newest whole job of a suite on one version. */
export const passRateSchema = z
  .object({
    ...target,
    suite_id: idSchema("suite"),
    suite_name: nameSchema,
    version,
    suite_run_id: idSchema("suite_run"),
    total: z.int(),
    counts: countsSchema,
    pass_rate: passRate,
    finished_at: timestampSchema,
  })
  .meta({
    id: "SuitePassRate",
    description: "What the newest job over all cases of a suite came to on one revision or version.",
  });

/** A case without what it is stored with. */
export const caseOf = ({ input: _, ...one }: Case) => one;
