import * as z from "zod";
import { type Blob, type Blobs, blobSchema } from "../../shared/blobs/blobs.ts";
import { runDays, runFiles } from "../../shared/blobs/purposes.ts";
import { defineDue } from "../../shared/due/due.ts";
import type { Condition } from "../../shared/dynamo/condition.ts";
import { readFamily } from "../../shared/dynamo/family.ts";
import { defineItem, type ItemOf, primaryKey } from "../../shared/dynamo/item.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import type { Write } from "../../shared/dynamo/write.ts";
import { Problem } from "../../shared/errors.ts";
import type { Json } from "../../shared/expressions/json.ts";
import { idSchema } from "../../shared/ids.ts";
import { keptTrace } from "../../shared/tracing/kept.ts";
import { retrievedSchema } from "../agents/retrieved/public.ts";
import {
  choiceSchema,
  failureSchema,
  isLive,
  labelSchema,
  logView,
  OPEN_STEP,
  runRecordSchema,
  runStatusSchema,
  stepStatusSchema,
  totalsSchema,
  waitsForSchema,
} from "./model.ts";
import { spannedFields } from "./tracing/model.ts";
import { storedMarks } from "./trial/rules/marks.ts";

/** Whatever belongs to a run ends with it. */
const ending = { expires_at: z.string() };

/**
 * The record of a run. It changes three times in a run's life, because each change is written to three indexes too;
 * what changes with every step is the state. A list of all runs of a tenant is one partition of an index: that takes
 * about 300 new runs a second.
 */
export const runItem = defineItem({
  type: "run",
  summary: "A run: what it is pinned to, who started it, its status.",
  schema: runRecordSchema.extend({
    target_id: z.string(),
    /** What is drawn by chance follows from this: a retry draws the same. */
    seed_run_id: idSchema("run"),
    /** The outermost run that it is within; itself, where it is within none. */
    root_run_id: idSchema("run"),
    /** How many runs may go on side by side within each of its steps. */
    allowance: z.int(),
    /** Of a run that is within none: lists of all runs and of all of a pipeline or an agent have these only. */
    listed: z.literal("outermost").optional(),
    /** Days for which it is kept, as its organization had set when it started; its files lie under them (`runFiles`). */
    kept_days: z.literal(runDays),
    /** The same for what it leaves in the audit trail. */
    audit_days: z.int(),
    // Runs have been kept before there were these.
    labels: runRecordSchema.shape.labels.default([]),
    test: runRecordSchema.shape.test.default(null),
    budget: runRecordSchema.shape.budget.default(null),
    ...keptTrace,
  }),
  key: { pk: "RUN#{id}", sk: "RUN" },
  indexes: {
    gsi1: { pk: "RUNS#{listed}", sk: "{id}" },
    gsi2: { pk: "RUNS_OF#{target_id}#{listed}", sk: "{id}" },
    gsi3: { pk: "RUNS_IN#{status}", sk: "{id}" },
    gsi4: { pk: "RUNS_WITHIN#{parent_run_id}", sk: "{id}" },
  },
  json: ["metadata", "pinned", "test"],
  expires: "expires_at",
});
export type StoredRun = ItemOf<typeof runItem>;

/**
 * What the commits of a run go through: whether it still goes on, the last number of its log, its sums. The number
 * orders what happened in a run, so a reader who has seen n has missed nothing before it. Numbers are given one
 * transaction after the other, some 50 a second, each to up to 40 commits (`journal.ts`, `pending.ts`).
 */
export const runStateItem = defineItem({
  type: "run_state",
  summary: "The live state of a run: status, last sequence of its log, totals.",
  schema: totalsSchema.extend({
    run_id: idSchema("run"),
    status: runStatusSchema,
    sequence: z.number().int(),
    /** Of a run that is within none: whether it waits for a place, or which ones it holds until its end. */
    place: z.enum(["waiting", "plan", "plan_and_pipeline"]).optional(),
    ...ending,
  }),
  key: { pk: "RUN#{run_id}", sk: "RUN#STATE" },
  expires: "expires_at",
});
export type RunState = ItemOf<typeof runStateItem>;

/**
 * When somebody looks whether the run goes on as it should (`nextLook`): there from the transaction that accepts the run
 * to the one that ends it. Whatever event is lost, no run stays for longer than its deadline.
 */
export const runWatch = defineDue("run_watch");

/**
 * When a waiting step is woken at the latest, by what `wakeRef` says: with its record from the transaction that parks it.
 * Nothing clears it: whoever is woken too late, or for nothing, finds that out and ends.
 */
export const runWake = defineDue("run_wake");

/** Run, node and attempt in a reference; ids have no slash. */
export const wakeRef = (run_id: string, node_id: string, attempt: number): string => `${run_id}/${node_id}/${attempt}`;

export const runValueItem = defineItem({
  type: "run_value",
  summary: "Input or output of a run, or what a test brought to be run, as JSON text; beyond 16 KB in the bucket.",
  schema: z.object({
    run_id: idSchema("run"),
    name: z.enum(["input", "output", "setup"]),
    value: blobSchema,
    ...ending,
  }),
  key: { pk: "RUN#{run_id}", sk: "RUN#VALUE#{name}" },
  expires: "expires_at",
});

export const runLabelItem = defineItem({
  type: "run_label",
  summary: "A label of a run: all runs of a label lie together, in the order in which they started.",
  schema: z.object({ label: labelSchema, run_id: idSchema("run"), ...ending }),
  key: { pk: "RUN_LABEL#{label}", sk: "{run_id}" },
  expires: "expires_at",
});

export const runStepItem = defineItem({
  type: "run_step",
  summary: "One attempt of a node's work. Waiting ones are indexed, so that a stop finds what to end.",
  schema: z.object({
    run_id: idSchema("run"),
    node_id: z.string(),
    attempt: z.number().int(),
    kind: z.string(),
    status: stepStatusSchema,
    started_at: z.string().nullable(),
    finished_at: z.string().nullable(),
    model: z.string().nullable(),
    tokens_in: z.number().int(),
    tokens_out: z.number().int(),
    cost_usd_micros: z.number().int(),
    error: failureSchema.nullable(),
    output: blobSchema.nullable(),
    /** Handle that the run goes on by, and how a router came to it. */
    handle: z.string().nullable(),
    choice: choiceSchema.nullable(),
    /** Edges of that handle whose own condition did not hold, by ordinal in the revision. */
    blocked: z.array(z.number().int()),
    /** After a failure that another attempt follows. */
    retry_in_ms: z.number().int().nullable(),
    wait_until: z.string().nullable(),
    /** What it waits for; of a settled attempt what it has waited for. */
    waits_for: waitsForSchema.nullable(),
    approval_id: idSchema("approval").nullable(),
    /** What its outcome follows from (`workKey`); null of rules, which are worked off anew. */
    work_key: z.string().nullable(),
    recorded_run_id: idSchema("run").nullable(),
    ...storedMarks,
    ...spannedFields,
    retrieved: retrievedSchema.default(null),
    /** Only while it waits: the run again, and the workflow execution that waits where one does. */
    waiting_run_id: z.string().optional(),
    execution: z.string().optional(),
    ...ending,
  }),
  key: { pk: "RUN#{run_id}", sk: "STEP#{node_id}#{attempt}" },
  indexes: { gsi1: { pk: "RUN_WAITING#{waiting_run_id}", sk: "{node_id}" } },
  json: ["agent", "calls"],
  expires: "expires_at",
});
export type RunStep = ItemOf<typeof runStepItem>;

/** A pipeline's turns are forgotten when it has not run for so long; then its first branch is next again. */
export const TURNS_KEPT_SECONDS = 90 * 86_400;

export const nodeTurnItem = defineItem({
  type: "node_turn",
  summary: "How often a router of a pipeline has given a turn; one after the other, whatever revision runs.",
  schema: z.object({
    pipeline_id: idSchema("pipeline"),
    node_id: z.string(),
    turn: z.int(),
    expires_at: z.string(),
  }),
  key: { pk: "PIPELINE_TURNS#{pipeline_id}", sk: "{node_id}" },
  expires: "expires_at",
});

/** An attempt whose outcome stands. */
export const isSettled = ({ status }: RunStep): boolean =>
  status === "completed" || status === "failed" || status === "skipped";

/** An attempt that waits, or has waited, to be woken. */
export const hasParked = ({ waits_for }: RunStep): boolean => waits_for !== null && waits_for !== "retry";

/** An attempt whose work has begun and waits to be woken. */
export const isParked = (step: RunStep): boolean => step.status === "waiting" && hasParked(step);

/** The attempt had been settled before, as `step`; or waits, where that is refused too. */
export class Settled extends Problem {
  readonly step: RunStep;
  constructor(step: RunStep) {
    super("conflict", "This attempt has been settled.");
    this.step = step;
  }
}

/** From where the record of an attempt is written. */
const unparked: Condition = {
  any: [{ exists: false }, { equals: { status: "running" } }, { equals: { status: "waiting", waits_for: "retry" } }],
};
const from: Readonly<Record<StepMove, Condition>> = {
  begin: unparked,
  park: { equals: { status: "running" } },
  settle: unparked,
  settle_woken: { one_of: { status: OPEN_STEP } },
};

/**
 * What is done with an attempt: none is settled twice, and one that waits neither begins again nor is settled by anybody but who
 * was woken. Work that was given up and comes back after its repetition began to wait has nobody who goes on from it.
 */
export type StepMove = "begin" | "park" | "settle" | "settle_woken";

/** Writes the record of an attempt. @throws Settled when committed, where the attempt has moved on */
export const stepWrite = (table: TenantTable, step: RunStep, move: StepMove): Write =>
  table.writes.put(runStepItem, step, from[move], (old) => {
    if (old === undefined) throw new Error("a step that is not there was refused");
    return new Settled(old);
  });

/** Whether a move was refused because of how the attempt stands. */
export const refuses = (step: RunStep, move: StepMove): boolean =>
  isSettled(step) || (move !== "settle_woken" && isParked(step));

/**
 * Resolved incoming edges of a node with several. A join of k edges writes about k²·3 bytes in all, since each edge
 * rewrites the growing sets; that is fine to some thousands.
 */
export const runJoinItem = defineItem({
  type: "run_join",
  summary: "Which incoming edges of a node are resolved in a run: taken, untaken, and the one that came last.",
  schema: z.object({
    taken: z.set(z.int()).optional(),
    untaken: z.set(z.int()).optional(),
    last: z.number().int().optional(),
    run_id: idSchema("run").optional(),
    ordinal: z.number().int().optional(),
    expires_at: z.string().optional(),
  }),
  key: { pk: "RUN#{run_id}", sk: "JOIN#{ordinal}" },
  expires: "expires_at",
});

export const runLogItem = defineItem({
  type: "run_log",
  summary: "One thing that happened in a run, numbered without gaps.",
  schema: logView.extend(ending),
  key: { pk: "RUN#{run_id}", sk: "LOG#{sequence}" },
  json: ["data"],
  expires: "expires_at",
});

/** See `pending.ts`. */
export const runPendingItem = defineItem({
  type: "run_pending",
  summary: "What a commit tells and adds, where it met others on the run's state; numbered a moment later.",
  schema: z.object({
    run_id: idSchema("run"),
    id: z.string(),
    entry: logView.omit({ run_id: true, sequence: true }),
    add: totalsSchema,
    ...ending,
  }),
  key: { pk: "RUN#{run_id}", sk: "PENDING#{id}" },
  json: ["entry"],
  expires: "expires_at",
});
export type RunPending = ItemOf<typeof runPendingItem>;

/** One item takes about 500 transactional writes a second; a plan that has a limit has at most 10,000 runs a month. */
export const runCountItem = defineItem({
  type: "run_count",
  summary: "Runs started in a month, for plans with a limit.",
  schema: z.object({ month: z.string(), runs: z.number().int(), expires_at: z.string() }),
  key: { pk: "RUN_COUNT", sk: "{month}" },
  expires: "expires_at",
});

/** A run with its state. */
export interface LoadedRun {
  readonly run: StoredRun;
  readonly state: RunState;
}

/** A run with its state, input and output. */
export interface WholeRun extends LoadedRun {
  readonly input: Blob | undefined;
  readonly output: Blob | undefined;
}

/** A run with its state, strongly consistent. */
export async function findRun(table: TenantTable, id: string): Promise<LoadedRun | undefined> {
  const { pk, sk } = primaryKey(runItem, table.tenant, { id });
  const found = await readFamily(table, { pk, from: sk, to: "RUN#STATE" }, { runs: runItem, states: runStateItem });
  return pair(found);
}

/** Whether a run still goes on. */
export async function goesOn(table: TenantTable, run_id: string): Promise<boolean> {
  const state = await table.get(runStateItem, { run_id });
  return state !== undefined && isLive(state.status);
}

/** A run with its state and values, strongly consistent: the four lie side by side, one query. */
export async function readWholeRun(table: TenantTable, id: string): Promise<WholeRun | undefined> {
  const { pk, sk } = primaryKey(runItem, table.tenant, { id });
  const kinds = { runs: runItem, states: runStateItem, values: runValueItem };
  const found = await readFamily(table, { pk, from: sk, to: "RUN#" }, kinds);
  const loaded = pair(found);
  const value = (wanted: string) => found.values.find(({ name }) => name === wanted)?.value;
  return loaded === undefined ? undefined : { ...loaded, input: value("input"), output: value("output") };
}

function pair({ runs: [run], states: [state] }: { runs: StoredRun[]; states: RunState[] }): LoadedRun | undefined {
  return run === undefined || state === undefined ? undefined : { run, state };
}

/** Keeps a value of a run or of one of its steps. */
export const storeJson = (
  blobs: Pick<Blobs, "store">,
  tenant: string,
  run: Pick<StoredRun, "id" | "kept_days">,
  value: Json,
): Promise<Blob> => blobs.store(runFiles(tenant, run), JSON.stringify(value));

export const loadJson = async (blobs: Pick<Blobs, "load">, blob: Blob): Promise<Json> =>
  JSON.parse(await blobs.load(blob)) as Json;

/** A value of a run that may not be there yet. */
export const loadedValue = async (blobs: Pick<Blobs, "load">, value: Blob | undefined): Promise<Json | undefined> =>
  value === undefined ? undefined : loadJson(blobs, value);

/** Input or output of a run; undefined while it has none. */
export async function runValue(
  table: TenantTable,
  blobs: Blobs,
  run_id: string,
  name: "input" | "output" | "setup",
): Promise<Json | undefined> {
  const item = await table.get(runValueItem, { run_id, name });
  return item === undefined ? undefined : loadJson(blobs, item.value);
}
