import { badReference } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import type { RunReads } from "../deps.ts";
import { stepOf } from "../log/views.ts";
import { summaryOf } from "../model.ts";
import { loadedValue, loadJson, readWholeRun, type WholeRun } from "../store.ts";
import { attemptsOf } from "../timeline/attempts.ts";
import type { comparisonOperations } from "./operations.ts";
import { type Compared, comparisonOf } from "./rules/compare.ts";

type Ops = typeof comparisonOperations;

/** Outputs that are read side by side. */
const WIDTH = 16;

export const compare: Handler<Ops["compare"], RunReads> = async (call, deps) => {
  const table = deps.table.of(call.context.tenant);
  const other = await readWholeRun(table, call.query.with_run_id);
  if (other === undefined) throw badReference("with_run_id");
  const compared = async ({ run, state, output }: WholeRun): Promise<Compared> => {
    const steps = await attemptsOf(table, run.id);
    const attempts: Compared["attempts"][number][] = [];
    for (let from = 0; from < steps.length; from += WIDTH) {
      const read = steps.slice(from, from + WIDTH).map(async (step) => ({
        step: stepOf(step, run),
        output: step.output === null ? undefined : await loadJson(deps.blobs, step.output),
      }));
      attempts.push(...(await Promise.all(read)));
    }
    return { summary: summaryOf(run, state), attempts, output: await loadedValue(deps.blobs, output) };
  };
  return comparisonOf(await compared(other), await compared(await call.load()));
};
