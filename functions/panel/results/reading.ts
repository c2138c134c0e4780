import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { API_BASE, type Output } from "../../../shared/http/operation.ts";
import { summaryOf } from "../../runs/model.ts";
import { findRuns, loadedValue, runStepItem, stepOf, type WholeRun } from "../../runs/trial/public.ts";
import type { PanelDeps } from "../deps.ts";
import { resultView, SHOWN_STEPS, summaryView } from "../model.ts";
import type { operations } from "../operations.ts";

type Ops = typeof operations;

/** A test with what it has come to so far. */
export async function resultOf(
  table: TenantTable,
  { blobs }: Pick<PanelDeps, "blobs">,
  { run, state, ...values }: WholeRun,
): Promise<Output<Ops["getTest"]>> {
  const [input, output, steps] = await Promise.all([
    loadedValue(blobs, values.input),
    loadedValue(blobs, values.output),
    table.page(runStepItem, { of: { run_id: run.id }, limit: SHOWN_STEPS }),
  ]);
  return resultView(summaryOf(run, state), API_BASE, {
    input,
    output: output ?? null,
    steps: steps.items.map((step) => stepOf(step, run)),
    more_steps: steps.next_cursor !== null,
  });
}

/** A page of the tests of a pipeline or an agent, newest first. */
export async function historyOf(
  table: TenantTable,
  tested: { readonly pipeline_id: string } | { readonly agent_id: string },
  page: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Output<Ops["listPipelineTests"]>> {
  const { items, next_cursor } = await findRuns(table, { ...tested, mode: "test" }, page);
  return { items: items.map(({ run, state }) => summaryView(summaryOf(run, state), API_BASE)), next_cursor };
}
