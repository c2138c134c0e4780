import type { Write } from "../../../shared/dynamo/write.ts";
import { notFound } from "../../../shared/errors.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import type { Call } from "../../../shared/http/call.ts";
import { API_BASE, type OperationShape, type Output } from "../../../shared/http/operation.ts";
import { begin, type NewRun, readWholeRun } from "../../runs/trial/public.ts";
import type { PanelDeps } from "../deps.ts";
import { resultView, type TestOptions } from "../model.ts";
import type { operations } from "../operations.ts";
import { resultOf } from "../results/reading.ts";
import { waitForEnd } from "./waiting.ts";

type Ops = typeof operations;

/** Any operation that starts a test. */
type TestCall = Pick<Call<OperationShape & { permission: "pipelines:execute" }>, "at" | "trace"> &
  Pick<Call<Ops["testPipeline"]>, "begin" | "caller">;

/** The gateway waits 29 seconds; the rest is for what comes before the run and after it. */
const WAITED_MS = 25_000;
/** A longer input is left out of what a repeated request is told before the test has ended: an item holds no more than 400 KB. */
const MOST_INPUT_BYTES = 100_000;

/** What a run's time is, of a test's. */
export const secondsOf = ({ timeout_ms }: TestOptions): number => Math.ceil(timeout_ms / 1_000);

/** Starts a test, waits for its end as long as the gateway does, and gives what it has come to by then. */
export async function startTest(
  call: TestCall,
  deps: PanelDeps,
  { wanted, checks, input }: { readonly wanted: NewRun; readonly checks: readonly Write[]; readonly input: Json },
  { stream }: TestOptions,
): Promise<Output<Ops["testPipeline"]>> {
  const table = deps.table.of(call.caller.organization.id);
  const { caller, at, trace } = call;
  const { id } = await begin(
    {
      caller,
      at,
      trace,
      async commit(change, answer) {
        const shown = Buffer.byteLength(JSON.stringify(input)) <= MOST_INPUT_BYTES ? input : null;
        const nothing = { output: null, steps: [], more_steps: false };
        await call.begin(change, resultView(answer, API_BASE, { input: shown, ...nothing }));
        return answer;
      },
    },
    deps,
    table,
    wanted,
    checks,
    input,
  );
  if (!stream) await waitForEnd(table, deps, caller.organization.plan, id, at.getTime() + WAITED_MS);
  const whole = await readWholeRun(table, id);
  // Somebody has deleted it meanwhile.
  if (whole === undefined) throw notFound();
  return resultOf(table, deps, whole);
}
