import { commitChange, systemContext } from "../../../shared/change/commit.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { retentionOf } from "../../../shared/limits/retention.ts";
import { newTrace } from "../../../shared/tracing/context.ts";
import { goesOn, LARGEST_START, withPlace } from "../../runs/public.ts";
import type { ScheduleDeps } from "../deps.ts";
import { skippedReasons } from "../model.ts";
import { scheduleChainItem, type WholeSchedule } from "../store.ts";
import { type Occurrence, outcomeWrites } from "./record.ts";
import { ownerOf, prepare } from "./starting.ts";

/** What a firing knows beside the schedule. */
export interface Firing {
  readonly organization: Organization;
  readonly occurrence: Occurrence;
  /** What the run begins with. */
  readonly input: Json;
  /** The schedules that led here by events, this one among them; empty where a time did. */
  readonly chain: readonly string[];
  readonly at: Date;
}

/**
 * Items of a firing that starts a run at most: the start, the checks of the pipeline and of the owner, the schedule, its state, the
 * record, what is due next, the chain, the event and its audit entry, and one for an answer, as each change leaves room for.
 */
const LARGEST = LARGEST_START + 10;

/**
 * What one occurrence comes to: the run, its record, the schedule's next time, the audit entries and the events are one
 * transaction, so however many workers see it, one run starts. Where it cannot start, that is recorded the same way.
 * @throws Problem `precondition_failed` where somebody else has changed the schedule or done this in between
 */
export async function fire(
  table: TenantTable,
  whole: WholeSchedule,
  { organization, occurrence, input, chain, at }: Firing,
  deps: Pick<ScheduleDeps, "blobs">,
): Promise<void> {
  const { schedule, state } = whole;
  if (schedule.overlap === "skip" && state.last_run_id !== null && (await goesOn(table, state.last_run_id)))
    return skip(table, whole, { organization, occurrence, at }, "overlap");
  const trace = newTrace();
  try {
    const owner = await ownerOf(table, organization, schedule);
    const starter = { principal: owner.principal, organization, at, trace };
    const starting = await prepare(table, deps, schedule, input, starter);
    return await withPlace((waiting_for) => {
      const { run, writes, event } = starting(waiting_for);
      const done = outcomeWrites(table, whole, occurrence, { status: "fired", run_id: run.id }, at);
      const linked = table.writes.put(scheduleChainItem, {
        trace_id: trace.trace_id,
        schedules: [...chain],
        expires_at: run.expires_at,
      });
      return commitChange(table.table, contextOf(table, organization, at, trace.trace_id), {
        writes: [...done.writes, owner.check, ...writes, ...(chain.length === 0 ? [] : [linked])],
        events: [event, ...done.events],
        largest: LARGEST,
      });
    });
  } catch (error) {
    if (!(error instanceof Problem) || error.status >= 500 || error.code === "precondition_failed") throw error;
    const reason = { code: error.code, message: error.message };
    return startsNothing(table, whole, { organization, occurrence, at }, { status: "failed", reason });
  }
}

/** What is known of an occurrence that starts nothing. */
type Idle = Pick<Firing, "organization" | "occurrence" | "at">;

const contextOf = (table: TenantTable, organization: Organization, at: Date, trace_id?: string) =>
  systemContext(table.tenant, "schedule", at, retentionOf(organization).audit_days, trace_id);

/** Records that an occurrence starts nothing, and why. @throws as `fire` */
export function startsNothing(
  table: TenantTable,
  whole: WholeSchedule,
  { organization, occurrence, at }: Idle,
  outcome: {
    readonly status: "failed" | "skipped";
    readonly reason: { readonly code: string; readonly message: string };
  },
): Promise<void> {
  const change = outcomeWrites(table, whole, occurrence, outcome, at);
  return commitChange(table.table, contextOf(table, organization, at), change);
}

/** The same of one that the schedule itself leaves out. */
export const skip = (
  table: TenantTable,
  whole: WholeSchedule,
  idle: Idle,
  code: keyof typeof skippedReasons,
): Promise<void> =>
  startsNothing(table, whole, idle, { status: "skipped", reason: { code, message: skippedReasons[code] } });

/** The next time as the table has it. */
export const asNext = (next: Date | undefined): string | null => (next === undefined ? null : timestamp(next));
