import type { Blobs } from "../../../shared/blobs/blobs.ts";
import { type FilePlace, runFiles } from "../../../shared/blobs/purposes.ts";
import { draft } from "../../../shared/change/events.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { requireAlso } from "../../../shared/http/permit.ts";
import { newId } from "../../../shared/ids.ts";
import { takeQuota } from "../../../shared/limits/quota.ts";
import { addDays, retentionOf } from "../../../shared/limits/retention.ts";
import { tracedBy } from "../../../shared/tracing/kept.ts";
import { agentItem, pinAgent, pinAgents } from "../../agents/public.ts";
import { findHead, pinForRun } from "../../pipelines/public.ts";
import type { Pinned } from "../../runs/model.ts";
import { pinAll } from "../../runs/public.ts";
import { limitsOf } from "../../usage/runs/public.ts";
import type { SuiteDeps } from "../deps.ts";
import { suiteEvents } from "../events.ts";
import { type Case, JOB_SECONDS, type PlannedCase, type Suite, suiteRunOf } from "../model.ts";
import type { operations } from "../operations.ts";
import { requireOn } from "../rights/require.ts";
import { aboutJob } from "../rules/about.ts";
import { isJudged } from "../rules/assertions.ts";
import {
  type StoredSuiteRun,
  suiteCaseItem,
  suiteItem,
  suiteRunDue,
  suiteRunItem,
  suiteRunPlanItem,
  suiteRunStateItem,
} from "../store.ts";
import { LOOK_SECONDS } from "./advance.ts";

type Ops = typeof operations;

/**
 * The job with its cases as they are now, and everything that its runs will use; the cases are begun by the consumer of
 * `suite.run_started`, or by whoever looks at the job.
 */
export const start: Handler<Ops["start"], SuiteDeps> = async (call, { table, blobs }) => {
  const { at, body, caller } = call;
  const own = table.of(call.context.tenant);
  const suite = await call.load();
  requireOn(call, suite.kind, "execute");
  const cases = await casesOf(own, suite.id, body.tags);
  if (cases.length === 0) throw nothingToRun(body.tags);
  if (cases.some(({ assertions }) => assertions.some(isJudged))) requireAlso(call, "agents:execute");
  const { pinned, version, checks } = await pinsOf({ table: own, blobs }, suite, body.version);
  const { run_days: kept_days, audit_days } = retentionOf(caller.organization);
  const id = newId("suite_run", at);
  const expires_at = timestamp(addDays(at, kept_days));
  const place = runFiles(own.tenant, { id, kept_days });
  const plan = await planOf(blobs, place, cases, await judgesOf(own, cases));
  const job: StoredSuiteRun = {
    id,
    suite_id: suite.id,
    suite_name: suite.name,
    kind: suite.kind,
    target_id: suite.target_id,
    version,
    pinned,
    tags: body.tags,
    concurrency: body.concurrency,
    timeout_seconds: body.timeout_seconds,
    budget: body.budget === null ? null : limitsOf(body.budget),
    total: cases.length,
    status: "running",
    reason: null,
    started_by: caller.principal,
    ...tracedBy(call.trace),
    created_at: timestamp(at),
    finished_at: null,
    deadline_at: timestamp(addSeconds(at, JOB_SECONDS)),
    expires_at,
    kept_days,
    audit_days,
  };
  const counts = { passed: 0, failed: 0, errors: 0, never_began: 0, cost_usd_micros: 0, judge_cost_usd_micros: 0 };
  const state = { suite_run_id: id, next: 0, open: 0, ...counts, expires_at };
  return call.commit(
    {
      writes: [
        takeQuota(own, caller.organization.plan, "suite_runs"),
        own.writes.check(suiteItem, { id: suite.id }, { exists: true }, () => notFound()),
        ...checks,
        own.writes.create(suiteRunItem, job),
        own.writes.create(suiteRunStateItem, state),
        own.writes.create(suiteRunPlanItem, { suite_run_id: id, plan, expires_at }),
        suiteRunDue.set(own, id, addSeconds(at, LOOK_SECONDS)),
      ],
      events: [
        draft(suiteEvents, "suite.run_started", { id, name: suite.name }, { ...aboutJob(job), tags: body.tags }),
      ],
    },
    suiteRunOf(job, state),
  );
};

const nothingToRun = (tags: readonly string[]): Problem =>
  new Problem(
    "conflict",
    tags.length === 0
      ? "The suite has no case that is enabled. Add one first."
      : "No case of the suite that is enabled has one of these tags.",
  );

async function casesOf(own: TenantTable, suite_id: string, tags: readonly string[]): Promise<Case[]> {
  const cases: Case[] = [];
  for await (const one of own.all(suiteCaseItem, { of: { suite_id } }))
    if (one.enabled && (tags.length === 0 || one.tags.some((tag) => tags.includes(tag)))) cases.push(one);
  return cases;
}

const judging = (assertions: Case["assertions"]): string[] =>
  assertions.filter(isJudged).map(({ agent_id }) => agent_id);

/** The versions of all agents that judge: one yardstick for every case. One that cannot be used is left out, and judges nothing. */
async function judgesOf(own: TenantTable, cases: readonly Case[]): Promise<ReadonlyMap<string, number>> {
  const ids = [...new Set(cases.flatMap(({ assertions }) => judging(assertions)))];
  const pins = await pinAgents(
    own,
    ids.map((agent_id) => ({ agent_id, version: undefined })),
  );
  return new Map(
    ids.flatMap((id, i) => {
      const version = pins[i];
      return typeof version === "number" ? [[id, version] as const] : [];
    }),
  );
}

/** What is copied at a time. */
const COPIES = 10;

/** Keeps the cases as they are now, with inputs of their own: what becomes of the cases does not change the job. */
async function planOf(blobs: Blobs, place: FilePlace, cases: readonly Case[], versions: ReadonlyMap<string, number>) {
  const plan: PlannedCase[] = [];
  for (let i = 0; i < cases.length; i += COPIES) {
    const some = cases.slice(i, i + COPIES).map(async ({ id, name, input, assertions, tags, recorded_run_id }) => ({
      id,
      name,
      input: await blobs.copy(input, place),
      assertions,
      tags,
      recorded_run_id,
      judges: Object.fromEntries([...versions].filter(([id]) => judging(assertions).includes(id))),
    }));
    plan.push(...(await Promise.all(some)));
  }
  return blobs.store(place, JSON.stringify(plan));
}

/** What all runs of a job use. @throws Problem where it cannot be used, or the graph has errors */
async function pinsOf(
  deps: { readonly table: TenantTable; readonly blobs: Blobs },
  { kind, target_id }: Suite,
  wanted: number | undefined,
): Promise<{ readonly pinned: Pinned; readonly version: number; readonly checks: readonly Write[] }> {
  const { table } = deps;
  if (kind === "agent") {
    const agent = await table.get(agentItem, { id: target_id });
    if (agent === undefined) throw new Problem("conflict", "The agent of the suite is gone.");
    const version = await pinAgent(table, agent, wanted);
    const pinned = { pipeline_id: null, revision: null, agents: { [target_id]: version }, pipelines: {} };
    return { pinned, version, checks: [] };
  }
  const head = await findHead(table, target_id);
  if (head === undefined) throw new Problem("conflict", "The pipeline of the suite is gone.");
  const { revision, loaded, check } = await pinForRun(deps, head, { mode: "test", revision: wanted });
  const { agents, pipelines } = await pinAll(deps, target_id, loaded.graph);
  return { pinned: { pipeline_id: target_id, revision, agents, pipelines }, version: revision, checks: [check] };
}
