import * as z from "zod";
import type { Blobs } from "../../../shared/blobs/blobs.ts";
import { addSeconds, type Clock, timestamp } from "../../../shared/clock.ts";
import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { compileSchema } from "../../../shared/json-schema/schema.ts";
import type { Log } from "../../../shared/observability/log.ts";
import { endRun, openRun } from "../control/ending.ts";
import { endingContext, runContext } from "../log/entries.ts";
import { Journal } from "../log/journal.ts";
import { number } from "../log/pending.ts";
import { isLive } from "../model.ts";
import { type RunState, runItem, runStateItem, type StoredRun } from "../store.ts";
import { DynamoRunStore, type DynamoRunStoreParts } from "./dynamo-store.ts";
import { type Walkable, walkable } from "./load.ts";
import type { CheckSchema } from "./rules/pure.ts";
import { executionName, firstTicket, type Ticket } from "./rules/ticket.ts";
import { runTicket, type Work } from "./walk.ts";

const ticketSchema: z.ZodType<Ticket> = z.union([
  z.object({
    node: z.string(),
    attempt: z.number().int(),
    woken: z.literal(true).optional(),
    pause_ms: z.number().optional(),
  }),
  z.object({ resume: z.array(z.tuple([z.number().int(), z.number().int()])), shared: z.literal(true).optional() }),
]);

/** What the workflow gives its one task. Ids only: values live in the table and the bucket. */
export const taskInputSchema = z.object({
  tenant: z.string(),
  run_id: z.string(),
  /** null at the run's beginning. */
  ticket: ticketSchema.nullable(),
  /** What this execution has done so far, in tasks and forks. */
  hops: z.number().int(),
  execution: z.string(),
});
export type TaskInput = z.output<typeof taskInputSchema>;

/** An execution to start: of another branch of the run, or of the beginning of a run within it, whose ticket is null. */
export interface Fork {
  readonly name: string;
  readonly run_id: string;
  readonly ticket: Ticket | null;
}

/** What the task tells the workflow. Every member is always there: a missing one would end the workflow. */
export interface TaskOutput {
  /** What this execution does next; null when its branch has ended. */
  readonly ticket: Ticket | null;
  /** Not before this time. */
  readonly wait_until: string | null;
  readonly forks: readonly Fork[];
  readonly hops: number;
}

/**
 * After this many tasks and forks the next step is an execution of its own. Each adds about ten events to a history
 * that may have 25,000, and one task gives at most about 500 forks.
 */
export const MAX_HOPS = 200;

/** What one task works with, besides the plan. */
export interface TaskDeps {
  readonly table: Table;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly log: Log;
  /** Why the run may not take a step any more; `rights.ts`. */
  readonly denial: DynamoRunStoreParts["denial"];
  /** Does the work of nodes with effects outside. */
  readonly worker: (of: {
    readonly table: TenantTable;
    readonly run: StoredRun;
    readonly walk: Walkable;
    readonly store: DynamoRunStore;
  }) => Work;
  /** Edges resolved and nodes worked off in one task. */
  readonly budget?: number;
}

/** The first problem of a value under a JSON Schema. */
export const checkSchema: CheckSchema = async (schema, value) => {
  const compiled = compileSchema(schema);
  const [issue] = compiled.ok ? await compiled.validate(value) : compiled.issues;
  if (issue === undefined) return undefined;
  return issue.path === "" ? `the input ${issue.message}` : `${issue.path}: ${issue.message}`;
};

/** A run that waits may outlive its pipeline: one that stays archived is erased in time, with its graphs. */
const purged = {
  code: "pipeline_purged",
  message: "The pipeline was archived and has been erased, with the graph of this run.",
};

const done = (hops: number): TaskOutput => ({ ticket: null, wait_until: null, forks: [], hops });

/** The run's state as the task finds it: a queued run begins with its first task, none goes on after its deadline. */
async function arrived(table: TenantTable, run: StoredRun, state: RunState, first: boolean, at: Date) {
  if (isLive(state.status) && at.getTime() >= Date.parse(run.deadline_at))
    return endRun(table, endingContext(table, run, "run_deadline", at), run, { status: "timed_out" });
  return first ? openRun(table, run, at) : state;
}

/**
 * The workflow's task: walks as far as it can without work outside, does the work of at most one node, and says what
 * comes next. The workflow may repeat it after any fault, with the same input.
 */
export async function runTask(input: TaskInput, deps: TaskDeps): Promise<TaskOutput> {
  const { clock, blobs } = deps;
  const table = deps.table.of(input.tenant);
  const [run, state] = await deps.table.batch([
    table.read(runItem, { id: input.run_id }),
    table.read(runStateItem, { run_id: input.run_id }),
  ]);
  if (run === undefined || state === undefined) return done(input.hops);
  const begun = await arrived(table, run, state, input.ticket === null, clock.now());
  const journal = new Journal(table, run.id, begun, () => runContext(table, run, clock.now()));
  if (journal.over) {
    // A commit whose worker died before it was counted is counted now.
    await number(table, run.id);
    return done(input.hops);
  }
  const walk = await walkable(table, blobs, run).catch((error: unknown) => {
    if (error instanceof Problem && error.code === "not_found") return undefined;
    throw error;
  });
  if (walk === undefined) {
    const context = endingContext(table, run, "run_graph", clock.now());
    await endRun(table, context, run, { status: "failed", error: purged });
    return done(input.hops);
  }
  const store = new DynamoRunStore({
    table,
    blobs,
    clock,
    run,
    journal,
    execution: input.execution,
    denial: deps.denial,
    given: walk.setup.given,
  });
  const ticket = input.ticket ?? firstTicket(walk.plan);
  const advance = await runTicket(walk.plan, store, ticket, deps.worker({ table, run, walk, store }), {
    checkSchema,
    ...(deps.budget === undefined ? {} : { budget: deps.budget }),
  });
  const { next, wait_ms } = advance;
  const named = (ticket: Ticket): Fork => ({ name: executionName(run.id, walk.plan, ticket), run_id: run.id, ticket });
  const within = store.started.map((id): Fork => ({ name: id, run_id: id, ticket: null }));
  const forks = [...advance.forks.map(named), ...within];
  const hops = input.hops + 1 + forks.length;
  deps.log.info("run.task", { run_id: run.id, ticket, forks: forks.length, hops, done: advance.done });
  if (next === undefined) return { ticket: null, wait_until: null, forks, hops };
  if (wait_ms !== undefined) {
    return { ticket: next, wait_until: timestamp(addSeconds(clock.now(), wait_ms / 1_000)), forks, hops };
  }
  return hops < MAX_HOPS
    ? { ticket: next, wait_until: null, forks, hops }
    : { ticket: null, wait_until: null, forks: [...forks, named(next)], hops };
}
