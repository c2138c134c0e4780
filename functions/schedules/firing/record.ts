import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { newEtag } from "../../../shared/ids.ts";
import { addDays } from "../../../shared/limits/retention.ts";
import { scheduleEvents } from "../events.ts";
import { FIRING_DAYS, MOST_FAILURES, type Schedule, type ScheduleState } from "../model.ts";
import { dueWrite, type Firing, scheduleFiringItem, scheduleItem, scheduleStateItem } from "../store.ts";

/** What every event of a schedule says of it. */
export const aboutSchedule = ({ id, name, pipeline_id }: Schedule) => ({ schedule_id: id, name, pipeline_id });

/** An occurrence: what has come, and what follows. */
export interface Occurrence extends Pick<Firing, "id" | "kind" | "due_at" | "event_id"> {
  /** When the schedule comes next; null where no time decides it, or none is left. */
  readonly next_at: string | null;
}

type Outcome =
  | { readonly status: "fired"; readonly run_id: string }
  | { readonly status: "failed" | "skipped"; readonly reason: NonNullable<Firing["reason"]> };

/** The record of an occurrence. */
export const firingOf = (
  schedule: Pick<Schedule, "id">,
  occurrence: Occurrence,
  outcome: Outcome,
  at: Date,
): Firing => ({
  id: occurrence.id,
  schedule_id: schedule.id,
  kind: occurrence.kind,
  due_at: occurrence.due_at,
  event_id: occurrence.event_id,
  status: outcome.status,
  run_id: outcome.status === "fired" ? outcome.run_id : null,
  reason: outcome.status === "fired" ? null : outcome.reason,
  fired_at: timestamp(at),
  expires_at: timestamp(addDays(at, FIRING_DAYS)),
});

/** The writes and events with which an occurrence is over: once, whoever else works at it at the same moment. */
export function outcomeWrites(
  table: TenantTable,
  { schedule, state }: { readonly schedule: Schedule; readonly state: ScheduleState },
  occurrence: Occurrence,
  outcome: Outcome,
  at: Date,
): { readonly writes: Write[]; readonly events: readonly [EventDraft, ...EventDraft[]] } {
  const { writes } = table;
  const { id, etag } = schedule;
  const now = timestamp(at);
  const firing = firingOf(schedule, occurrence, outcome, at);
  const failures =
    outcome.status === "failed"
      ? state.consecutive_failures + 1
      : outcome.status === "fired"
        ? 0
        : state.consecutive_failures;
  const pauses = failures >= MOST_FAILURES;
  const completes = schedule.trigger.kind === "once";
  const minute = timestamp(at).slice(0, 16);
  const counted = state.minute === minute ? state.in_minute + 1 : 1;
  const next: ScheduleState = {
    ...state,
    version: state.version + 1,
    next_at: pauses ? null : occurrence.next_at,
    consecutive_failures: failures,
    ...(outcome.status === "fired"
      ? { last_fired_at: now, last_run_id: outcome.run_id, last_error: null }
      : outcome.status === "failed"
        ? { last_error: outcome.reason }
        : {}),
    ...(occurrence.kind === "event" ? { minute, in_minute: counted } : {}),
  };
  const ends = { id, pipeline_id: schedule.pipeline_id, updated_at: now, etag: newEtag(at) };
  const unchanged = { equals: { etag, status: "active" } };
  const standing = completes
    ? writes.update(scheduleItem, { id }, { set: { ...ends, status: "completed" } }, unchanged, lostRace)
    : pauses
      ? writes.update(
          scheduleItem,
          { id },
          { set: { ...ends, status: "paused", paused_reason: "failures" } },
          unchanged,
          lostRace,
        )
      : writes.check(scheduleItem, { id }, unchanged, lostRace);
  const about = aboutSchedule(schedule);
  const { kind, due_at, event_id } = occurrence;
  const told = { ...about, firing_id: firing.id, kind, due_at, event_id };
  const event =
    outcome.status === "fired"
      ? draft(scheduleEvents, "schedule.fired", schedule, { ...told, run_id: outcome.run_id })
      : outcome.status === "failed"
        ? draft(scheduleEvents, "schedule.failed", schedule, {
            ...told,
            reason: outcome.reason,
            consecutive_failures: failures,
          })
        : draft(scheduleEvents, "schedule.skipped", schedule, { ...told, reason: outcome.reason });
  const paused = draft(scheduleEvents, "schedule.paused", schedule, {
    ...about,
    reason: "failures",
    consecutive_failures: failures,
  });
  return {
    writes: [
      writes.put(scheduleStateItem, next, { equals: { version: state.version } }, lostRace),
      standing,
      writes.create(scheduleFiringItem, firing, lostRace),
      ...(occurrence.kind === "event" ? [] : [dueWrite(table, id, next.next_at)]),
    ],
    events: pauses && !completes ? [event, paused] : [event],
  };
}
