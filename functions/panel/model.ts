import * as z from "zod";
import { idSchema } from "../../shared/ids.ts";
import { definitionSchema } from "../agents/model.ts";
import { LIVE, missSchema, type RunSummary, runSummaryView, type StepView, stepView } from "../runs/model.ts";

/** Shorter than any start takes, and longer than anybody looks at a panel. */
const LEAST_TIMEOUT_MS = 1_000;
const MOST_TIMEOUT_MS = 3_600_000;
const USUAL_TIMEOUT_MS = 300_000;

export const optionsSchema = z
  .strictObject({
    timeout_ms: z.int().min(LEAST_TIMEOUT_MS).max(MOST_TIMEOUT_MS).default(USUAL_TIMEOUT_MS).meta({
      description: "The test is ended as timed out after this, rounded up to a second.",
    }),
    stream: z.boolean().default(false).meta({
      description: "Answers at once with 202: `events_path` of the answer tells what happens while it happens.",
    }),
  })
  .meta({ id: "TestOptions" });
export type TestOptions = z.output<typeof optionsSchema>;

/** Nodes of one test that are made to meet something. */
export const MOST_FAULTS = 100;

/** What of an agent may be replaced for a test. */
export const overridesSchema = definitionSchema
  .pick({
    model_id: true,
    fallback_model_ids: true,
    system_prompt: true,
    temperature: true,
    max_tokens: true,
    response_schema: true,
  })
  .partial()
  .strict()
  .refine((fields) => Object.keys(fields).length > 0, "replaces nothing")
  .meta({ id: "TestOverrides" });

export const cassetteChoice = z
  .strictObject({
    record: z.boolean().default(false).meta({
      description: "Keeps what each call to a model, a host or a tool is answered, as long as the run is kept.",
    }),
    replay: idSchema("run").optional().meta({
      description:
        "A recorded test. Calls are answered from it, by what they ask: nobody is called, and nothing is paid. The steps say how many.",
    }),
    on_miss: missSchema.default("fail").meta({
      description:
        "What becomes of a call that it has no answer to: the step fails as `cassette_miss`, or the call is made.",
    }),
  })
  .refine(({ record, replay }) => record !== (replay !== undefined), "takes either `record` or `replay`")
  .meta({ id: "TestCassette" });
export type CassetteChoice = z.output<typeof cassetteChoice>;

/** So many attempts of steps stand in a result; the others are listed with the run. */
export const SHOWN_STEPS = 100;

const testStep = stepView
  .pick({
    node_id: true,
    attempt: true,
    kind: true,
    status: true,
    duration_ms: true,
    model: true,
    tokens_in: true,
    tokens_out: true,
    cost_usd_micros: true,
    handle: true,
    error: true,
    retried: true,
    fault: true,
    replayed_calls: true,
  })
  .meta({ id: "TestStep", description: "One attempt of a node's work, in short." });

const { kind, mode, pinned, status, error, created_at, finished_at, metadata, labels, started_by, test } =
  runSummaryView.shape;

const summary = {
  id: idSchema("run"),
  kind,
  mode,
  pinned,
  status,
  error,
  execution_time_ms: z.int().nullable().meta({ description: "null until it has ended." }),
  token_usage: z
    .object({ input: z.int(), output: z.int(), total: z.int() })
    .meta({ id: "TestTokenUsage", description: "Of all its calls to models." }),
  cost_usd_micros: z.int(),
  metadata,
  labels,
  started_by,
  test,
  created_at,
  finished_at,
  events_path: z.string().meta({
    description: "Where its events are streamed.",
    example: "/api/v1/runs/run_01JDQ4X0Z5V8W3N7K2M9R6T1BC/events",
  }),
};

/** A test in the history of what was tested. */
export const testSummaryView = z
  .object(summary)
  .meta({ id: "TestSummary", description: "One test of an agent, a pipeline or a node, without input and output." });

export const testResultView = z
  .object({
    ...summary,
    input: z.unknown(),
    output: z.unknown().meta({ description: "null until it has completed." }),
    steps: z.array(testStep),
    more_steps: z.boolean().meta({
      description: `Whether there are more than ${SHOWN_STEPS} attempts; \`GET /runs/{run_id}/steps\` lists all.`,
    }),
  })
  .meta({ id: "TestResult", description: "One test of an agent, a pipeline or a node, and what it came to." });

/** With these a test goes on. */
export const UNFINISHED = LIVE;

/** A run in mode test as the panel shows it. */
export function summaryView(run: RunSummary, base: string): z.input<typeof testSummaryView> {
  const { tokens_in, tokens_out, cost_usd_micros } = run.totals;
  return {
    ...run,
    execution_time_ms: run.duration_ms,
    token_usage: { input: tokens_in, output: tokens_out, total: tokens_in + tokens_out },
    cost_usd_micros,
    events_path: `${base}/runs/${run.id}/events`,
  };
}

export const resultView = (
  run: RunSummary,
  base: string,
  {
    input,
    output,
    steps,
    more_steps,
  }: { input: unknown; output: unknown; steps: readonly StepView[]; more_steps: boolean },
): z.input<typeof testResultView> => ({
  ...summaryView(run, base),
  input,
  output,
  steps: [...steps],
  more_steps,
});
