import { createHash } from "node:crypto";
import { canonicalJson } from "../../../shared/expressions/json.ts";
import type { Handler } from "../../../shared/http/call.ts";
import type { RunReads } from "../deps.ts";
import { stepOf } from "../log/views.ts";
import { summaryOf } from "../model.ts";
import { loadedValue, loadJson, type WholeRun } from "../store.ts";
import { attemptsOf } from "../timeline/attempts.ts";
import type { comparisonOperations } from "./operations.ts";
import { type Compared, comparisonOf } from "./rules/compare.ts";

type Ops = typeof comparisonOperations;

/** Outputs that are read side by side. */
const WIDTH = 16;

export const compare: Handler<Ops["compare"], RunReads> = async (call, deps) => {
  const table = deps.table.of(call.context.tenant);
  const { before, after } = await call.load();
  const compared = async ({ run, state, output }: WholeRun): Promise<Compared> => {
    const steps = await attemptsOf(table, run.id);
    const attempts: Compared["attempts"][number][] = [];
    for (let from = 0; from < steps.length; from += WIDTH) {
      const read = steps.slice(from, from + WIDTH).map(async (step) => ({
        step: stepOf(step, run),
        // Outputs are told apart by their hashes: many of them are too large to be held together.
        output: step.output === null ? undefined : hashOf(await loadJson(deps.blobs, step.output)),
      }));
      attempts.push(...(await Promise.all(read)));
    }
    return { summary: summaryOf(run, state), attempts, output: await loadedValue(deps.blobs, output) };
  };
  const first = await compared(before);
  return comparisonOf(first, await compared(after));
};

const hashOf = (value: unknown): string => createHash("sha256").update(canonicalJson(value)).digest("base64url");
