import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import { type CaseOutcome, countOf, NEVER_BEGAN, type PlannedCase, type Result } from "../model.ts";
import {
  type OpenCase,
  type StoredSuiteRun,
  suiteResultItem,
  suiteRunLinkItem,
  suiteRunOpenItem,
  suiteRunStateItem,
} from "../store.ts";

/** What a case has come to. */
export type Settled = Pick<Result, "error" | "assertions" | "cost_usd_micros" | "judge_cost_usd_micros" | "latency_ms">;

/** Something that does not hold is a failure; where nothing fails and something is undecided, there is no verdict. */
function outcomeOf({ error, assertions }: Settled): Exclude<CaseOutcome, "skipped"> {
  if (error !== null) return "error";
  if (assertions.some(({ passed }) => passed === false)) return "failed";
  return assertions.every(({ passed }) => passed === true) ? "passed" : "error";
}

/** Gives a case that goes on its result, once; nothing happens where somebody else has, or has asked a judge meanwhile. */
export function settle(
  own: TenantTable,
  job: StoredSuiteRun,
  one: PlannedCase,
  open: OpenCase,
  settled: Settled,
  at: Date,
): Promise<void> {
  const outcome = outcomeOf(settled);
  const undecided = settled.assertions.find(({ passed }) => passed === null);
  const error =
    outcome === "error" ? (settled.error ?? { code: "undecided", message: undecided?.message ?? "No verdict." }) : null;
  return close(own, job, one, open, { ...settled, error, outcome }, at);
}

/** The same of a case that a cancelled job leaves. */
export const leave = (
  own: TenantTable,
  job: StoredSuiteRun,
  one: PlannedCase,
  open: OpenCase,
  costs: Pick<Settled, "cost_usd_micros" | "judge_cost_usd_micros">,
  at: Date,
): Promise<void> => {
  const error = { code: "cancelled", message: "The job was cancelled." };
  return close(own, job, one, open, { error, assertions: [], latency_ms: null, ...costs, outcome: "skipped" }, at);
};

async function close(
  own: TenantTable,
  job: StoredSuiteRun,
  one: PlannedCase,
  open: OpenCase,
  settled: Settled & Pick<Result, "outcome">,
  at: Date,
): Promise<void> {
  const { suite_run_id, index, run_id, judges, judge_run_ids } = open;
  const { outcome, cost_usd_micros, judge_cost_usd_micros } = settled;
  const never_began = settled.error?.code === NEVER_BEGAN ? { never_began: 1 } : {};
  const counted = outcome === "skipped" ? {} : { [countOf[outcome]]: 1, ...never_began };
  const result = {
    suite_run_id,
    index,
    case_id: one.id,
    name: one.name,
    tags: one.tags,
    run_id,
    judge_run_ids,
    ...settled,
    finished_at: timestamp(at),
    expires_at: job.expires_at,
  };
  const links: Write[] = [run_id, ...judge_run_ids].map((id) =>
    own.writes.remove(suiteRunLinkItem, { run_id: id }, {}),
  );
  try {
    await own.transact([
      own.writes.remove(suiteRunOpenItem, { suite_run_id, index }, { equals: { run_id, judges } }, () => lostRace()),
      own.writes.update(
        suiteRunStateItem,
        { suite_run_id },
        {
          add: { open: -1, ...counted, cost_usd_micros, judge_cost_usd_micros },
        },
      ),
      own.writes.create(suiteResultItem, result, () => lostRace()),
      ...links,
    ]);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "precondition_failed") throw error;
  }
}
