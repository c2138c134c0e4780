import { setTimeout as sleep } from "node:timers/promises";
import type { Write } from "../../../shared/dynamo/write.ts";
import { notFound } from "../../../shared/errors.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { OperationShape, Output } from "../../../shared/http/operation.ts";
import { begin, goesOn, type NewRun, readWholeRun } from "../../runs/trial/public.ts";
import type { PanelDeps } from "../deps.ts";
import type { TestOptions } from "../model.ts";
import type { operations } from "../operations.ts";
import { resultOf } from "../results/reading.ts";

type Ops = typeof operations;

/** Any operation that starts a test. */
type TestCall = Pick<Call<OperationShape & { permission: "pipelines:execute" }>, "at" | "begin" | "request"> &
  Pick<Call<Ops["testPipeline"]>, "caller">;

/** The gateway waits 29 seconds; the rest is for what comes before the run and after it. */
const WAITED_MS = 25_000;
/** Between two looks: short at first, since most tests are. */
const LOOK_MS = { least: 100, most: 1_000 } as const;

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
  const { caller, at, request } = call;
  const { id } = await begin(
    {
      caller,
      at,
      request,
      async commit(change, answer) {
        await call.begin(change);
        return answer;
      },
    },
    deps,
    table,
    wanted,
    checks,
    input,
  );
  const until = at.getTime() + WAITED_MS;
  let look: number = LOOK_MS.least;
  while (!stream && deps.clock.now().getTime() + look < until && (await goesOn(table, id))) {
    await sleep(look);
    look = Math.min(look * 1.2, LOOK_MS.most);
  }
  const whole = await readWholeRun(table, id);
  // Somebody has deleted it meanwhile.
  if (whole === undefined) throw notFound();
  return resultOf(table, deps, whole);
}
