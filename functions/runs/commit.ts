import type { ChangeContext } from "../../shared/change/commit.ts";
import { timestamp } from "../../shared/clock.ts";
import { type TenantTable, unavailable } from "../../shared/dynamo/table.ts";
import type { Write } from "../../shared/dynamo/write.ts";
import { Problem } from "../../shared/errors.ts";
import type { LogEntry, Totals } from "./model.ts";
import { type RunState, runItem, runLogItem, runStateItem, type StoredRun } from "./store.ts";

/** Somebody else committed to the run in between; `state` is what they left, undefined for a run that was deleted. */
export class Moved extends Problem {
  readonly state: RunState | undefined;
  constructor(state: RunState | undefined) {
    super("conflict", "The run has moved on. Try again.");
    this.state = state;
  }
}

/** What is told in the log; its number and time are given when it is committed. */
export type LogDraft = Pick<LogEntry, "level" | "type" | "message"> &
  Partial<Pick<LogEntry, "node_id" | "attempt" | "data">>;

/** The write of the log's next entry after the `n`-th from this state. */
export const logWrite = (table: TenantTable, run_id: string, sequence: number, at: Date, entry: LogDraft): Write =>
  table.writes.create(runLogItem, {
    run_id,
    sequence,
    at: timestamp(at),
    level: entry.level,
    type: entry.type,
    node_id: entry.node_id ?? null,
    attempt: entry.attempt ?? null,
    message: entry.message,
    data: entry.data ?? {},
  });

/** Moves the state on by some entries of the log, unless somebody else did in between. @throws Moved when committed */
export function stateWrite(
  table: TenantTable,
  { run_id, status, sequence }: RunState,
  move: { readonly entries: number; readonly status?: RunState["status"]; readonly add?: Partial<Totals> },
): Write {
  const add = Object.fromEntries(Object.entries(move.add ?? {}).filter(([, value]) => value !== 0));
  return table.writes.update(
    runStateItem,
    { run_id },
    { set: { sequence: sequence + move.entries, ...(move.status === undefined ? {} : { status: move.status }) }, add },
    { equals: { status, sequence } },
    (old) => new Moved(old),
  );
}

/** What every event of a run says of it. */
export const aboutRun = ({ id, kind, mode, target_id }: StoredRun) => ({ run_id: id, kind, mode, target_id });

/** How often a commit is tried that others overtake. Each of them has got through meanwhile. */
const TRIES = 40;

/** Tries a commit from the newest state until nobody overtakes it. */
export async function fromNewest<T>(
  state: RunState | undefined,
  commit: (state: RunState | undefined) => Promise<T>,
): Promise<T> {
  let newest = state;
  for (let attempt = 1; ; attempt++) {
    try {
      return await commit(newest);
    } catch (error) {
      if (!(error instanceof Moved)) throw error;
      if (attempt === TRIES) throw unavailable(error);
      newest = error.state;
      if (attempt > 1) await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(10 * attempt, 200)));
    }
  }
}

/** Marks a run as begun; one that has begun or is over stays as it is. */
export function openRun(table: TenantTable, run: StoredRun, from: RunState, at: Date): Promise<RunState | undefined> {
  return fromNewest(from, async (state) => {
    if (state?.status !== "queued") return state;
    const set = { status: "running", started_at: timestamp(at) } as const;
    await table.transact([
      stateWrite(table, state, { entries: 1, status: "running" }),
      table.writes.update(runItem, { id: run.id }, { set }),
      logWrite(table, run.id, state.sequence + 1, at, {
        level: "info",
        type: "run.running",
        message: "The run's first step begins.",
      }),
    ]);
    return { ...state, status: "running", sequence: state.sequence + 1 };
  });
}

/** In whose name the engine acts: the run, for whoever started it. */
export const runContext = (table: TenantTable, run: StoredRun, at: Date): ChangeContext => ({
  tenant: table.tenant,
  actor: { type: "agent", id: run.id, on_behalf_of: { type: run.started_by.type, id: run.started_by.id } },
  at,
  trace_id: run.trace_id,
  request: null,
});
