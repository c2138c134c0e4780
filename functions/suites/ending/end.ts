import { type ChangeSet, commitChange, systemContext } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { giveQuota } from "../../../shared/limits/quota.ts";
import { findRun, stopRun } from "../../runs/public.ts";
import type { JobDeps } from "../deps.ts";
import { suiteEvents } from "../events.ts";
import { type CancelReason, countsOf, passRateOf } from "../model.ts";
import { aboutJob, sumsOf } from "../rules/about.ts";
import { loadPlan } from "../running/plan.ts";
import { leave } from "../running/settle.ts";
import {
  readSuiteRun,
  type StoredSuiteRun,
  suiteItem,
  suitePassRateItem,
  suiteRunDue,
  suiteRunItem,
  type WholeSuiteRun,
} from "../store.ts";

/** The context of what a job does by itself. */
export const contextOf = (own: TenantTable, { audit_days, trace_id }: StoredSuiteRun, at: Date) =>
  systemContext(own.tenant, suiteRunDue.kind, at, audit_days, trace_id);

/** The write that ends a job that still runs. */
const endWrite = (own: TenantTable, { id }: StoredSuiteRun, set: Partial<StoredSuiteRun>): Write =>
  own.writes.update(suiteRunItem, { id }, { set }, { equals: { status: "running" } }, () => lostRace());

/** What cancels a job; its runs are stopped by whoever hears of it. */
export function cancelChange(own: TenantTable, { job, state }: WholeSuiteRun, reason: CancelReason, at: Date) {
  const set = { status: "cancelled", reason, finished_at: timestamp(at) } as const;
  const next: StoredSuiteRun = { ...job, ...set };
  const data = { ...aboutJob(next), ...sumsOf(next, state), reason };
  const change: ChangeSet = {
    // Due at once: should nobody hear of it, who looks stops the runs.
    writes: [endWrite(own, job, set), giveQuota(own, "suite_runs"), suiteRunDue.set(own, job.id, at)],
    events: [draft(suiteEvents, "suite.run_cancelled", { id: job.id, name: job.suite_name }, data, { reason })],
  };
  return { change, next };
}

/** Cancels a job that still runs, by itself. */
export const cancelJob = (own: TenantTable, id: string, reason: CancelReason, at: Date): Promise<void> =>
  updateWithRetry(undefined, async () => {
    const whole = await readSuiteRun(own, id);
    if (whole?.job.status !== "running") return;
    await commitChange(own.table, contextOf(own, whole.job, at), cancelChange(own, whole, reason, at).change);
  });

/** Stops what still goes on of a job that is over: its runs, and those of judges. */
export async function wrapUp(own: TenantTable, whole: WholeSuiteRun, deps: JobDeps): Promise<undefined> {
  if (whole.open.length === 0) return;
  const plan = await loadPlan(whole, deps.blobs);
  for (const open of whole.open) {
    const one = plan[open.index];
    if (one === undefined) continue;
    const { run_id, judge_run_ids } = open;
    for (const id of [run_id, ...judge_run_ids]) await stopRun(own, id, suiteRunDue.kind, deps);
    const [run, ...judges] = await Promise.all([run_id, ...judge_run_ids].map((id) => findRun(own, id)));
    const costs = {
      cost_usd_micros: run?.state.cost_usd_micros ?? 0,
      judge_cost_usd_micros: judges.reduce((sum, judge) => sum + (judge?.state.cost_usd_micros ?? 0), 0),
    };
    await leave(own, whole.job, one, open, costs, deps.clock.now());
  }
}

/**
 * The end of a job whose cases have all come to theirs: its status, the pass rate of what it has tested, the audit entry and the event
 * are one transaction, which happens once.
 */
export const finish = (own: TenantTable, id: string, at: Date): Promise<void> =>
  updateWithRetry(undefined, async () => {
    const whole = await readSuiteRun(own, id);
    if (whole?.job.status !== "running") return;
    const { state } = whole;
    const set = { status: "completed", finished_at: timestamp(at) } as const;
    const job: StoredSuiteRun = { ...whole.job, ...set };
    const data = { ...aboutJob(job), ...sumsOf(job, state) };
    await commitChange(own.table, contextOf(own, job, at), {
      writes: [
        endWrite(own, job, set),
        giveQuota(own, "suite_runs"),
        suiteRunDue.clear(own, id),
        ...(await rateWrites(own, job, whole)),
      ],
      events: [draft(suiteEvents, "suite.run_completed", { id, name: job.suite_name }, data)],
    });
  });

/** Only a job over all cases says how good a version is, and only the newest one; of a suite that is gone nothing is kept. */
async function rateWrites(own: TenantTable, job: StoredSuiteRun, { state }: WholeSuiteRun): Promise<Write[]> {
  if (job.tags.length > 0 || state.never_began > 0) return [];
  const { kind, target_id, suite_id, suite_name, version, total } = job;
  const [suite, before] = await own.table.batch([
    own.read(suiteItem, { id: suite_id }),
    own.read(suitePassRateItem, { target_id, suite_id, version }),
  ]);
  if (suite === undefined) return [];
  if (before !== undefined && before.suite_run_id > job.id) return [];
  const rate = {
    ...{ kind, target_id, suite_id, suite_name, version, total },
    suite_run_id: job.id,
    counts: countsOf(job, state),
    pass_rate: passRateOf(state),
    finished_at: job.finished_at ?? job.created_at,
  };
  const unchanged =
    before === undefined ? ({ exists: false } as const) : { equals: { suite_run_id: before.suite_run_id } };
  return [
    own.writes.check(suiteItem, { id: suite_id }, { exists: true }, () => lostRace()),
    own.writes.put(suitePassRateItem, rate, unchanged, () => lostRace()),
  ];
}
