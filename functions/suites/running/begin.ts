import { commitChange } from "../../../shared/change/commit.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import { type Organization, organizationItem } from "../../../shared/identity/items.ts";
import { traceOf } from "../../../shared/tracing/kept.ts";
import { agentItem } from "../../agents/public.ts";
import { findHead } from "../../pipelines/public.ts";
import { findRun, loadJson, prepareAgent, preparePipeline, startOf, withPlace } from "../../runs/public.ts";
import type { JobDeps } from "../deps.ts";
import { contextOf } from "../ending/end.ts";
import type { PlannedCase } from "../model.ts";
import {
  type StoredSuiteRun,
  suiteResultItem,
  suiteRunItem,
  suiteRunLinkItem,
  suiteRunOpenItem,
  suiteRunStateItem,
  type WholeSuiteRun,
} from "../store.ts";
import { isAnswer, waitsForRoom } from "./refusals.ts";

/** For whom runs of a job are started. */
export async function organizationOf(own: TenantTable): Promise<Organization> {
  const organization = await own.get(organizationItem, {});
  if (organization === undefined) throw new Error(`organization ${own.tenant} is gone`);
  return organization;
}

/** How the next case of a job has come on: begun (or at its end, because it cannot start), another was first, or there is no room. */
export type Begun = "begun" | "raced" | "full";

/**
 * Begins the next case of a job: its run, that it goes on, and whose turn it is after it are one transaction, so each case starts one
 * run. One that cannot start has an error as its result.
 */
export async function begin(own: TenantTable, whole: WholeSuiteRun, one: PlannedCase, deps: JobDeps): Promise<Begun> {
  const { job, state } = whole;
  const at = deps.clock.now();
  const index = state.next;
  try {
    const organization = await organizationOf(own);
    const { wanted, check } = await prepare(own, job, one, organization, at, deps);
    const recorded = await recordedOf(own, job, one);
    const starter = { principal: job.started_by, plan: organization.plan, at, trace: traceOf(job) };
    const { expires_at } = job;
    const open = { suite_run_id: job.id, index, run_id: wanted.id, judge_run_ids: [], judges: 0, expires_at };
    await withPlace((waiting_for) => {
      const { run, writes, event } = startOf(
        own,
        starter,
        { ...wanted, ...(recorded === undefined ? {} : { recorded }) },
        waiting_for,
      );
      return commitChange(own.table, contextOf(own, job, at), {
        writes: [
          stillRuns(own, job),
          own.writes.update(
            suiteRunStateItem,
            { suite_run_id: job.id },
            { set: { next: index + 1 }, add: { open: 1 } },
            { equals: { next: index }, below: { open: job.concurrency } },
            () => lostRace(),
          ),
          own.writes.create(suiteRunOpenItem, open, () => lostRace()),
          linkWrite(own, job, index, run.id),
          check,
          ...writes,
        ],
        events: [event],
      });
    });
    return "begun";
  } catch (error) {
    if (!isAnswer(error)) throw error;
    if (error.code === "precondition_failed") return "raced";
    if (waitsForRoom(error)) return "full";
    return notStarted(own, whole, one, error, at);
  }
}

/** @throws Problem `precondition_failed` when committed, where the job is over */
export const stillRuns = (own: TenantTable, { id }: Pick<StoredSuiteRun, "id">): Write =>
  own.writes.check(suiteRunItem, { id }, { equals: { status: "running" } }, () => lostRace());

/** By which the end of a run finds its case. */
export const linkWrite = (own: TenantTable, job: StoredSuiteRun, index: number, run_id: string): Write =>
  own.writes.create(suiteRunLinkItem, { run_id, suite_run_id: job.id, index, expires_at: job.expires_at });

/** By what the runs of a job are found, and what they say of themselves. */
export const toldBy = (job: StoredSuiteRun, one: PlannedCase) => ({
  labels: [job.id],
  metadata: { suite_id: job.suite_id, suite_run_id: job.id, case_id: one.id },
});

async function prepare(
  table: TenantTable,
  job: StoredSuiteRun,
  one: PlannedCase,
  organization: Organization,
  at: Date,
  { blobs }: Pick<JobDeps, "blobs">,
) {
  const { kind, target_id, version, pinned, timeout_seconds, budget } = job;
  const input = await loadJson(blobs, one.input);
  const wanted = { mode: "test", ...toldBy(job, one), input, timeout_seconds, budget } as const;
  if (kind === "agent") {
    const agent = await table.get(agentItem, { id: target_id });
    if (agent === undefined) throw notFound("The agent of the suite is gone.");
    return prepareAgent({ table, blobs }, agent, { ...wanted, version }, organization, at);
  }
  const head = await findHead(table, target_id);
  if (head === undefined) throw notFound("The pipeline of the suite is gone.");
  return preparePipeline({ table, blobs }, head, { ...wanted, revision: version, pins: pinned }, organization, at);
}

/** The run whose outcomes are taken over; undefined where the case names none, or it is gone. */
async function recordedOf(own: TenantTable, job: StoredSuiteRun, { recorded_run_id }: PlannedCase) {
  if (recorded_run_id === null) return undefined;
  const found = await findRun(own, recorded_run_id);
  if (found === undefined || found.run.target_id !== job.target_id) return undefined;
  return { run_id: found.run.id, seed_run_id: found.run.seed_run_id };
}

async function notStarted(
  own: TenantTable,
  { job, state }: WholeSuiteRun,
  one: PlannedCase,
  error: Problem,
  at: Date,
): Promise<Begun> {
  const index = state.next;
  const result = {
    suite_run_id: job.id,
    index,
    case_id: one.id,
    name: one.name,
    tags: one.tags,
    outcome: "error",
    run_id: null,
    judge_run_ids: [],
    error: { code: error.code, message: error.detail },
    assertions: [],
    cost_usd_micros: 0,
    judge_cost_usd_micros: 0,
    latency_ms: null,
    finished_at: timestamp(at),
    expires_at: job.expires_at,
  } as const;
  try {
    await own.transact([
      stillRuns(own, job),
      own.writes.update(
        suiteRunStateItem,
        { suite_run_id: job.id },
        { set: { next: index + 1 }, add: { errors: 1 } },
        { equals: { next: index } },
        () => lostRace(),
      ),
      own.writes.create(suiteResultItem, { ...result, tags: [...one.tags], judge_run_ids: [], assertions: [] }, () =>
        lostRace(),
      ),
    ]);
    return "begun";
  } catch (lost) {
    if (lost instanceof Problem && lost.code === "precondition_failed") return "raced";
    throw lost;
  }
}
