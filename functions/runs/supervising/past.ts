import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { InnerCall } from "../../../shared/tracing/inner.ts";
import { outputsOf } from "../calls/outputs.ts";
import { calledId, type StoredCalls } from "../calls/store.ts";
import { loadJson, runItem } from "../store.ts";
import type { Delegation } from "./rules/decision.ts";
import { type Done, noWorker, outcomeOf } from "./rules/report.ts";
import { delegationsSchema, runRoundItem } from "./store.ts";

/** A task of a round, and the run that it is, counted through all rounds; none where it has no worker. */
export interface Delegated extends Delegation {
  readonly round: number;
  readonly index: number | null;
}

/** Tasks in their order, each that has a worker with the number of its run. */
export function numbered(delegations: readonly Delegation[], round: number, first: number): Delegated[] {
  let next = first;
  return delegations.map((one) => ({ ...one, round, index: one.worker === null ? null : next++ }));
}

type Of = Pick<StoredCalls, "run_id" | "node_id" | "attempt" | "begun_at">;

/** What was decided in the rounds so far. */
export interface Decided {
  readonly delegated: readonly Delegated[];
  /** Why, round by round. */
  readonly reasons: readonly string[];
  /** What was called for it. */
  readonly calls: readonly InnerCall[];
}

/** Everything that has been delegated, round by round. */
export async function decidedIn(
  table: TenantTable,
  blobs: Pick<Blobs, "load">,
  { run_id, node_id, attempt }: Of,
  rounds: number,
): Promise<Decided> {
  const reads = Array.from({ length: rounds }, (_, i) =>
    table.read(runRoundItem, { run_id, node_id, attempt, round: i + 1 }),
  );
  const found = await table.table.batch(reads);
  const delegated: Delegated[] = [];
  const reasons: string[] = [];
  const calls: InnerCall[] = [];
  let runs = 0;
  for (const [i, round] of found.entries()) {
    if (round === undefined) throw new Error(`round ${i + 1} of ${node_id} is gone`);
    const tasks = numbered(delegationsSchema.parse(await loadJson(blobs, round.delegations)), i + 1, runs);
    runs += tasks.filter(({ index }) => index !== null).length;
    delegated.push(...tasks);
    reasons.push(round.reason);
    calls.push(...round.calls);
  }
  return { delegated, reasons, calls };
}

/** What all of it has come to; undefined where the answers are together more than an output may be. */
export async function doneOf(
  table: TenantTable,
  blobs: Pick<Blobs, "load">,
  of: Of,
  delegated: readonly Delegated[],
): Promise<Done[] | undefined> {
  const ids = delegated.flatMap(({ index }) => (index === null ? [] : [calledId(of, index)]));
  const [runs, outputs] = await Promise.all([
    table.table.batch(ids.map((id) => table.read(runItem, { id }))),
    outputsOf(table, blobs, ids),
  ]);
  if (outputs === undefined) return undefined;
  return delegated.map(({ round, task, worker, index }): Done => {
    const about = { round, task, worker: worker?.name ?? null, agent_id: worker?.agent_id ?? null };
    if (index === null) return { ...about, run_id: null, ...noWorker };
    return { ...about, run_id: ids[index] ?? null, ...outcomeOf(runs[index], outputs[index] ?? null) };
  });
}
