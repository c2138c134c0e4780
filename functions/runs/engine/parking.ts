import type { EventDraft } from "../../../shared/change/events.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Entry } from "../log/journal.ts";
import type { WaitsFor } from "../model.ts";
import { type RunStep, runWake, type StoredRun, stepWrite, wakeRef } from "../store.ts";
import { waitingEvent, waitingLog } from "./records.ts";
import type { Refused } from "./rules/store.ts";

/** What an attempt waits for. */
export interface Waits {
  readonly waits_for: Exclude<WaitsFor, "retry">;
  /** Until when at the latest, where that is known: then it is woken, whatever else does. */
  readonly until?: Date | undefined;
  /** When it is woken at the latest, where that is before: nobody has to be told then, and it is looked at again and again. */
  readonly look_at?: Date | undefined;
  /** For the log. */
  readonly message: string;
  /** The approval that it waits for. */
  readonly approval_id?: string;
  /** What it leaves behind, in the transaction that parks it. */
  readonly writes?: readonly Write[];
  readonly events?: readonly EventDraft[];
}

/** So long after a pause of the workflow a step is woken that has not gone on by itself. */
const PAUSE_GRACE_SECONDS = 60;

interface Parking {
  readonly run: StoredRun;
  readonly begun: RunStep;
  readonly waits: Waits;
  /** The workflow execution that pauses so long, where one does. */
  readonly pause_ms: number | undefined;
  readonly execution: string;
}

/** What parking an attempt writes and tells. */
export function parkingEntry(table: TenantTable, { run, begun, waits, pause_ms, execution }: Parking): Entry {
  const { waits_for, until, look_at, approval_id = null, writes = [], events = [] } = waits;
  const parked: RunStep = {
    ...begun,
    status: "waiting",
    waits_for,
    wait_until: until === undefined ? null : timestamp(until),
    approval_id,
    waiting_run_id: run.id,
    ...(pause_ms === undefined ? {} : { execution }),
  };
  // Also where the workflow pauses: its execution may be that of a copy which nobody hears any more.
  const wake_at =
    look_at ?? (until === undefined || pause_ms === undefined ? until : addSeconds(until, PAUSE_GRACE_SECONDS));
  const { node_id, attempt } = begun;
  return {
    step: parked,
    move: "park",
    writes: [
      stepWrite(table, parked, "park"),
      ...(wake_at === undefined ? [] : [runWake.set(table, wakeRef(run.id, node_id, attempt), wake_at)]),
      ...writes,
    ],
    log: waitingLog(parked, waits.message),
    add: {},
    events: [waitingEvent(run, parked), ...events],
    bytes: 4_000 + writes.length * 2_000,
  };
}

/** A limit of the plan refuses what a step would leave behind: that is a failure of the step. */
export function refusal(error: unknown): Refused {
  if (!(error instanceof Problem) || error.code !== "quota_exceeded") throw error;
  return { state: "refused", error: { code: error.code, message: error.message } };
}
