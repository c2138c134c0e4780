import type { Principal } from "../../../shared/access/principal.ts";
import type { Blob } from "../../../shared/blobs/blobs.ts";
import { runDays } from "../../../shared/blobs/purposes.ts";
import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import { compileSchema } from "../../../shared/json-schema/schema.ts";
import { plans, UNLIMITED } from "../../../shared/limits/plans.ts";
import { addDays, retentionOf } from "../../../shared/limits/retention.ts";
import type { Trace } from "../../../shared/tracing/context.ts";
import { tracedBy } from "../../../shared/tracing/kept.ts";
import { type Graph, graphLimits } from "../../pipelines/graph/public.ts";
import { budgetWrite } from "../../usage/public.ts";
import { runEvents } from "../events.ts";
import { aboutRun, logEntry, logWrite } from "../log/entries.ts";
import { MOST_LABELS, nextLook, noTotals, type RunRecord, type RunTest, type WaitingFor } from "../model.ts";
import { placeOf, queueUp, takePlaces } from "../queue/places.ts";
import { runCountItem, runItem, runLabelItem, runStateItem, runValueItem, runWatch, type StoredRun } from "../store.ts";

/** What a new run is made from. */
export interface NewRun
  extends Pick<StoredRun, "id" | "kept_days" | "audit_days" | "target_id">,
    Pick<RunRecord, "kind" | "mode" | "pinned" | "metadata" | "labels" | "timeout_seconds" | "budget"> {
  readonly input: Blob;
  /** How many runs its pipeline has at a time; null for no limit of its own. */
  readonly limit?: number | null | undefined;
  /** What a test was told beside its input, and what it brought to be run (`trial/setup.ts`). */
  readonly test?: RunTest | undefined;
  readonly setup?: Blob | undefined;
  /** The step that runs it, where one does: then it is part of that run, and takes no place of the plan. */
  readonly called?: Pick<StoredRun, "parent_run_id" | "called_by" | "depth" | "root_run_id" | "allowance">;
  readonly retry_of_run_id?: string | undefined;
  /** The run whose outcomes it takes over, with what was drawn by chance there. */
  readonly recorded?: { readonly run_id: string; readonly seed_run_id: string } | undefined;
}

/** So long a run is kept after its end at least, however long it took. */
const KEPT_AFTER_END_DAYS = Math.min(...runDays);

/**
 * What a run is called and how long it is kept: known before it starts, because its input is stored before. A run that may take
 * longer than runs are kept is kept as long as it takes: no value of a run is deleted under it.
 */
export function namedRun(
  organization: Pick<Organization, "plan" | "settings">,
  at: Date,
  timeout_seconds: number,
): Pick<NewRun, "id" | "kept_days" | "audit_days"> {
  const { run_days, audit_days } = retentionOf(organization);
  const least = Math.ceil(timeout_seconds / 86_400) + KEPT_AFTER_END_DAYS;
  const kept_days = run_days >= least ? run_days : runDays.find((days) => days >= least);
  if (kept_days === undefined) throw new Error(`no run is kept for ${least} days`);
  return { id: newId("run", at), kept_days, audit_days };
}

/** Who starts a run, when, and under which plan. */
export interface Starter {
  readonly principal: Principal;
  readonly plan: Organization["plan"];
  readonly at: Date;
  readonly trace: Trace;
}

/**
 * Items of a start at most, its event and audit entry included: the record, state, input, what a test brings, the log's first entry,
 * the budget, when it is looked at, the month's count, its labels, and the four of one that waits for the organization.
 */
export const LARGEST_START = 8 + MOST_LABELS + 4 + 2;

/**
 * The start of a run: its record, state and input, the first entry of its log, its place in the month's count and among
 * the runs that go on, and when it is looked at next, its deadline at the latest. All of it is one transaction with the
 * audit entry and the event `run.started`; the workflow is started after it.
 * @param waiting_for given where there is no place for it: then it waits in the queue
 * @throws NoPlace when committed, where there is none and it was not said to wait
 */
export function startOf(
  table: TenantTable,
  { principal, plan, at, trace }: Starter,
  { input, setup, test, called, retry_of_run_id, recorded, limit = null, ...wanted }: NewRun,
  waiting_for?: WaitingFor,
): { readonly run: StoredRun; readonly writes: Write[]; readonly event: EventDraft } {
  const run: StoredRun = {
    ...wanted,
    ...(called ?? outermost(wanted.id, plan)),
    ...(called === undefined ? { listed: "outermost" } : {}),
    retry_of_run_id: retry_of_run_id ?? null,
    recorded_run_id: recorded?.run_id ?? null,
    test: test ?? null,
    seed_run_id: recorded?.seed_run_id ?? wanted.id,
    status: "queued",
    started_by: principal,
    ...tracedBy(trace),
    error: null,
    created_at: timestamp(at),
    started_at: null,
    finished_at: null,
    deadline_at: timestamp(addSeconds(at, wanted.timeout_seconds)),
    expires_at: timestamp(addDays(at, wanted.kept_days)),
  };
  const { expires_at } = run;
  const writes: Write[] = [
    table.writes.create(runItem, run),
    table.writes.create(runStateItem, {
      run_id: run.id,
      status: "queued",
      sequence: 1,
      ...(called === undefined ? { place: waiting_for === undefined ? placeOf(limit) : "waiting" } : {}),
      expires_at,
      ...noTotals,
    }),
    table.writes.create(runValueItem, { run_id: run.id, name: "input", value: input, expires_at }),
    ...(setup === undefined
      ? []
      : [table.writes.create(runValueItem, { run_id: run.id, name: "setup", value: setup, expires_at })]),
    logWrite(table, { run_id: run.id, expires_at }, 1, logEntry(at, waiting_for === undefined ? accepted : waits)),
    ...(run.budget === null || run.parent_run_id !== null ? [] : [budgetWrite(table, { run_id: run.id, expires_at })]),
    runWatch.set(table, run.id, nextLook(run, at, waiting_for !== undefined)),
    ...run.labels.map((label) => table.writes.create(runLabelItem, { label, run_id: run.id, expires_at })),
    ...(called === undefined ? countWrites(table, plan, at) : []),
    ...(called === undefined && waiting_for === undefined ? takePlaces(table, plan, run.target_id, limit, at) : []),
    ...(waiting_for === undefined ? [] : queueUp(table, plan, run, waiting_for, at)),
  ];
  const { timeout_seconds, deadline_at } = run;
  const event = draft(runEvents, "run.started", { id: run.id }, { ...aboutRun(run), timeout_seconds, deadline_at });
  return { run, writes, event };
}

/** Of a run that no other one runs. */
const outermost = (id: string, plan: Organization["plan"]): NonNullable<NewRun["called"]> => ({
  parent_run_id: null,
  called_by: null,
  depth: 1,
  root_run_id: id,
  allowance: Math.min(graphLimits.concurrency, plans[plan].live_runs),
});

const accepted = { level: "info", type: "run.started", message: "The run was accepted." } as const;
const waits = { ...accepted, message: "The run was accepted and waits for a place." } as const;

/** A month's count outlives the month. */
const COUNT_KEPT_SECONDS = 40 * 86_400;

/** Counts the run, and refuses it once the month has as many as the plan allows. */
function countWrites(table: TenantTable, plan: Organization["plan"], at: Date): Write[] {
  const limit = plans[plan].runs_per_month;
  if (limit === UNLIMITED) return [];
  const month = timestamp(at).slice(0, 7);
  return [
    table.writes.update(
      runCountItem,
      { month },
      { set: { month, expires_at: timestamp(addSeconds(at, COUNT_KEPT_SECONDS)) }, add: { runs: 1 } },
      { any: [{ absent: ["runs"] }, { below: { runs: limit } }] },
      (old) => {
        const usage = old?.runs ?? limit;
        return new Problem("quota_exceeded", `The plan ${plan} has ${limit} runs a month; ${usage} are used.`, {
          members: { resource: "runs_per_month", limit, usage },
        });
      },
    ),
  ];
}

/** Checks the run's input against the schema of the graph's input node. @throws Problem `validation_failed` */
export async function checkInput(graph: Graph, input: Json): Promise<void> {
  const node = graph.nodes.find(({ kind }) => kind === "input");
  const schema = node?.kind === "input" ? node.config.schema : undefined;
  if (schema === undefined) return;
  const compiled = compileSchema(schema);
  const issues = compiled.ok ? await compiled.validate(input) : compiled.issues;
  if (issues.length === 0) return;
  throw new Problem("validation_failed", "The input does not fit the schema of the pipeline's input.", {
    issues: issues.map(({ path, message }) => ({ path: path === "" ? "input" : `input.${path}`, message })),
  });
}
