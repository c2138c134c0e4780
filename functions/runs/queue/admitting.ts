import { pause, unavailable } from "../../../shared/dynamo/retry.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { type Organization, organizationItem } from "../../../shared/identity/items.ts";
import { UNLIMITED } from "../../../shared/limits/plans.ts";
import { limitOf, quotaItem } from "../../../shared/limits/quota.ts";
import { endRun } from "../control/ending.ts";
import type { RunControl } from "../deps.ts";
import type { Denied } from "../engine/rules/rights.ts";
import { endingContext, logEntry, logWrite, stateWrite } from "../log/entries.ts";
import { number } from "../log/pending.ts";
import { nextLook } from "../model.ts";
import { type LoadedRun, type RunState, runItem, runWatch, type StoredRun } from "../store.ts";
import { contend, letIn, placeOf } from "./places.ts";
import { turnedAway } from "./rules/turned-away.ts";
import { inTurn, isFull, nextTurn } from "./rules/turns.ts";
import { runLaneItem, runQueueItem, type StoredLane } from "./store.ts";
import { limitFor, readTarget, stillTakes } from "./target.ts";

/** How often others may be faster in a row before it is left to the next try of the message. */
const TRIES = 40;
const FIRST_PAUSE_MS = 20;
/** How many runs are turned away before the events of their ends are left to go on with the others. */
const MOST_ENDED = 50;
/** Of how many lanes the pipelines and agents are read together; the first one's is nearly always all that is asked for. */
const LANES_READ = { first: 4, most: 100 } as const;
/** So many of a lane's oldest runs are read together. */
const OLDEST = 5;

const admitted = { level: "info", type: "run.admitted", message: "The run has a place and starts." } as const;

/**
 * Lets waiting runs of an organization in, as long as there are places: pipelines and agents turn by turn, within one by age. Many
 * may do so at once, since each run is let in by one conditional transaction; whoever dies in between has let in those before.
 * One whose pipeline or agent takes no such runs any more is ended instead.
 */
export async function admitWaiting(
  table: TenantTable,
  deps: Pick<RunControl, "clock" | "workflow" | "log">,
): Promise<void> {
  for (let tries = 1, ended = 0; tries <= TRIES; ) {
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
    const { run, denial } = next;
    const now = deps.clock.now();
    if (denial !== undefined) {
      await endRun(table, endingContext(table, run, "run_queue", now), run, { status: "stopped", error: denial });
      if (++ended === MOST_ENDED) return;
      tries = 1;
    } else if (await admit(table, organization.plan, next, now)) {
      tries = 1;
      await deps.workflow.start(table.tenant, run.id).catch((error: unknown) => {
        // Whoever looks at it in two minutes starts it.
        deps.log.error("run.start_delayed", error, { run_id: run.id });
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
  /** Why it is not let in but ended. */
  readonly denial: Denied | undefined;
}

/** The oldest waiting run of the lane whose turn it is, where its pipeline has a place. */
async function nextRun(table: TenantTable): Promise<Next | undefined> {
  const lanes: StoredLane[] = [];
  for await (const lane of table.all(runLaneItem, { of: {} })) lanes.push(lane);
  const waiting = inTurn(lanes);
  for (let from = 0, size: number = LANES_READ.first; from < waiting.length; from += size, size = LANES_READ.most) {
    const some = waiting.slice(from, from + size);
    const targets = await table.table.batch(some.map(({ target_id }) => readTarget(table, target_id)));
    for (const [i, lane] of some.entries()) {
      const target = targets[i];
      const limit = limitFor(target);
      const full = isFull(lane, limit);
      // Of an active pipeline nobody is turned away, so nobody of a full one is asked for.
      if (full && target?.status === "active") continue;
      const oldest = await oldestOf(table, lane);
      if (oldest === undefined) continue;
      const denial = turnedAway(oldest.run, target);
      if (denial !== undefined || !full) return { ...oldest, lane, turn: nextTurn(lanes), limit, denial };
    }
  }
  return undefined;
}

/** Who waits longest in a lane. */
async function oldestOf(table: TenantTable, { target_id }: StoredLane): Promise<LoadedRun | undefined> {
  let cursor: string | null | undefined;
  do {
    const page = await table.page(runQueueItem, { of: { target_id }, limit: OLDEST, cursor: cursor ?? undefined });
    for (const { run_id } of page.items) {
      const [run, state] = await Promise.all([table.get(runItem, { id: run_id }), number(table, run_id)]);
      if (run !== undefined && state?.status === "queued" && state.place === "waiting") return { run, state };
    }
    cursor = page.next_cursor;
  } while (cursor !== null);
  return undefined;
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
      stillTakes(table, run),
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
