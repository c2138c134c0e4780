import { addSeconds } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { denialOf } from "../../runs/public.ts";
import type { JobDeps } from "../deps.ts";
import { cancelJob, finish, wrapUp } from "../ending/end.ts";
import { cancelReason } from "../model.ts";
import { readSuiteRun, type WholeSuiteRun } from "../store.ts";
import { begin } from "./begin.ts";
import { follow } from "./follow.ts";
import { loadPlan } from "./plan.ts";

/** A job is looked at this often, whatever events tell. */
export const LOOK_SECONDS = 60;
/** The same while the plan has no room for its next case. */
const ROOM_SECONDS = 15;
/** Cases that one worker begins; more than go on side by side are those that cannot start. */
const MOST_BEGUN = 100;

/**
 * Takes a job as far as it goes now: cases whose runs are over get their results, further ones begin, and when the last one is over
 * so is the job. Whoever does the same at the same moment loses each step or wins it; each is one conditional transaction.
 * @param only the case that has something new, where it is known
 * @returns when to look again; undefined for a job that is over
 */
export async function advance(
  own: TenantTable,
  id: string,
  deps: JobDeps,
  only?: number | undefined,
): Promise<Date | undefined> {
  const read = await readSuiteRun(own, id);
  if (read === undefined) return undefined;
  if (read.job.status !== "running") return wrapUp(own, read, deps);
  const reason = await endsBecause(own, read, deps.clock.now());
  if (reason !== undefined) {
    await cancelJob(own, id, reason, deps.clock.now());
    return advance(own, id, deps);
  }
  const plan = await loadPlan(read, deps.blobs);
  for (const open of read.open) {
    const one = plan[open.index];
    if (one !== undefined && (only === undefined || only === open.index)) await follow(own, read.job, one, open, deps);
  }
  for (let begun = 0; begun < MOST_BEGUN; ) {
    const whole = await readSuiteRun(own, id);
    if (whole === undefined) return undefined;
    if (whole.job.status !== "running") return wrapUp(own, whole, deps);
    const { state, job } = whole;
    const one = plan[state.next];
    if (one === undefined && state.open === 0) {
      await finish(own, id, deps.clock.now());
      return undefined;
    }
    if (one === undefined || state.open >= job.concurrency) return addSeconds(deps.clock.now(), LOOK_SECONDS);
    const how = await begin(own, whole, one, deps);
    if (how === "full") return addSeconds(deps.clock.now(), ROOM_SECONDS);
    if (how === "begun") begun++;
  }
  return deps.clock.now();
}

/** Why a job goes no further: its day is over, or its starter may start no runs any more. */
async function endsBecause(own: TenantTable, { job }: WholeSuiteRun, at: Date) {
  if (at.getTime() >= Date.parse(job.deadline_at)) return "timed_out" as const;
  const { kind, target_id, started_by } = job;
  const denied = await denialOf(own, { kind, target_id, started_by, parent_run_id: null }, { node: undefined });
  return denied === undefined ? undefined : cancelReason.parse(denied.code);
}
