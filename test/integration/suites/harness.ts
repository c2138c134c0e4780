import { endRun } from "../../../functions/runs/control/ending.ts";
import { endingContext } from "../../../functions/runs/log/entries.ts";
import type { RunControl } from "../../../functions/runs/public.ts";
import { findRun } from "../../../functions/runs/store.ts";
import type { JobDeps } from "../../../functions/suites/deps.ts";
import { start } from "../../../functions/suites/running/starting.ts";
import { suiteItem } from "../../../functions/suites/store.ts";
import type { Principal } from "../../../shared/access/principal.ts";
import { commitChange, systemContext } from "../../../shared/change/commit.ts";
import type { Envelope } from "../../../shared/change/events.ts";
import { type Clock, systemClock } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import { silentLog } from "../../../shared/observability/log.ts";
import { newTrace } from "../../../shared/tracing/context.ts";
import type { Company } from "../../support/api.ts";
import { faultyTable } from "../../support/faulty-table.ts";
import { blobs } from "../runs/harness.ts";

/** Nobody on the deployed stack hears of these runs and jobs: the test is who works at them. */
export const quiet = (): Table =>
  faultyTable((_, input) => {
    const { TransactItems = [] } = input as { TransactItems?: { Put?: { Item?: Record<string, unknown> } }[] };
    const tells = ({ Put }: (typeof TransactItems)[number]) =>
      /"type":"(?:run|suite)\./.test(String(Put?.Item?.envelope));
    TransactItems.splice(0, TransactItems.length, ...TransactItems.filter((item) => !tells(item)));
    return undefined;
  });

const workflow: RunControl["workflow"] = {
  start: async () => undefined,
  wake: async () => undefined,
  stop: async () => undefined,
  failure: async () => undefined,
  input: async () => undefined,
};

/** What a worker at jobs is given. */
export const workerDeps = (table: Table = quiet(), at?: Date): JobDeps => {
  const clock: Clock = at === undefined ? systemClock : { now: () => at };
  return { table, blobs: blobs(), clock, log: silentLog, workflow };
};

/** Starts a job as the operation does, which nobody hears of; gives its id. */
export async function jobOf(
  company: Company,
  suite_id: string,
  body: { readonly concurrency?: number; readonly tags?: string[] } = {},
  principal: Principal = { type: "user", id: company.user_id },
  at = new Date(),
): Promise<string> {
  const table = quiet();
  const own = table.of(company.organization_id);
  const [organization, suite] = await table.batch([
    own.read(organizationItem, {}),
    own.read(suiteItem, { id: suite_id }),
  ]);
  if (organization === undefined || suite === undefined) throw new Error("no suite");
  const context = systemContext(company.organization_id, "test", at, 400);
  const call = {
    at,
    context,
    caller: { organization, principal, grants: ["*"] },
    body: { tags: [], concurrency: 5, timeout_seconds: 600, budget: null, ...body },
    path: { suite_id },
    request: { id: newId("request", at) },
    trace: newTrace(),
    load: async () => suite,
    may: () => true,
    denied: () => undefined,
    commit: async (change: Parameters<typeof commitChange>[2], answer: unknown) => {
      await commitChange(table, context, change);
      return answer;
    },
  };
  const { id } = await start(call as unknown as Parameters<typeof start>[0], {
    table,
    blobs: blobs(),
    files: { remove: async () => undefined },
  });
  return id;
}

/** Ends a run, as its engine would. @returns what is told of it */
export async function endOf(
  company: Company,
  run_id: string,
  end: { readonly output: Json } | { readonly fails: true } | { readonly waited: true },
): Promise<Envelope> {
  const own = quiet().of(company.organization_id);
  const at = new Date();
  const found = await findRun(own, run_id);
  if (found === undefined) throw new Error(`no run ${run_id}`);
  const { run } = found;
  await endRun(
    own,
    endingContext(own, run, "test", at),
    run,
    "waited" in end
      ? { status: "timed_out" }
      : "fails" in end
        ? { status: "failed", error: { code: "http_error", message: "It failed." } }
        : { status: "completed", output: { inline: JSON.stringify(end.output) } },
  );
  return {
    id: newId("event", at),
    type: "run.completed",
    version: 1,
    organization_id: own.tenant,
    actor: { type: "system", id: "test" },
    occurred_at: at.toISOString(),
    trace_id: run.trace_id,
    data: { run_id, mode: "test" },
  };
}
