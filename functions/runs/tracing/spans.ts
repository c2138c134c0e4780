import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Span } from "../../../shared/tracing/otlp.ts";
import { agentItem } from "../../agents/public.ts";
import { pipelineItem } from "../../pipelines/public.ts";
import { stepOf } from "../log/views.ts";
import { type LoadedRun, type RunStep, runStepItem, type StoredRun } from "../store.ts";
import { runSpan, stepSpans } from "./rules/spans.ts";

/** The spans of a run that has ended, its own first; read as they are asked for. */
export async function* spansOfRun(
  table: TenantTable,
  loaded: LoadedRun,
  name: string | undefined,
): AsyncGenerator<Span, void, void> {
  yield* spansOf(loaded, [], name);
  for await (const step of table.all(runStepItem, { of: { run_id: loaded.run.id } })) {
    yield* stepSpans(loaded.run, stepOf(step, loaded.run), step);
  }
}

/** The spans of a run and of these of its attempts, those that have ended. */
export const spansOf = ({ run, state }: LoadedRun, attempts: readonly RunStep[], name: string | undefined): Span[] =>
  [runSpan(run, state, name), ...attempts.flatMap((step) => stepSpans(run, stepOf(step, run), step))].filter(
    (span) => span !== undefined,
  );

/** What the run is of is called now; undefined where that is gone. */
export async function nameOf(table: TenantTable, { kind, target_id }: StoredRun): Promise<string | undefined> {
  const found =
    kind === "agent" ? await table.get(agentItem, { id: target_id }) : await table.get(pipelineItem, { id: target_id });
  return found?.name;
}
