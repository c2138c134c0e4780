import { updateWithRetry } from "../../../shared/change/update.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Handler } from "../../../shared/http/call.ts";
import type { SuiteDeps } from "../deps.ts";
import { cancelChange } from "../ending/end.ts";
import { type Result, suiteRunOf, suiteRunStates } from "../model.ts";
import type { operations } from "../operations.ts";
import { requireOn } from "../rights/require.ts";
import { junitOf, reportedOf } from "../rules/report.ts";
import { loadPlan } from "../running/plan.ts";
import { suitePassRateItem, suiteResultItem, suiteRunItem, suiteRunStateItem } from "../store.ts";

type Ops = typeof operations;

export const listRuns: Handler<Ops["listRuns"], SuiteDeps> = async (call, { table }) => {
  const suite = await call.load();
  requireOn(call, suite.kind, "read");
  const own = table.of(call.context.tenant);
  const of = { suite_id: suite.id };
  const page = await own.page(suiteRunItem, { ...call.query, index: "gsi1", of, newest_first: true });
  const states = await table.batch(page.items.map(({ id }) => own.read(suiteRunStateItem, { suite_run_id: id })));
  const items = page.items.flatMap((job, i) => {
    const state = states[i];
    return state === undefined ? [] : [suiteRunOf(job, state)];
  });
  return { ...page, items };
};

export const getRun: Handler<Ops["getRun"], SuiteDeps> = async (call) => {
  const { job, state } = await call.load();
  requireOn(call, job.kind, "read");
  return suiteRunOf(job, state);
};

export const listResults: Handler<Ops["listResults"], SuiteDeps> = async (call, { table }) => {
  const { job } = await call.load();
  requireOn(call, job.kind, "read");
  return table.of(call.context.tenant).page(suiteResultItem, { ...call.query, of: { suite_run_id: job.id } });
};

/** At most as many as a suite has cases. */
async function resultsOf(own: TenantTable, suite_run_id: string): Promise<Result[]> {
  const results: Result[] = [];
  for await (const result of own.all(suiteResultItem, { of: { suite_run_id } })) results.push(result);
  return results;
}

export const report: Handler<Ops["report"], SuiteDeps> = async (call, { table }) => {
  const { job, state } = await call.load();
  requireOn(call, job.kind, "read");
  const results = await resultsOf(table.of(call.context.tenant), job.id);
  return { suite_run: suiteRunOf(job, state), ...reportedOf(results) };
};

export const junit: Handler<Ops["junit"], SuiteDeps> = async (call, { table, blobs }) => {
  const whole = await call.load();
  const { job } = whole;
  requireOn(call, job.kind, "read");
  const [plan, results] = await Promise.all([loadPlan(whole, blobs), resultsOf(table.of(call.context.tenant), job.id)]);
  const content = junitOf({ ...job, suite_run_id: job.id, plan, results });
  return { content_type: "application/xml; charset=utf-8", filename: `${job.id}.xml`, content };
};

/** One that ends by itself meanwhile is read anew: then it is refused as one that is over. */
export const cancel: Handler<Ops["cancel"], SuiteDeps> = (call, { table }) =>
  updateWithRetry(undefined, async (how) => {
    const own = table.of(call.context.tenant);
    const whole = await call.load(how);
    const { job, state } = whole;
    requireOn(call, job.kind, "execute");
    if (job.status !== "running") throw suiteRunStates.refusal(job.status, "cancelled");
    const { change, next } = cancelChange(own, whole, "requested", call.at);
    return call.commit(change, suiteRunOf(next, state));
  });

export const passRatesOfPipeline: Handler<Ops["passRatesOfPipeline"], SuiteDeps> = async (call, { table }) => {
  await call.load();
  return ratesOf(table.of(call.context.tenant), call.path.pipeline_id, call.query);
};

export const passRatesOfAgent: Handler<Ops["passRatesOfAgent"], SuiteDeps> = async (call, { table }) => {
  await call.load();
  return ratesOf(table.of(call.context.tenant), call.path.agent_id, call.query);
};

const ratesOf = (
  own: TenantTable,
  target_id: string,
  {
    version,
    ...paging
  }: { readonly limit: number; readonly cursor?: string | undefined; readonly version?: number | undefined },
) =>
  own.page(suitePassRateItem, {
    ...paging,
    ...(version === undefined ? { of: { target_id } } : { index: "gsi1", of: { target_id, version } }),
  });
