import { type ChangeContext, systemContext } from "../../../shared/change/commit.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import { type LogEntry, noTotals, type Totals } from "../model.ts";
import { type RunPending, type RunState, runLogItem, runStateItem, type StoredRun } from "../store.ts";

/** Somebody else committed to the run in between; `state` is what they left, undefined for a run that was deleted. */
export class Overtaken extends Problem {
  readonly state: RunState | undefined;
  constructor(state: RunState | undefined) {
    super("conflict", "The run has moved on. Try again.");
    this.state = state;
  }
}

/** What is told in the log; its number is given when it is committed. */
export type LogDraft = Pick<LogEntry, "level" | "type" | "message"> &
  Partial<Pick<LogEntry, "node_id" | "attempt" | "data">>;

/** The log's entry but for its number. */
export const logEntry = (at: Date, { level, type, message, ...more }: LogDraft): RunPending["entry"] => ({
  at: timestamp(at),
  level,
  type,
  node_id: more.node_id ?? null,
  attempt: more.attempt ?? null,
  message,
  data: more.data ?? {},
});

export const logWrite = (
  table: TenantTable,
  { run_id, expires_at }: Pick<RunState, "run_id" | "expires_at">,
  sequence: number,
  entry: RunPending["entry"],
): Write => table.writes.create(runLogItem, { run_id, sequence, ...entry, expires_at });

/** What there is to add: nothing where all are zero. */
export const sums = (add: Partial<Totals>): Partial<Totals> =>
  Object.fromEntries(Object.entries(add).filter(([, value]) => value !== 0));

export const summed = (all: readonly Partial<Totals>[]): Totals => {
  const total = { ...noTotals };
  for (const one of all) for (const [name, value] of Object.entries(one)) total[name as keyof Totals] += value;
  return total;
};

/** The state after a move. */
export const moved = (state: RunState, entries: number, add: Totals): RunState => ({
  ...state,
  ...summed(
    [state, add].map(({ steps, tokens_in, tokens_out, cost_usd_micros }) => ({
      steps,
      tokens_in,
      tokens_out,
      cost_usd_micros,
    })),
  ),
  sequence: state.sequence + entries,
});

/** Moves the state on by some entries of the log, unless somebody else did in between. @throws Overtaken when committed */
export function stateWrite(
  table: TenantTable,
  { run_id, status, sequence }: RunState,
  move: {
    readonly entries: number;
    readonly status?: RunState["status"];
    readonly place?: RunState["place"];
    readonly add?: Partial<Totals>;
  },
): Write {
  const add = sums(move.add ?? {});
  return table.writes.update(
    runStateItem,
    { run_id },
    {
      set: {
        sequence: sequence + move.entries,
        ...(move.status === undefined ? {} : { status: move.status }),
        ...(move.place === undefined ? {} : { place: move.place }),
      },
      add,
    },
    { equals: { status, sequence } },
    (old) => new Overtaken(old),
  );
}

/** What every event of a run says of it. */
export const aboutRun = ({ id, kind, mode, target_id, parent_run_id }: StoredRun) => ({
  run_id: id,
  kind,
  mode,
  target_id,
  parent_run_id,
});

/** In whose name the engine acts: the run, for whoever started it. */
export const runContext = (table: TenantTable, run: StoredRun, at: Date): ChangeContext => ({
  tenant: table.tenant,
  actor: { type: "agent", id: run.id, on_behalf_of: { type: run.started_by.type, id: run.started_by.id } },
  at,
  trace_id: run.trace_id,
  request: null,
  audit_days: run.audit_days,
});

/** In whose name a run is ended by itself: the system's, within the trace of the run. */
export const endingContext = (table: TenantTable, run: StoredRun, id: string, at: Date): ChangeContext =>
  systemContext(table.tenant, id, at, run.audit_days, run.trace_id);
