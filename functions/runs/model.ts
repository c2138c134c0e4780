import * as z from "zod";
import { principalSchema } from "../../shared/access/principal.ts";
import { addSeconds } from "../../shared/clock.ts";
import { limits, metadataSchema, timestampSchema, visibleText } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { defineStates } from "../../shared/states.ts";
import { retrievedSchema } from "../agents/retrieved/public.ts";
import { usedMaterial } from "../executions/bounds/public.ts";
import { type Graph, graphLimits, waitsSecondsOf } from "../pipelines/graph/public.ts";
import { budgetView, limitsSchema } from "../usage/runs/public.ts";
import { queueView } from "./queue/model.ts";
import { spanIdField, traceFields } from "./tracing/model.ts";
import { runSpanId } from "./tracing/rules/ids.ts";

export type { WaitingFor } from "./queue/model.ts";

export const runStatuses = ["queued", "running", "completed", "failed", "stopped", "timed_out"] as const;
export const runStatusSchema = z.enum(runStatuses).meta({ id: "RunStatus" });
export type RunStatus = z.output<typeof runStatusSchema>;

export const runStates = defineStates("run", runStatuses, [
  {
    from: [],
    to: "queued",
    why: "A request was accepted. It starts at once, or waits for a place among the runs of its pipeline and of the organization.",
  },
  { from: ["queued"], to: "running", why: "The first step begins." },
  { from: ["running"], to: "completed", why: "Every branch has come to its end." },
  {
    from: ["queued", "running"],
    to: "failed",
    why: "A step failed and its node says that the run fails then; or the workflow died.",
  },
  {
    from: ["queued", "running"],
    to: "stopped",
    why: "Somebody stopped it; or its next step was denied: the organization is suspended or deleted, its starter was removed or lost the permission, the agent was archived; or it waited, and its pipeline takes no such runs any more.",
  },
  { from: ["queued", "running"], to: "timed_out", why: "Its deadline has come." },
]);

/** States that a run leaves again. */
export const LIVE: readonly RunStatus[] = runStatuses.filter((status) => !runStates.ends.includes(status));
/** States that a run ends in. */
export const endStatuses = ["completed", "failed", "stopped", "timed_out"] as const;
export type EndStatus = (typeof endStatuses)[number];

export const isLive = (status: RunStatus): status is "queued" | "running" => LIVE.includes(status);

export const runKindSchema = z.enum(["pipeline", "agent"]).meta({ id: "RunKind" });
export type RunKind = z.output<typeof runKindSchema>;
export const runModeSchema = z.enum(["live", "test"]).meta({ id: "RunMode" });
export type RunMode = z.output<typeof runModeSchema>;

export const stepStatuses = ["running", "waiting", "completed", "failed", "skipped", "stopped"] as const;
export const stepStatusSchema = z.enum(stepStatuses).meta({ id: "RunStepStatus" });
export type StepStatus = z.output<typeof stepStatusSchema>;

/** A step's record begins with its first attempt; each attempt has states of its own. */
export const stepStates = defineStates("step", stepStatuses, [
  { from: [], to: "waiting", why: "The attempt before failed, and this one comes after a pause." },
  { from: ["waiting"], to: "running", why: "The pause is over." },
  { from: [], to: "running", why: "The work begins." },
  { from: [], to: "skipped", why: "No branch reached it." },
  { from: ["running"], to: "waiting", why: "The work waits for a time, a decision or runs of its own." },
  { from: ["running"], to: "completed", why: "The work is done." },
  { from: ["waiting"], to: "completed", why: "What it waited for has come." },
  { from: ["waiting"], to: "failed", why: "What it waited for has failed, or has not come in time." },
  { from: [], to: "completed", why: "The work is a rule without effects: begun and done at once." },
  { from: ["running"], to: "failed", why: "The work failed; `retried` says whether another attempt follows." },
  { from: [], to: "failed", why: "A rule without effects failed." },
  { from: ["running", "waiting"], to: "stopped", why: "The run ended first." },
  {
    from: ["stopped"],
    to: "completed",
    why: "Work that was under way when the run ended has come back. It leads nowhere.",
  },
  { from: ["stopped"], to: "failed", why: "Work that was under way when the run ended has failed." },
]);

/** What a waiting attempt waits for: the pause before it, a time, somebody's decision, runs of its own. */
export const waitsForSchema = z.enum(["retry", "time", "approval", "runs"]).meta({ id: "RunStepWaitsFor" });
export type WaitsFor = z.output<typeof waitsForSchema>;

/** An attempt that has not ended: it works, or waits for its time. */
export const OPEN_STEP = ["running", "waiting"] as const satisfies readonly StepStatus[];

export const failureSchema = z.object({ code: z.string(), message: z.string() }).meta({ id: "RunFailure" });

/** How a router chose, where that is more than the first condition that holds. */
export const choiceSchema = z
  .discriminatedUnion("strategy", [
    z.object({
      strategy: z.literal("semantic"),
      /** 0 to 1, as the agent says. */
      confidence: z.number().min(0).max(1).meta({ example: 0.9 }),
      reason: z.string().meta({ example: "The message is about an invoice." }),
    }),
    z.object({
      strategy: z.literal("round_robin"),
      /** Counted from 1 over all runs of the pipeline. */
      turn: z.int(),
    }),
    z.object({ strategy: z.literal("random"), seed: idSchema("run") }),
  ])
  .meta({ id: "RunChoice" });
export type RunChoice = z.output<typeof choiceSchema>;

/** Why a run's next step was denied, or its first one: `pipeline_inactive` meets runs that wait for a place. */
export const denialSchema = z
  .enum([
    "organization_suspended",
    "starter_removed",
    "starter_not_permitted",
    "agent_archived",
    "pipeline_inactive",
    "parent_ended",
  ])
  .meta({ id: "RunDenial" });
export type Denial = z.output<typeof denialSchema>;

/** What a run started with. It follows nothing that changes meanwhile. */
export const pinnedSchema = z
  .object({
    pipeline_id: idSchema("pipeline").nullable(),
    /** Number of the graph's immutable revision; null for a run of one agent. */
    revision: z.number().int().nullable(),
    /** Version by agent, those of the pipelines within it too. A node that names a version itself has that one instead. */
    agents: z.record(z.string(), z.number().int()),
    /** Revision by pipeline that runs within it. A node that names a revision itself has that one instead. */
    pipelines: z.record(z.string(), z.number().int()),
  })
  .meta({ id: "RunPinned" });
export type Pinned = z.output<typeof pinnedSchema>;

export const totalsSchema = z
  .object({
    /** Steps that were worked and have ended; skipped ones and further attempts do not count. */
    steps: z.number().int(),
    tokens_in: z.number().int(),
    tokens_out: z.number().int(),
    cost_usd_micros: z.number().int(),
  })
  .meta({ id: "RunTotals" });
export type Totals = z.output<typeof totalsSchema>;

export const noTotals: Totals = { steps: 0, tokens_in: 0, tokens_out: 0, cost_usd_micros: 0 };

/** A run has so many labels at most: each is an item, in the transaction that starts the run. */
export const MOST_LABELS = 10;

export const labelSchema = visibleText(z.string().trim().min(1).max(limits.tag)).meta({ example: "nightly" });

/** Labels of a run, each once, in order. */
export const labelsSchema = z
  .array(labelSchema)
  .max(MOST_LABELS)
  .overwrite((labels) => [...new Set(labels)].sort())
  .meta({ description: "By which runs are found.", example: ["nightly", "customer-42"] });
/** What a node can be made to meet: what providers and hosts do. */
export const faultKindSchema = z
  .enum(["timeout", "rate_limited", "server_error", "garbage", "slow_stream"])
  .meta({ id: "TestFaultKind" });
export const faultSchema = z
  .strictObject({
    kind: faultKindSchema.meta({
      description:
        "What its calls to a model, or its request, are answered: nothing until their time is over; 429 with `Retry-After`; 500; what cannot be read; a body that comes in drops and has no end.",
    }),
    attempts: z.int().min(1).max(10).optional().meta({
      description: "Of the step's attempts the first ones so many; left out, each.",
    }),
  })
  .meta({ id: "TestFault", description: "What a node of a test meets in place of an answer." });
export type Fault = z.output<typeof faultSchema>;

/** What becomes of a call that a cassette has no answer to. */
export const missSchema = z.enum(["fail", "call"]).meta({ id: "CassetteMiss" });

export const cassetteSchema = z
  .object({
    /** What calls are answered is kept with the run. */
    record: z.boolean(),
    /** The run whose kept answers answer in place of those who would be called. */
    replay_run_id: idSchema("run").nullable(),
    on_miss: missSchema,
  })
  .meta({ id: "RunCassette" });

/** What a test was told beside its input. */
export const runTestSchema = z
  .object({
    /** The one node that it works; null of a whole pipeline or agent. */
    node_id: z.string().nullable(),
    /** It runs what was sent with it, or an agent's working copy; no revision or version says what that was. */
    draft: z.boolean(),
    faults: z.record(z.string(), faultSchema),
    cassette: cassetteSchema.nullable(),
    /** Whose rights were asked beside those of who started it. */
    as_user_id: idSchema("user").nullable(),
  })
  .meta({ id: "RunTest", description: "What a test was told beside its input." });
export type RunTest = z.output<typeof runTestSchema>;

/** The record of a run, without its input, output and totals. */
export const runRecordSchema = z.object({
  id: idSchema("run"),
  kind: runKindSchema,
  mode: runModeSchema,
  status: runStatusSchema,
  pinned: pinnedSchema,
  metadata: metadataSchema,
  labels: labelsSchema,
  started_by: principalSchema,
  /** The run that this one belongs to, and which step of it runs it. */
  parent_run_id: idSchema("run").nullable(),
  called_by: z
    .object({
      node_id: z.string(),
      attempt: z.int(),
      /** Counted from 0: the item of a map, the turn of a loop. */
      index: z.int(),
    })
    .meta({ id: "RunCaller" })
    .nullable(),
  /** Runs that it is within, itself counted. */
  depth: z.int(),
  /** The run that this one repeats. */
  retry_of_run_id: idSchema("run").nullable(),
  /** The run whose outcomes it takes over where the work is the same. */
  recorded_run_id: idSchema("run").nullable(),
  /** Of a test: what it was told beside its input, where it was told anything. */
  test: runTestSchema.nullable(),
  ...traceFields,
  /** Why it failed, or what denied its next step; null for every other end. */
  error: failureSchema.extend({ node_id: z.string().optional() }).meta({ id: "RunError" }).nullable(),
  timeout_seconds: z.number().int(),
  /** Of the outermost run; all within it share it. */
  budget: limitsSchema.nullable(),
  created_at: timestampSchema,
  started_at: timestampSchema.nullable(),
  finished_at: timestampSchema.nullable(),
  /** When the run is ended as timed out. */
  deadline_at: timestampSchema,
  /** Then it is deleted, with its steps, its log and its files. */
  expires_at: timestampSchema,
});
export type RunRecord = z.output<typeof runRecordSchema>;

/** A run that waits for a place is let in when another one ends; should that be lost, when it is looked at. */
const LOOK_WHILE_WAITING_SECONDS = 600;

/** So long after it was accepted a run has begun, or is started again: its request and its event have both had their try. */
const BEGIN_WITHIN_SECONDS = 120;

/** When a live run is looked at next: before long as long as it has not begun, at its deadline at the latest. */
export function nextLook(
  { status, deadline_at }: Pick<RunRecord, "status" | "deadline_at">,
  now: Date,
  waiting = false,
): Date {
  const deadline = new Date(deadline_at);
  const soon = addSeconds(now, waiting ? LOOK_WHILE_WAITING_SECONDS : BEGIN_WITHIN_SECONDS);
  return status === "queued" && soon < deadline ? soon : deadline;
}

const durations = {
  /** Between the request and the first step; null while it waits. */
  queued_ms: z.number().int().nullable(),
  duration_ms: z.number().int().nullable(),
};

/** A run in a list. */
export const runSummaryView = runRecordSchema
  .extend({ ...durations, span_id: spanIdField, totals: totalsSchema })
  .meta({ id: "RunSummary", description: "One execution of a pipeline or an agent." });
export type RunSummary = z.output<typeof runSummaryView>;

export const runView = runSummaryView
  .extend({ input: z.unknown(), output: z.unknown(), budget: budgetView.nullable(), queue: queueView.nullable() })
  .meta({
    id: "Run",
    description: "One execution of a pipeline or an agent, with its input and, once completed, its output.",
  });

/** Milliseconds between two times; null while one of them has not come. */
export const elapsed = (from: string | null, to: string | null): number | null =>
  from === null || to === null ? null : Math.max(0, Date.parse(to) - Date.parse(from));

/** The record as the API shows it. */
export const summaryOf = (run: RunRecord, totals: Totals): RunSummary => ({
  ...run,
  span_id: runSpanId(run.id),
  queued_ms: elapsed(run.created_at, run.started_at),
  duration_ms: elapsed(run.started_at, run.finished_at),
  totals,
});

export const stepView = z
  .object({
    run_id: idSchema("run"),
    node_id: z.string(),
    attempt: z.number().int(),
    kind: z.string(),
    status: stepStatusSchema,
    started_at: z.string().nullable(),
    finished_at: z.string().nullable(),
    duration_ms: z.number().int().nullable(),
    /** Until when it waits, where that is known; what it waits for, or has waited for. */
    wait_until: z.string().nullable(),
    waits_for: waitsForSchema.nullable(),
    approval_id: idSchema("approval").nullable(),
    /** The run whose outcome it has taken over: nothing was done or paid for it. */
    recorded_run_id: idSchema("run").nullable(),
    /** Of a test: what it was made to meet. */
    fault: faultKindSchema.nullable(),
    /** Of a test: how many of its calls a cassette has answered, which nobody was asked and paid for. */
    replayed_calls: z.int(),
    ...usedMaterial,
    retrieved: retrievedSchema,
    model: z.string().nullable(),
    tokens_in: z.number().int(),
    tokens_out: z.number().int(),
    cost_usd_micros: z.number().int(),
    error: failureSchema.nullable(),
    /** Another attempt follows this failed one. */
    retried: z.boolean(),
    /** Handle that the run went on by. */
    handle: z.string().nullable(),
    choice: choiceSchema.nullable(),
    output_bytes: z.number().int().nullable(),
    /** Left out when it is larger than 16 KB; read the single step then. */
    output: z.unknown().optional(),
  })
  .meta({ id: "RunStep", description: "One attempt of a node's work in a run." });
export type StepView = z.output<typeof stepView>;

export const outputView = z
  .object({
    bytes: z.int().meta({ description: "Of the output as JSON." }),
    output: z.unknown().optional().meta({ description: "Left out where it is fetched." }),
    download: z
      .object({ url: z.string(), expires_at: timestampSchema, sha256: z.string() })
      .meta({ id: "RunDownload", description: "An address that gives the output for a short time." })
      .nullable(),
  })
  .meta({ id: "RunOutput" });

export const logLevels = ["debug", "info", "warn", "error"] as const;

/** Everything that is told about a run while it goes; the run's own record of its progress. */
export const logTypes = [
  "run.started",
  "run.admitted",
  "run.running",
  "run.completed",
  "run.failed",
  "run.stopped",
  "run.timed_out",
  "step.started",
  "step.completed",
  "step.failed",
  "step.retrying",
  "step.skipped",
  "step.waiting",
] as const;
export type LogType = (typeof logTypes)[number];

export const logView = z
  .object({
    run_id: idSchema("run"),
    /** 1, 2, 3, … without gaps, in the order in which things were committed. */
    sequence: z.number().int(),
    at: z.string(),
    level: z.enum(logLevels),
    type: z.enum(logTypes),
    node_id: z.string().nullable(),
    attempt: z.number().int().nullable(),
    message: z.string(),
    data: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
  })
  .meta({ id: "RunLog", description: "One thing that happened in a run." });
export type LogEntry = z.output<typeof logView>;

/** Nothing follows these in a run's log. */
export const isLast = (type: LogType): boolean =>
  type === "run.completed" || type === "run.failed" || type === "run.stopped" || type === "run.timed_out";

/** The longest run, and what the work of a run gets that does not say; what its graph waits for comes on top. */
export const DEFAULT_TIMEOUT_SECONDS = 3_600;
export const MAX_TIMEOUT_SECONDS = graphLimits.wait_seconds + DEFAULT_TIMEOUT_SECONDS;

/** How long a run may take that does not say. */
export const usualTimeout = (graph: Graph, waits_seconds = waitsOf(graph)): number =>
  Math.min(DEFAULT_TIMEOUT_SECONDS + waits_seconds, MAX_TIMEOUT_SECONDS);

/** How long the nodes of a graph may wait in all, what runs within them apart. */
export const waitsOf = (graph: Graph): number => graph.nodes.reduce((so_far, node) => so_far + waitsSecondsOf(node), 0);
/** An output of a step or a run, as JSON text. */
export const MAX_OUTPUT_BYTES = 1_000_000;
