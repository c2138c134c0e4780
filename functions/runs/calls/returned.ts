import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { commonLimits } from "../../pipelines/graph/public.ts";
import { isLive } from "../model.ts";
import { type RunState, runItem, runStateItem, type StoredRun } from "../store.ts";
import { calledId, runCallsItem, type StoredCalls } from "./store.ts";

/** Runs that have ended since the calls were read, by index. */
export type Back = ReadonlyMap<number, Pick<RunState, "status" | keyof Costs>>;

const gone = { status: "stopped", tokens_in: 0, tokens_out: 0, cost_usd_micros: 0 } as const;

/** Of those that went on which have ended; one that has been deleted meanwhile has come to nothing. */
export async function returned(table: TenantTable, read: StoredCalls): Promise<Back> {
  const states = await table.table.batch(
    read.open.map((index) => table.read(runStateItem, { run_id: calledId(read, index) })),
  );
  return new Map(
    read.open.flatMap((index, i) => {
      const { status, tokens_in, tokens_out, cost_usd_micros } = states[i] ?? gone;
      return isLive(status) ? [] : [[index, { status, tokens_in, tokens_out, cost_usd_micros }] as const];
    }),
  );
}

export const outcomesOf = (back: Back) =>
  new Map([...back].map(([index, { status }]) => [index, status === "completed"]));

export type Costs = Pick<StoredCalls, "tokens_in" | "tokens_out" | "cost_usd_micros">;

export function costsOf({ tokens_in, tokens_out, cost_usd_micros }: Costs, back: Back): Costs {
  return [...back.values()].reduce<Costs>(
    (sum, state) => ({
      tokens_in: sum.tokens_in + state.tokens_in,
      tokens_out: sum.tokens_out + state.tokens_out,
      cost_usd_micros: sum.cost_usd_micros + state.cost_usd_micros,
    }),
    { tokens_in, tokens_out, cost_usd_micros },
  );
}

/** Of a run that takes over what another came to: the runs that the node had run there, by these indexes. */
export async function runsBefore(
  table: TenantTable,
  { recorded_run_id }: StoredRun,
  node_id: string,
  indexes: readonly number[],
): Promise<readonly (StoredRun | undefined)[]> {
  if (recorded_run_id === null || indexes.length === 0) return [];
  const attempts = Array.from({ length: commonLimits.max_attempts }, (_, i) => i + 1);
  const found = await table.table.batch(
    attempts.map((attempt) => table.read(runCallsItem, { run_id: recorded_run_id, node_id, attempt })),
  );
  const calls = found.findLast((one) => one !== undefined);
  if (calls === undefined) return [];
  return table.table.batch(indexes.map((index) => table.read(runItem, { id: calledId(calls, index) })));
}
