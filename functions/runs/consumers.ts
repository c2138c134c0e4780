import * as z from "zod";
import type { Files } from "../../shared/blobs/files.ts";
import { placesOfRun } from "../../shared/blobs/purposes.ts";
import { eventWrites } from "../../shared/change/commit.ts";
import type { Envelope } from "../../shared/change/events.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Due } from "../../shared/due/item.ts";
import { type Removal, removalOf, removals, removeAll } from "../../shared/dynamo/removals.ts";
import type { Table, TenantTable } from "../../shared/dynamo/table.ts";
import { organizationItem } from "../../shared/identity/items.ts";
import { runBudgetItem } from "../usage/public.ts";
import { endChildren } from "./calls/ending.ts";
import { runCallsItem, runWithinItem } from "./calls/store.ts";
import { endRun } from "./control/ending.ts";
import { runDeleted, runRemoval } from "./control/removing.ts";
import { endWaiting } from "./control/stopping.ts";
import type { RunControl } from "./deps.ts";
import { type Denied, organizationStopped } from "./engine/rules/rights.ts";
import { endingContext } from "./log/entries.ts";
import { isLive, LIVE, nextLook } from "./model.ts";
import { admitWaiting } from "./queue/admitting.ts";
import { turnedAwayNow } from "./queue/target.ts";
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
import { runRoundItem } from "./supervising/store.ts";
import { runTapeItem } from "./trial/store.ts";

const runOf = z.object({ tenant: z.string(), run_id: z.string() });

async function find(table: TenantTable, run_id: string): Promise<{ run: StoredRun; state: RunState } | undefined> {
  const [run, state] = await table.table.batch([
    table.read(runItem, { id: run_id }),
    table.read(runStateItem, { run_id }),
  ]);
  return run === undefined || state === undefined ? undefined : { run, state };
}

/**
 * `run.started`: starts the run's workflow if the request that accepted the run could not. It is named after the run, so
 * the event may come twice; should it never come, `watch` does the same.
 */
export async function launch(event: Envelope, deps: RunControl): Promise<void> {
  const tenant = event.organization_id;
  const table = deps.table.of(tenant);
  const found = await find(table, z.string().parse(event.data.run_id));
  if (found?.state.status !== "queued") return;
  if (found.state.place === "waiting") await admitWaiting(table, deps);
  else await deps.workflow.start(tenant, found.run.id);
}

/** Each of them may have made room: the limit of a pipeline or a plan is another one. */
const LIMIT_CHANGES = ["pipeline.updated", "organization.plan_changed"];

/** A run has ended, and its place is another's (one within another had none); or there may be more of them now. */
export async function admitNext(event: Envelope, deps: RunControl): Promise<void> {
  if (LIMIT_CHANGES.includes(event.type) || event.data.parent_run_id === null)
    await admitWaiting(deps.table.of(event.organization_id), deps);
}

/**
 * `run_watch`: a run whose deadline has come is ended, and one that waits for a place that it may not have any more. One
 * that has not begun is started again, or failed where its workflow has ended without a word: no run depends on an event
 * that tells of a start or of an end.
 * @returns when to look at it again
 */
export async function watch({ tenant, ref }: Due, deps: RunControl): Promise<Date | undefined> {
  const table = deps.table.of(tenant);
  const found = await find(table, ref);
  if (found === undefined || !isLive(found.state.status)) return undefined;
  const { run, state } = found;
  const now = deps.clock.now();
  if (now.getTime() >= Date.parse(run.deadline_at)) {
    await endRun(table, endingContext(table, run, "run_deadline", now), run, { status: "timed_out" });
    await endWaiting(table, run.id, deps);
    return undefined;
  }
  if (state.place === "waiting") {
    const denial = await turnedAwayNow(table, run);
    if (denial !== undefined) {
      await deny(table, run, denial, "run_queue", deps);
      return undefined;
    }
    await admitWaiting(table, deps);
    const after = await find(table, ref);
    if (after === undefined || !isLive(after.state.status)) return undefined;
    return nextLook({ ...run, status: after.state.status }, now, after.state.place === "waiting");
  }
  if (state.status === "queued") {
    await deps.workflow.start(tenant, run.id);
    const failure = await deps.workflow.failure(run.id);
    if (failure !== undefined) {
      await failRun(table, run, failure, deps.clock);
      return undefined;
    }
  }
  return nextLook({ ...run, status: state.status }, now);
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
  await failRun(table, found.run, status.toLowerCase(), deps.clock);
}

/** Ends a run whose workflow goes no further. */
async function failRun(table: TenantTable, run: StoredRun, how: string, clock: Clock): Promise<void> {
  const error = { code: "workflow_failed", message: `The workflow of the run ended as ${how}.` };
  await endRun(table, endingContext(table, run, "run_workflow", clock.now()), run, { status: "failed", error });
}

/** Stops a run for a reason that is not its own. @param by what does it, as the audit trail names it */
async function deny(table: TenantTable, run: StoredRun, error: Denied, by: string, deps: RunControl): Promise<void> {
  await endRun(table, endingContext(table, run, by, deps.clock.now()), run, { status: "stopped", error });
  await endWaiting(table, run.id, deps);
}

/** Runs that are ended at the same time. */
const PARALLEL = 8;

/**
 * `organization.suspended`, `organization.deleted`: ends every run that still goes on, and wakes those that wait. One
 * that has just been started and that no index shows yet is ended by its own next step, which asks for the organization, or, where it
 * waits for a place, when it is looked at.
 */
export async function halt(event: Envelope, deps: RunControl): Promise<void> {
  const table = deps.table.of(event.organization_id);
  const organization = await table.get(organizationItem, {});
  if (organization?.status === "active") return;
  const end = (run: StoredRun) => deny(table, run, organizationStopped(organization), "organization_stop", deps);
  for (const status of LIVE) {
    let batch: StoredRun[] = [];
    for await (const run of table.all(runItem, { index: "gsi3", of: { status } })) {
      batch.push(run);
      if (batch.length < PARALLEL) continue;
      await Promise.all(batch.map(end));
      batch = [];
    }
    await Promise.all(batch.map(end));
  }
}

/**
 * `run.deleted`: clears away what belonged to the run, the runs within it too, each by its own event. Nobody can reach it any
 * more; doing it again finds nothing.
 */
export async function clear(event: Envelope, { table, files }: ClearDeps): Promise<void> {
  const own = table.of(event.organization_id);
  const run_id = z.string().parse(event.data.run_id);
  for await (const run of own.all(runItem, { index: "gsi4", of: { parent_run_id: run_id } })) {
    await endChildren(own, [run], table);
    const context = endingContext(own, run, "parent_run", table.clock.now());
    await own.transact([...runRemoval(own, run), ...eventWrites(table, context, [runDeleted(run)])]);
  }
  await removeAll(own, belongings(own, run_id));
  for (const place of placesOfRun(own.tenant, run_id)) await files.removeAll(place);
}

export interface ClearDeps {
  readonly table: Table;
  readonly files: Pick<Files, "removeAll">;
}

async function* belongings(table: TenantTable, run_id: string): AsyncGenerator<Removal> {
  const of = { run_id };
  for (const definition of [
    runBudgetItem,
    runCallsItem,
    runRoundItem,
    runWithinItem,
    runStepItem,
    runLogItem,
    runPendingItem,
    runTapeItem,
    runValueItem,
  ])
    yield* removals(table, definition, of);
  for await (const { ordinal = 0 } of table.all(runJoinItem, { of }))
    yield removalOf(table, runJoinItem, { run_id, ordinal });
}
