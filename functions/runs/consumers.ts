import * as z from "zod";
import type { Envelope } from "../../shared/change/events.ts";
import type { Table, TenantTable } from "../../shared/dynamo/table.ts";
import type { Write } from "../../shared/dynamo/write.ts";
import type { Deadlines } from "./control/deadlines.ts";
import { endRun } from "./control/ending.ts";
import { endWaiting } from "./control/stopping.ts";
import type { RunControl } from "./deps.ts";
import { systemContext } from "./log/entries.ts";
import { isLive } from "./model.ts";
import {
  type RunState,
  runItem,
  runJoinItem,
  runLogItem,
  runPendingItem,
  runStateItem,
  runStepItem,
  runValueItem,
  type StoredRun,
} from "./store.ts";

const runOf = z.object({ tenant: z.string(), run_id: z.string() });

async function find(table: TenantTable, run_id: string): Promise<{ run: StoredRun; state: RunState } | undefined> {
  const [run, state] = await table.table.batch([
    table.read(runItem, { id: run_id }),
    table.read(runStateItem, { run_id }),
  ]);
  return run === undefined || state === undefined ? undefined : { run, state };
}

/**
 * `run.started`: sets the run's deadline, and starts its workflow if the request that accepted the run could not. Both
 * are named after the run, so the event may come twice.
 */
export async function launch(event: Envelope, deps: RunControl & { readonly deadlines: Deadlines }): Promise<void> {
  const tenant = event.organization_id;
  const found = await find(deps.table.of(tenant), z.string().parse(event.data.run_id));
  if (found === undefined || !isLive(found.state.status)) return;
  const { run, state } = found;
  await deps.deadlines.set(tenant, run.id, new Date(run.deadline_at));
  if (state.status === "queued") await deps.workflow.start(tenant, run.id);
}

/** A run's deadline has come. */
export async function expire(message: unknown, deps: RunControl): Promise<void> {
  const { tenant, run_id } = runOf.parse(message);
  const table = deps.table.of(tenant);
  const found = await find(table, run_id);
  if (found === undefined || !isLive(found.state.status)) return;
  const { run } = found;
  const late = deps.clock.now().getTime() >= Date.parse(run.deadline_at);
  if (!late) throw new Error(`the deadline of ${run_id} came early`);
  await endRun(table, systemContext(table, run, "run_deadline", deps.clock.now()), run, { status: "timed_out" });
  await endWaiting(table, run_id, deps);
}

const statusChange = z.object({
  detail: z.object({
    executionArn: z.string(),
    status: z.string(),
    input: z.string().nullish(),
  }),
});

/**
 * An execution of the workflow failed, was aborted or timed out. Whatever the reason, its branch goes no further, so
 * the run is failed unless it is over: no run waits for ever for a branch that has died.
 */
export async function executionEnded(message: unknown, deps: RunControl): Promise<void> {
  const { executionArn, status, input } = statusChange.parse(message).detail;
  const given = input ?? (await deps.workflow.input(executionArn));
  if (given === undefined) throw new Error(`${executionArn} tells no input`);
  const { tenant, run_id } = runOf.parse(JSON.parse(given));
  const table = deps.table.of(tenant);
  const found = await find(table, run_id);
  if (found === undefined) return;
  const { run } = found;
  const error = { code: "workflow_failed", message: `The workflow of the run ended as ${status.toLowerCase()}.` };
  await endRun(table, systemContext(table, run, "run_workflow", deps.clock.now()), run, { status: "failed", error });
}

/** What a transaction takes. */
const MOST_ITEMS = 100;

/** `run.deleted`: clears away what belonged to the run. Nobody can reach it any more; doing it again finds nothing. */
export async function clear(event: Envelope, { table }: { readonly table: Table }): Promise<void> {
  const own = table.of(event.organization_id);
  const run_id = z.string().parse(event.data.run_id);
  let removals: Write[] = [];
  const flush = async () => {
    if (removals.length > 0) await own.transact(removals);
    removals = [];
  };
  for await (const removal of belongings(own, run_id)) {
    removals.push(removal);
    if (removals.length === MOST_ITEMS) await flush();
  }
  await flush();
}

async function* belongings(table: TenantTable, run_id: string): AsyncGenerator<Write> {
  const { writes } = table;
  const of = { run_id };
  for await (const key of table.all(runStepItem, { of })) yield writes.remove(runStepItem, key, {});
  for await (const key of table.all(runLogItem, { of })) yield writes.remove(runLogItem, key, {});
  for await (const key of table.all(runPendingItem, { of })) yield writes.remove(runPendingItem, key, {});
  for await (const { ordinal = 0 } of table.all(runJoinItem, { of }))
    yield writes.remove(runJoinItem, { run_id, ordinal }, {});
  for (const name of ["input", "output"] as const) yield writes.remove(runValueItem, { run_id, name }, {});
}
