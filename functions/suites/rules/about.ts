import { countsOf, passRateOf, type Suite, type SuiteRun, type SuiteRunState } from "../model.ts";

/** What every event of a suite says of it. */
export const aboutSuite = ({ id, name, kind, target_id }: Suite) => ({ suite_id: id, name, kind, target_id });

/** What every event of a job says of it. */
export const aboutJob = ({ id, suite_id, suite_name, kind, target_id, version, total }: SuiteRun) => ({
  suite_run_id: id,
  suite_id,
  name: suite_name,
  kind,
  target_id,
  version,
  total,
});

/** What the end of a job says in addition. */
export const sumsOf = (job: Pick<SuiteRun, "total" | "status">, state: SuiteRunState) => ({
  counts: countsOf(job, state),
  pass_rate: passRateOf(state),
  cost_usd_micros: state.cost_usd_micros + state.judge_cost_usd_micros,
});
