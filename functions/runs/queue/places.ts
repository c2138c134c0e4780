import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { UNLIMITED } from "../../../shared/limits/plans.ts";
import { giveQuota, limitOf, quotaItem, takeQuota } from "../../../shared/limits/quota.ts";
import { addDays } from "../../../shared/limits/retention.ts";
import type { RunState, StoredRun } from "../store.ts";
import type { WaitingFor } from "./model.ts";
import { LANE_DAYS, runLaneItem, runQueueItem } from "./store.ts";

type Plan = Organization["plan"];
type Place = NonNullable<RunState["place"]>;

/** Every place is taken, or somebody else comes first: the run waits. */
export class NoPlace extends Problem {
  readonly waiting_for: WaitingFor;
  constructor(waiting_for: WaitingFor) {
    super("conflict", "There is no place for the run right now.");
    this.waiting_for = waiting_for;
  }
}

/** Does what starts a run: with a place where there is one, else in the queue. */
export async function withPlace<T>(start: (waiting_for?: WaitingFor) => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof NoPlace)) throw error;
    return start(error.waiting_for);
  }
}

/** Which place a run takes that is let in. */
export const placeOf = (limit: number | null): Exclude<Place, "waiting"> =>
  limit === null ? "plan" : "plan_and_pipeline";

const LIVE = { resource: "live_runs" } as const;

/** The write that takes one of the plan's places. @param ahead whether those that wait come first */
function planPlace(table: TenantTable, plan: Plan, ahead: boolean): Write {
  const limit = limitOf(plan, "live_runs");
  const free = limit === UNLIMITED ? {} : { any: [{ absent: ["used"] }, { below: { used: limit } }] };
  const when = ahead ? { ...free, absent: ["contended"] } : free;
  return table.writes.update(
    quotaItem,
    LIVE,
    { set: { resource: LIVE.resource }, add: { used: 1 } },
    when,
    () => new NoPlace("organization"),
  );
}

/** The writes with which a run is started at once. @throws NoPlace when committed, where it has to wait */
export const takePlaces = (
  table: TenantTable,
  plan: Plan,
  target_id: string,
  limit: number | null,
  at: Date,
): Write[] => [
  ...(limit === null
    ? []
    : [
        table.writes.update(
          runLaneItem,
          { target_id },
          {
            set: { target_id, expires_at: timestamp(addDays(at, LANE_DAYS)) },
            add: { running: 1, waiting: 0, turn: 0 },
          },
          {
            all: [
              { any: [{ absent: ["running"] }, { below: { running: limit } }] },
              { any: [{ absent: ["waiting"] }, { below: { waiting: 1 } }] },
            ],
          },
          () => new NoPlace("pipeline"),
        ),
      ]),
  planPlace(table, plan, true),
];

/**
 * The writes with which a run is accepted that waits. Whoever waits for the organization is seen by those that come later, who
 * wait behind it.
 */
export const queueUp = (
  table: TenantTable,
  plan: Plan,
  { id: run_id, target_id, expires_at }: Pick<StoredRun, "id" | "target_id" | "expires_at">,
  waiting_for: WaitingFor,
  at: Date,
): Write[] => [
  takeQuota(table, plan, "queued_runs"),
  table.writes.create(runQueueItem, { target_id, run_id, expires_at }),
  table.writes.update(
    runLaneItem,
    { target_id },
    { set: { target_id, expires_at: timestamp(addDays(at, LANE_DAYS)) }, add: { waiting: 1, running: 0, turn: 0 } },
    {},
  ),
  ...(waiting_for === "organization" ? [contend(table, true)] : []),
];

/** The write that says whether somebody waits for one of the plan's places. */
export const contend = (table: TenantTable, contended: boolean): Write =>
  contended
    ? table.writes.update(quotaItem, LIVE, { set: { ...LIVE, contended: true }, add: { used: 0 } }, {})
    : table.writes.update(quotaItem, LIVE, { add: { used: 0 }, remove: ["contended"] }, { present: ["used"] });

/** The lane has moved on since it was read. */
export class LaneMoved extends Problem {
  constructor() {
    super("conflict", "Another run was let in meanwhile.");
  }
}

/** The writes by which a waiting run gets its places. */
export const letIn = (
  table: TenantTable,
  plan: Plan,
  run: Pick<StoredRun, "id" | "target_id">,
  { turn, next, limit }: { readonly turn: number; readonly next: number; readonly limit: number | null },
): Write[] => [
  table.writes.remove(
    runQueueItem,
    { target_id: run.target_id, run_id: run.id },
    { exists: true },
    () => new LaneMoved(),
  ),
  table.writes.update(
    runLaneItem,
    { target_id: run.target_id },
    { set: { turn: next }, add: { waiting: -1, ...(limit === null ? {} : { running: 1 }) } },
    { equals: { turn }, at_least: { waiting: 1 }, ...(limit === null ? {} : { below: { running: limit } }) },
    () => new LaneMoved(),
  ),
  giveQuota(table, "queued_runs"),
  planPlace(table, plan, false),
];

/** The writes by which a run that ends leaves the queue, or gives its places back. A run within another has none. */
export function leave(
  table: TenantTable,
  { id: run_id, target_id, parent_run_id }: Pick<StoredRun, "id" | "target_id" | "parent_run_id">,
  { place }: Pick<RunState, "place">,
): Write[] {
  if (parent_run_id !== null) return [];
  const one = (counted: "running" | "waiting") =>
    table.writes.update(runLaneItem, { target_id }, { add: { [counted]: -1 } }, { at_least: { [counted]: 1 } });
  if (place === "waiting")
    return [
      table.writes.remove(runQueueItem, { target_id, run_id }, {}),
      one("waiting"),
      giveQuota(table, "queued_runs"),
    ];
  return [...(place === "plan_and_pipeline" ? [one("running")] : []), giveQuota(table, "live_runs")];
}
