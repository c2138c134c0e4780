import * as z from "zod";
import { addSeconds, type Clock } from "../../../shared/clock.ts";
import { compileExpression, type Scope } from "../../../shared/expressions/expression.ts";
import type { GraphNode } from "../../pipelines/graph/public.ts";
import type { DynamoRunStore } from "./dynamo-store.ts";
import type { AttemptResult, Parked } from "./rules/outcome.ts";
import type { PlanNode } from "./rules/plan.ts";
import type { Waiting } from "./rules/store.ts";

interface WaitTask {
  readonly step: Extract<GraphNode, { kind: "wait" }>;
  readonly node: PlanNode;
  readonly attempt: number;
  readonly scope: Scope;
  readonly store: Pick<DynamoRunStore, "waits">;
}

/** Up to here the workflow waits itself, to the second; longer waits are due (docs/adr/0021), to a minute and a half. */
const PAUSE_SECONDS = 900;
/** How late what is due may come. */
const LATE_MS = 90_000;

const failed = (code: string, message: string): AttemptResult => ({
  ok: false,
  error: { code, message },
  retryable: false,
});

/** Lets time pass and gives its input. A wait that the run's deadline cuts off fails before it begins. */
export async function workWait(
  { step, node, attempt, scope, store }: WaitTask,
  { left_ms, wait }: { readonly left_ms: number; readonly wait: Waiting | undefined },
  { clock }: { readonly clock: Clock },
): Promise<AttemptResult | Parked> {
  const now = clock.now();
  const until = wait?.until == null ? await endOf(step.config, scope, now) : new Date(wait.until);
  if (!(until instanceof Date)) return until;
  const ms = until.getTime() - now.getTime();
  if (ms <= 0) return { ok: true, output: scope.input };
  const pauses = ms <= PAUSE_SECONDS * 1_000;
  if (ms + (pauses ? 0 : LATE_MS) >= left_ms)
    return failed("wait_beyond_deadline", `It would wait until ${until.toISOString()}, and the run ends before.`);
  store.waits(node, attempt, { waits_for: "time", until, message: `${node.id} waits until ${until.toISOString()}.` });
  return pauses ? { parked: true, pause_ms: ms } : { parked: true };
}

/** RFC 3339 with its zone, of a day that there is; seconds may be left out. */
const zoned = z.iso.datetime({ offset: true });

async function endOf({ seconds, until }: WaitTask["step"]["config"], scope: Scope, now: Date) {
  if (seconds !== undefined) return addSeconds(now, seconds);
  const expression = compileExpression(until ?? "");
  const result = expression.ok ? await expression.evaluate(scope) : expression;
  if (!result.ok) return failed(result.code, result.message);
  const time = zoned.safeParse(result.value);
  return time.success
    ? new Date(time.data)
    : failed("time_invalid", "until gives no time with a zone, such as 2030-01-31T09:00:00+01:00.");
}
