import * as z from "zod";
import { canonicalJson } from "../../../../shared/expressions/json.ts";
import { type RunSummary, runSummaryView, type StepView, stepStatusSchema } from "../../model.ts";

const side = z
  .object({
    attempts: z.int(),
    status: stepStatusSchema,
    handle: z.string().nullable(),
    error_code: z.string().nullable(),
    duration_ms: z.int().nullable(),
    model: z.string().nullable(),
    tokens_in: z.int(),
    tokens_out: z.int(),
    cost_usd_micros: z.int(),
    taken_over: z.boolean().meta({ description: "Its outcome was taken over from another run." }),
  })
  .meta({ id: "RunComparisonSide", description: "What a step came to in one of the runs, all its attempts together." });
type Side = z.output<typeof side>;

export const comparisonView = z
  .object({
    before: runSummaryView,
    after: runSummaryView,
    same_output: z.boolean().nullable().meta({ description: "null where one of the runs has none." }),
    differences: z.int().meta({ description: "Steps that did not come to the same." }),
    steps: z.array(
      z
        .object({
          node_id: z.string(),
          kind: z.string(),
          change: z.enum(["same", "output", "outcome", "only_before", "only_after"]).meta({
            id: "RunComparisonChange",
            description:
              "`output`: both completed by the same handle, with different outputs. `outcome`: they ended otherwise. `only_…`: the other run has no such step.",
          }),
          before: side.nullable(),
          after: side.nullable(),
        })
        .meta({ id: "RunComparisonStep" }),
    ),
  })
  .meta({ id: "RunComparison", description: "Two runs, step by step." });
export type Comparison = z.output<typeof comparisonView>;

/** An attempt of a step with what its output is told apart by. */
export interface Attempt {
  readonly step: StepView;
  /** undefined where it has none. */
  readonly output: unknown;
}

interface Told {
  readonly kind: string;
  readonly side: Side;
  readonly output: unknown;
}

/** Attempts of a step as one: the last says how it ended, all of them what it cost. */
function together(attempts: readonly Attempt[]): ReadonlyMap<string, Told> {
  const told = new Map<string, Told>();
  for (const { step, output } of attempts) {
    const so_far = told.get(step.node_id)?.side;
    const { node_id, kind, status, handle, error, duration_ms, model } = step;
    told.set(node_id, {
      kind,
      output,
      side: {
        attempts: (so_far?.attempts ?? 0) + 1,
        status,
        handle,
        error_code: error?.code ?? null,
        duration_ms: so_far?.duration_ms == null ? duration_ms : so_far.duration_ms + (duration_ms ?? 0),
        model: model ?? so_far?.model ?? null,
        tokens_in: (so_far?.tokens_in ?? 0) + step.tokens_in,
        tokens_out: (so_far?.tokens_out ?? 0) + step.tokens_out,
        cost_usd_micros: (so_far?.cost_usd_micros ?? 0) + step.cost_usd_micros,
        taken_over: step.recorded_run_id !== null,
      },
    });
  }
  return told;
}

const same = (a: unknown, b: unknown): boolean => a === b || canonicalJson(a ?? null) === canonicalJson(b ?? null);

/** A run as it is compared: its attempts in the order of nodes and attempts. */
export interface Compared {
  readonly summary: RunSummary;
  readonly attempts: readonly Attempt[];
  /** undefined where it has none. */
  readonly output: unknown;
}

/** Two runs step by step, the steps by their ids. */
export function comparisonOf(before: Compared, after: Compared): Comparison {
  const [was, is] = [together(before.attempts), together(after.attempts)];
  const ids = [...new Set([...was.keys(), ...is.keys()])].sort();
  const steps = ids.map((node_id) => {
    const [a, b] = [was.get(node_id), is.get(node_id)];
    return {
      node_id,
      kind: b?.kind ?? a?.kind ?? "",
      change: changeOf(a, b),
      before: a?.side ?? null,
      after: b?.side ?? null,
    };
  });
  return {
    before: before.summary,
    after: after.summary,
    same_output: before.output === undefined || after.output === undefined ? null : same(before.output, after.output),
    differences: steps.filter(({ change }) => change !== "same").length,
    steps,
  };
}

function changeOf(a: Told | undefined, b: Told | undefined): Comparison["steps"][number]["change"] {
  if (a === undefined) return "only_after";
  if (b === undefined) return "only_before";
  const ways = ({ side }: Told) => [side.status, side.handle, side.error_code];
  if (!same(ways(a), ways(b))) return "outcome";
  return same(a.output, b.output) ? "same" : "output";
}
