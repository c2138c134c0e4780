import * as z from "zod";
import { runFiles, versionFiles } from "../../shared/blobs/purposes.ts";
import { commitChange, systemContext } from "../../shared/change/commit.ts";
import { draft, type Envelope } from "../../shared/change/events.ts";
import { updateWithRetry } from "../../shared/change/update.ts";
import type { Due } from "../../shared/due/item.ts";
import { type Removal, removalOf, removals, removeAll } from "../../shared/dynamo/removals.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import { auditDaysOf } from "../../shared/identity/organization.ts";
import { suiteRemoval } from "./definition/removal.ts";
import type { ClearDeps, JobDeps } from "./deps.ts";
import { cancelJob, wrapUp } from "./ending/end.ts";
import { suiteEvents } from "./events.ts";
import { aboutSuite } from "./rules/about.ts";
import { advance } from "./running/advance.ts";
import {
  readSuiteRun,
  type StoredSuiteRun,
  suiteCaseItem,
  suiteItem,
  suitePassRateItem,
  suiteResultItem,
  suiteRunDue,
  suiteRunItem,
  suiteRunLinkItem,
  suiteRunOpenItem,
  suiteRunPlanItem,
  suiteRunStateItem,
} from "./store.ts";

/** `suite_run`: a job that goes on is looked at. @returns when to look again */
export const look = ({ tenant, ref }: Due, deps: JobDeps): Promise<Date | undefined> =>
  advance(deps.table.of(tenant), ref, deps);

const aboutJob = z.object({ suite_run_id: z.string() });
const aboutRun = z.object({ run_id: z.string(), mode: z.string() });

/** A job begins, or is cancelled; a run of a case, or of a judge, is over. */
export async function hear(event: Envelope, deps: JobDeps): Promise<void> {
  const own = deps.table.of(event.organization_id);
  if (event.type.startsWith("suite.")) {
    await advance(own, aboutJob.parse(event.data).suite_run_id, deps);
    return;
  }
  const { run_id, mode } = aboutRun.parse(event.data);
  if (mode !== "test") return;
  const link = await own.get(suiteRunLinkItem, { run_id });
  if (link !== undefined) await advance(own, link.suite_run_id, deps, link.index);
}

const gone = z.object({
  suite_id: z.string().optional(),
  case_id: z.string().optional(),
  pipeline_id: z.string().optional(),
  agent_id: z.string().optional(),
});

/** What is deleted takes along what belongs to it. Broken off and repeated it does the rest. */
export async function clear(event: Envelope, deps: ClearDeps): Promise<void> {
  const own = deps.table.of(event.organization_id);
  const { suite_id, case_id, pipeline_id, agent_id } = gone.parse(event.data);
  if (event.type === "suite.case_deleted" && case_id !== undefined)
    return deps.files.removeAll(versionFiles(own.tenant, case_id));
  if (event.type === "suite.deleted" && suite_id !== undefined)
    return clearSuite(own, suite_id, z.string().parse(event.data.target_id), deps);
  const target_id = pipeline_id ?? agent_id;
  if (target_id !== undefined) await deleteSuitesOf(own, target_id, deps);
}

/** What suites were of is erased: each of them is deleted, and cleared away by its own event. */
async function deleteSuitesOf(own: TenantTable, target_id: string, { clock }: ClearDeps): Promise<void> {
  const audit_days = await auditDaysOf(own);
  for await (const { id } of own.all(suiteItem, { index: "gsi1", of: { target_id } }))
    await updateWithRetry(undefined, async () => {
      const suite = await own.get(suiteItem, { id });
      if (suite === undefined) return;
      await commitChange(own.table, systemContext(own.tenant, "suite_target_purged", clock.now(), audit_days), {
        writes: suiteRemoval(own, suite),
        events: [draft(suiteEvents, "suite.deleted", suite, aboutSuite(suite))],
      });
    });
}

/** What expires by itself comes last: where there is more than can be cleared, that is what stays. */
async function clearSuite(own: TenantTable, suite_id: string, target_id: string, deps: ClearDeps): Promise<void> {
  await removeAll(own, removals(own, suitePassRateItem, { target_id, suite_id }));
  for await (const one of own.all(suiteCaseItem, { of: { suite_id } })) {
    await deps.files.removeAll(versionFiles(own.tenant, one.id));
    await own.transact([removalOf(own, suiteCaseItem, one).write]);
  }
  for await (const job of own.all(suiteRunItem, { index: "gsi1", of: { suite_id } })) await clearJob(own, job, deps);
}

async function clearJob(own: TenantTable, job: StoredSuiteRun, deps: ClearDeps): Promise<void> {
  await cancelJob(own, job.id, "suite_deleted", deps.clock.now());
  const whole = await readSuiteRun(own, job.id);
  if (whole !== undefined) await wrapUp(own, whole, deps);
  await removeAll(own, belongings(own, job.id));
  await deps.files.removeAll(runFiles(own.tenant, job));
  await own.transact([own.writes.remove(suiteRunItem, { id: job.id }, {}), suiteRunDue.clear(own, job.id)]);
}

async function* belongings(own: TenantTable, suite_run_id: string): AsyncGenerator<Removal> {
  for (const definition of [suiteResultItem, suiteRunOpenItem, suiteRunPlanItem, suiteRunStateItem])
    yield* removals(own, definition, { suite_run_id });
}
