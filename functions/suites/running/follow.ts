import { commitChange } from "../../../shared/change/commit.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { traceOf } from "../../../shared/tracing/kept.ts";
import { agentItem } from "../../agents/public.ts";
import { elapsed, isLive } from "../../runs/model.ts";
import {
  findRun,
  loadedValue,
  prepareAgent,
  readWholeRun,
  startOf,
  type WholeRun,
  withPlace,
} from "../../runs/public.ts";
import type { JobDeps } from "../deps.ts";
import { contextOf } from "../ending/end.ts";
import { NEVER_BEGAN, type PlannedCase } from "../model.ts";
import { isJudged, type Judged } from "../rules/assertions.ts";
import { type Checked, evaluate, type Measured } from "../rules/evaluate.ts";
import { judged, judgeMessage, undecided } from "../rules/judging.ts";
import { type OpenCase, type StoredSuiteRun, suiteRunOpenItem } from "../store.ts";
import { linkWrite, organizationOf, stillRuns, toldBy } from "./begin.ts";
import { isAnswer, waitsForRoom } from "./refusals.ts";
import { settle } from "./settle.ts";

/**
 * Looks what has come of a case that goes on. Once its run is over its assertions are decided, those that are judged one after
 * the other, each by a run of its own; then it has its result.
 */
export async function follow(
  own: TenantTable,
  job: StoredSuiteRun,
  one: PlannedCase,
  open: OpenCase,
  deps: JobDeps,
): Promise<void> {
  const waits = await findRun(own, open.judge_run_ids.at(-1) ?? open.run_id);
  if (waits !== undefined && isLive(waits.state.status)) return;
  const run = await readWholeRun(own, open.run_id);
  const at = deps.clock.now();
  if (run === undefined) return settle(own, job, one, open, gone, at);
  if (neverBegan(run)) return settle(own, job, one, open, { ...notBegun, ...unmeasured }, at);
  const measured = await measure(run, deps);
  const checked = await evaluate(one.assertions, measured);
  const judges = one.assertions.filter(isJudged);
  const { said, waited, judge_cost_usd_micros } = await verdicts(own, judges, open, deps);
  const next = judges[said.length];
  const decided = [...checked.filter(({ kind }) => kind !== "judged"), ...said];
  if (next !== undefined && decided.every(({ passed }) => passed === true)) {
    const refused = await ask(own, job, one, open, next, measured, deps);
    if (refused === undefined) return;
    said.push(undecided(next, refused));
  }
  const { cost_usd_micros, latency_ms } = measured;
  const sums = { cost_usd_micros, judge_cost_usd_micros, latency_ms };
  const { error } = waited ? notBegun : { error: null };
  return settle(own, job, one, open, { error, assertions: merged(checked, said), ...sums }, at);
}

const unmeasured = { assertions: [], cost_usd_micros: 0, judge_cost_usd_micros: 0, latency_ms: null };
const gone = {
  error: { code: "run_deleted", message: "The run of the case was deleted before it could be looked at." },
  ...unmeasured,
};
const notBegun = {
  error: {
    code: NEVER_BEGAN,
    message:
      "The run waited for a place until its time was over. Run the job when less goes on, with less side by side, or with a longer timeout_seconds.",
  },
};

/** Whether a run's time was over before its turn came: that says nothing of what it would have run. */
const neverBegan = ({ run, state }: Pick<WholeRun, "run" | "state">): boolean =>
  state.status === "timed_out" && run.started_at === null;

async function measure({ run, state, ...values }: WholeRun, { blobs }: Pick<JobDeps, "blobs">): Promise<Measured> {
  const [input, output] = await Promise.all([loadedValue(blobs, values.input), loadedValue(blobs, values.output)]);
  const { started_at, finished_at, error } = run;
  const latency_ms = elapsed(started_at, finished_at);
  const { status, cost_usd_micros } = state;
  return { status, error, input: input ?? null, output, cost_usd_micros, latency_ms };
}

/** What the judges that were asked so far have said, in their order, and what that has cost. */
async function verdicts(own: TenantTable, judges: readonly Judged[], open: OpenCase, { blobs }: JobDeps) {
  const said: Checked[] = [];
  let judge_cost_usd_micros = 0;
  let waited = false;
  for (const [i, run_id] of open.judge_run_ids.entries()) {
    const assertion = judges[i];
    if (assertion === undefined) continue;
    const run = await readWholeRun(own, run_id);
    said.push(
      run === undefined
        ? undecided(assertion, "the judge's run was deleted")
        : judged(assertion, run.state.status, await loadedValue(blobs, run.output)),
    );
    judge_cost_usd_micros += run?.state.cost_usd_micros ?? 0;
    waited ||= run !== undefined && neverBegan(run);
  }
  return { said, waited, judge_cost_usd_micros };
}

/** All assertions in their order, the judged ones with what the judges have said. */
function merged(checked: readonly Checked[], said: readonly Checked[]): Checked[] {
  const left = [...said];
  return checked.map((one) => (one.kind === "judged" ? (left.shift() ?? one) : one));
}

/**
 * Starts the run of the next judge, once for each place in the case.
 * @returns why it cannot be started; undefined when it has been, by somebody, or waits for room in the plan
 */
async function ask(
  own: TenantTable,
  job: StoredSuiteRun,
  one: PlannedCase,
  open: OpenCase,
  assertion: Judged,
  measured: Measured,
  deps: JobDeps,
): Promise<string | undefined> {
  const at = deps.clock.now();
  const version = one.judges[assertion.agent_id];
  if (version === undefined) return "the agent that judges could not be used when the job began";
  try {
    const organization = await organizationOf(own);
    const agent = await own.get(agentItem, { id: assertion.agent_id });
    if (agent === undefined) return "the agent that judges is gone";
    const { timeout_seconds, budget } = job;
    const input = { message: judgeMessage(assertion, measured) };
    const wanted = { mode: "test", ...toldBy(job, one), input, version, timeout_seconds, budget } as const;
    const { wanted: prepared, check } = await prepareAgent(
      { table: own, blobs: deps.blobs },
      agent,
      wanted,
      organization,
      at,
    );
    const starter = { principal: job.started_by, plan: organization.plan, at, trace: traceOf(job) };
    const { suite_run_id, index, run_id, judges } = open;
    const asked = { judges: judges + 1, judge_run_ids: [...open.judge_run_ids, prepared.id] };
    await withPlace((waiting_for) => {
      const { run, writes, event } = startOf(own, starter, prepared, waiting_for);
      return commitChange(own.table, contextOf(own, job, at), {
        writes: [
          stillRuns(own, job),
          own.writes.update(
            suiteRunOpenItem,
            { suite_run_id, index },
            { set: asked },
            { equals: { run_id, judges } },
            () => lostRace(),
          ),
          linkWrite(own, job, index, run.id),
          check,
          ...writes,
        ],
        events: [event],
      });
    });
    return undefined;
  } catch (error) {
    if (!isAnswer(error)) throw error;
    if (error.code === "precondition_failed" || waitsForRoom(error)) return undefined;
    return error.detail;
  }
}
