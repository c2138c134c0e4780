import { pause, unavailable } from "../../../shared/dynamo/retry.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { type Organization, organizationItem } from "../../../shared/identity/items.ts";
import { UNLIMITED } from "../../../shared/limits/plans.ts";
import { limitOf, quotaItem } from "../../../shared/limits/quota.ts";
import { pipelineItem } from "../../pipelines/public.ts";
import type { RunControl } from "../deps.ts";
import { logEntry, logWrite, stateWrite } from "../log/entries.ts";
import { number } from "../log/pending.ts";
import { nextLook } from "../model.ts";
import { type RunState, runItem, runWatch, type StoredRun } from "../store.ts";
import { contend, letIn, placeOf } from "./places.ts";
import { inTurn, isFull, nextTurn } from "./rules/turns.ts";
import { runLaneItem, runQueueItem, type StoredLane } from "./store.ts";

/** How often others may be faster in a row before it is left to the next try of the message. */
const TRIES = 40;
const FIRST_PAUSE_MS = 20;

const admitted = { level: "info", type: "run.admitted", message: "The run has a place and starts." } as const;

/**
 * Lets waiting runs of an organization in, as long as there are places: pipelines and agents turn by turn, within one by age. Many
 * may do so at once, since each run is let in by one conditional transaction; whoever dies in between has let in those before.
 */
export async function admitWaiting(
  table: TenantTable,
  deps: Pick<RunControl, "clock" | "workflow" | "log">,
): Promise<void> {
  for (let tries = 1; tries <= TRIES; ) {
    const [organization, queued, live] = await table.table.batch([
      table.read(organizationItem, {}),
      table.read(quotaItem, { resource: "queued_runs" }),
      table.read(quotaItem, { resource: "live_runs" }),
    ]);
    if (organization?.status !== "active") return;
    const limit = limitOf(organization.plan, "live_runs");
    const full = limit !== UNLIMITED && (live?.used ?? 0) >= limit;
    const next = (queued?.used ?? 0) === 0 || full ? undefined : await nextRun(table);
    if (next === undefined) {
      const contended = full && (queued?.used ?? 0) > 0;
      if (live !== undefined && contended !== (live.contended ?? false)) await tell(table, contended);
      return;
    }
    if (await admit(table, organization.plan, next, deps.clock.now())) {
      tries = 1;
      await deps.workflow.start(table.tenant, next.run.id).catch((error: unknown) => {
        // Whoever looks at it in two minutes starts it.
        deps.log.error("run.start_delayed", error, { run_id: next.run.id });
      });
    } else await pause(tries++, FIRST_PAUSE_MS);
  }
  throw unavailable(new Error("others let runs in all the time"));
}

interface Next {
  readonly lane: StoredLane;
  readonly turn: number;
  readonly run: StoredRun;
  readonly state: RunState;
  readonly limit: number | null;
}

/** The oldest waiting run of the lane whose turn it is, where its pipeline has a place. */
async function nextRun(table: TenantTable): Promise<Next | undefined> {
  const lanes: StoredLane[] = [];
  for await (const lane of table.all(runLaneItem, { of: {} })) lanes.push(lane);
  for (const lane of inTurn(lanes)) {
    const { target_id } = lane;
    const limit = await ownLimit(table, target_id);
    if (isFull(lane, limit)) continue;
    for await (const { run_id } of table.all(runQueueItem, { of: { target_id } })) {
      const [run, state] = await Promise.all([table.get(runItem, { id: run_id }), number(table, run_id)]);
      if (run !== undefined && state?.status === "queued" && state.place === "waiting")
        return { lane, turn: nextTurn(lanes), run, state, limit };
    }
  }
  return undefined;
}

/** How many runs a pipeline has at a time, as it is set now. */
export async function ownLimit(table: TenantTable, target_id: string): Promise<number | null> {
  if (!target_id.startsWith("pip_")) return null;
  return (await table.get(pipelineItem, { id: target_id }))?.max_concurrent_runs ?? null;
}

/** @returns whether this run was let in; else something has changed since it was read */
async function admit(
  table: TenantTable,
  plan: Organization["plan"],
  { lane, turn, run, state, limit }: Next,
  at: Date,
): Promise<boolean> {
  try {
    await table.transact([
      stateWrite(table, state, { entries: 1, place: placeOf(limit) }),
      logWrite(table, state, state.sequence + 1, logEntry(at, admitted)),
      runWatch.set(table, run.id, nextLook(run, at)),
      ...letIn(table, plan, run, { turn: lane.turn, next: turn, limit }),
    ]);
    return true;
  } catch (error) {
    if (error instanceof Problem && error.status < 500) return false;
    throw error;
  }
}

/** Says to those that come whether somebody waits; only where that is not said yet. */
async function tell(table: TenantTable, contended: boolean): Promise<void> {
  await table.touch(contend(table, contended));
}
