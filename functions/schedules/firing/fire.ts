import { commitChange, systemContext } from "../../../shared/change/commit.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import { retentionOf } from "../../../shared/limits/retention.ts";
import { goesOn } from "../../runs/public.ts";
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
    return skip(table, whole, occurrence, "overlap", at);
  const trace_id = newId("request", at);
  const context = systemContext(table.tenant, "schedule", at, retentionOf(organization).audit_days, trace_id);
  let refusal: Problem;
  try {
    const owner = await ownerOf(table, schedule);
    const starter = { principal: owner.principal, organization, at, trace_id };
    const { run, writes, event } = await prepare(table, deps, schedule, input, starter);
    const done = outcomeWrites(table, whole, occurrence, { status: "fired", run_id: run.id }, at);
    const linked = table.writes.put(scheduleChainItem, {
      trace_id,
      schedules: [...chain],
      expires_at: run.expires_at,
    });
    return await commitChange(table.table, context, {
      writes: [...done.writes, owner.check, ...writes, ...(chain.length === 0 ? [] : [linked])],
      events: [event, ...done.events],
    });
  } catch (error) {
    if (!(error instanceof Problem) || error.status >= 500 || error.code === "precondition_failed") throw error;
    refusal = error;
  }
  const reason = { code: refusal.code, message: refusal.message };
  const { writes, events } = outcomeWrites(table, whole, occurrence, { status: "failed", reason }, at);
  const [first, ...rest] = events;
  if (first === undefined) throw new Error("a failure tells nobody");
  await commitChange(table.table, context, { writes, events: [first, ...rest] });
}

/** Writes down that an occurrence starts nothing, and why. */
export async function skip(
  table: TenantTable,
  whole: WholeSchedule,
  occurrence: Occurrence,
  code: keyof typeof skippedReasons,
  at: Date,
): Promise<void> {
  const reason = { code, message: skippedReasons[code] };
  const { writes } = outcomeWrites(table, whole, occurrence, { status: "skipped", reason }, at);
  await table.transact(writes);
}

/** The next time as the table has it. */
export const asNext = (next: Date | undefined): string | null => (next === undefined ? null : timestamp(next));
