import * as z from "zod";
import { blobSchema } from "../../shared/blobs/blobs.ts";
import { runDays } from "../../shared/blobs/purposes.ts";
import { defineDue } from "../../shared/due/due.ts";
import { readFamily } from "../../shared/dynamo/family.ts";
import { defineItem, type ItemOf, primaryKey } from "../../shared/dynamo/item.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import { defineResource } from "../../shared/http/resource.ts";
import { idSchema } from "../../shared/ids.ts";
import { keptTrace } from "../../shared/tracing/kept.ts";
import { executed } from "../runs/resources.ts";
import { caseSchema, passRateSchema, resultSchema, suiteRunSchema, suiteRunStateSchema, suiteSchema } from "./model.ts";

/** Whatever belongs to a job ends with it. */
const ending = { expires_at: z.string() };

export const suiteItem = defineItem({
  type: "suite",
  summary: "Test cases of a pipeline or an agent, which run as one job.",
  schema: suiteSchema,
  key: { pk: "SUITE#{id}", sk: "SUITE" },
  indexes: { gsi1: { pk: "SUITES_OF#{target_id}", sk: "{id}" } },
});

export const suiteCaseItem = defineItem({
  type: "suite_case",
  summary: "A test case: its input, beyond 16 KB in the bucket, and what its run has to come to.",
  schema: caseSchema,
  key: { pk: "SUITE#{suite_id}", sk: "CASE#{id}" },
  json: ["assertions"],
});

export const suiteRunItem = defineItem({
  type: "suite_run",
  summary: "One job that runs the cases of a suite.",
  schema: suiteRunSchema.extend({
    /** Days for which it is kept; its files lie under them. */
    kept_days: z.literal(runDays),
    audit_days: z.int(),
    ...keptTrace,
  }),
  key: { pk: "SUITE_RUN#{id}", sk: "SUITE_RUN" },
  indexes: { gsi1: { pk: "SUITE_RUNS_OF#{suite_id}", sk: "{id}" } },
  json: ["pinned"],
  expires: "expires_at",
});
export type StoredSuiteRun = ItemOf<typeof suiteRunItem>;

export const suiteRunStateItem = defineItem({
  type: "suite_run_state",
  summary: "What the cases of a job change: which one begins next, how many go on, what became of the others.",
  schema: suiteRunStateSchema.extend(ending),
  key: { pk: "SUITE_RUN#{suite_run_id}", sk: "SUITE_RUN#STATE" },
  expires: "expires_at",
});

export const suiteRunPlanItem = defineItem({
  type: "suite_run_plan",
  summary: "The cases of a job as they were when it started, as JSON text; beyond 16 KB in the bucket.",
  schema: z.object({ suite_run_id: idSchema("suite_run"), plan: blobSchema, ...ending }),
  key: { pk: "SUITE_RUN#{suite_run_id}", sk: "SUITE_RUN#PLAN" },
  expires: "expires_at",
});

export const suiteRunOpenItem = defineItem({
  type: "suite_run_open",
  summary: "A case of a job that goes on: its run, and the runs of judges. Removed with its result.",
  schema: z.object({
    suite_run_id: idSchema("suite_run"),
    index: z.int(),
    run_id: idSchema("run"),
    /** One after the other, in the order of the judged assertions. */
    judge_run_ids: z.array(idSchema("run")),
    /** How many of them: who asks the next one has seen these. */
    judges: z.int(),
    ...ending,
  }),
  key: { pk: "SUITE_RUN#{suite_run_id}", sk: "SUITE_RUN#OPEN#{index}" },
  expires: "expires_at",
});
export type OpenCase = ItemOf<typeof suiteRunOpenItem>;

export const suiteRunLinkItem = defineItem({
  type: "suite_run_link",
  summary: "For which case of which job a run was started, found by the run when it ends.",
  schema: z.object({ run_id: idSchema("run"), suite_run_id: idSchema("suite_run"), index: z.int(), ...ending }),
  key: { pk: "SUITE_RUN_LINK#{run_id}", sk: "SUITE_RUN_LINK" },
  expires: "expires_at",
});

export const suiteResultItem = defineItem({
  type: "suite_result",
  summary: "What became of one case of a job.",
  schema: resultSchema.extend(ending),
  key: { pk: "SUITE_RUN#{suite_run_id}", sk: "RESULT#{index}" },
  json: ["assertions"],
  expires: "expires_at",
});
export type StoredResult = ItemOf<typeof suiteResultItem>;

export const suitePassRateItem = defineItem({
  type: "suite_pass_rate",
  summary: "What the newest whole job of a suite came to on one revision or version.",
  schema: passRateSchema,
  key: { pk: "PASS_RATES#{target_id}", sk: "{suite_id}#{version}" },
  indexes: { gsi1: { pk: "PASS_RATES_OF#{target_id}#{version}", sk: "{suite_id}" } },
  json: ["counts"],
});

/** When somebody looks at a job that goes on: no event has to arrive for it to end. */
export const suiteRunDue = defineDue("suite_run");

export const suiteResource = defineResource({
  type: "suite",
  path: ["suite_id"],
  item: suiteItem,
  key: ({ suite_id }) => ({ id: suite_id }),
  target: (suite) => executed(suite),
});

/** A case with its suite. */
export async function readCase(table: TenantTable, suite_id: string, case_id: string) {
  const [suite, one] = await table.table.batch([
    table.read(suiteItem, { id: suite_id }),
    table.read(suiteCaseItem, { suite_id, id: case_id }),
  ]);
  return suite === undefined || one === undefined ? undefined : { suite, one };
}

export const caseResource = defineResource({
  type: "suite",
  path: ["suite_id", "case_id"],
  read: ({ table, path }) => readCase(table, String(path.suite_id), String(path.case_id)),
  target: ({ suite }) => executed(suite),
});

/** A job with all that says how far it is. */
export interface WholeSuiteRun {
  readonly job: StoredSuiteRun;
  readonly state: ItemOf<typeof suiteRunStateItem>;
  readonly plan: ItemOf<typeof suiteRunPlanItem>;
  readonly open: readonly OpenCase[];
}

/** One strongly consistent query. */
export async function readSuiteRun(table: TenantTable, id: string): Promise<WholeSuiteRun | undefined> {
  const { pk, sk } = primaryKey(suiteRunItem, table.tenant, { id });
  const kinds = { jobs: suiteRunItem, states: suiteRunStateItem, plans: suiteRunPlanItem, open: suiteRunOpenItem };
  const found = await readFamily(table, { pk, from: sk, to: "SUITE_RUN#" }, kinds);
  const { jobs, states, plans, open } = found;
  const [job] = jobs;
  const [state] = states;
  const [plan] = plans;
  return job === undefined || state === undefined || plan === undefined ? undefined : { job, state, plan, open };
}

export const suiteRunResource = defineResource({
  type: "suite_run",
  path: ["suite_run_id"],
  read: ({ table, path }) => readSuiteRun(table, String(path.suite_run_id)),
  target: ({ job }) => executed(job),
});
