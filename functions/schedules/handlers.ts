import { userIdOf } from "../../shared/access/caller.ts";
import { draft } from "../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../shared/change/update.ts";
import { timestamp } from "../../shared/clock.ts";
import { lostRace } from "../../shared/dynamo/write.ts";
import { notFound, Problem } from "../../shared/errors.ts";
import type { Call, Handler } from "../../shared/http/call.ts";
import { ownerWrites } from "../../shared/identity/owned.ts";
import { newEtag, newId } from "../../shared/ids.ts";
import { giveQuota } from "../../shared/limits/quota.ts";
import { offsetAt } from "../../shared/zones.ts";
import { noTotals, summaryOf } from "../runs/model.ts";
import { LARGEST_START, newPosition, withPlace } from "../runs/public.ts";
import { budgetOf } from "../usage/public.ts";
import type { ScheduleDeps } from "./deps.ts";
import { scheduleEvents } from "./events.ts";
import { asNext } from "./firing/fire.ts";
import { aboutSchedule, firingOf } from "./firing/record.ts";
import { prepare } from "./firing/starting.ts";
import { type Schedule, type ScheduleState, scheduleStates, viewOf } from "./model.ts";
import type { operations } from "./operations.ts";
import { nextOf, occurrencesOf } from "./rules/occurrences.ts";
import {
  dueWrite,
  listenerWrites,
  scheduleDue,
  scheduleFiringItem,
  scheduleInputItem,
  scheduleItem,
  scheduleStateItem,
} from "./store.ts";

export { create, update } from "./definition/handlers.ts";

type Ops = typeof operations;

export const list: Handler<Ops["list"], ScheduleDeps> = async ({ context, query }, { table }) => {
  const own = table.of(context.tenant);
  const { pipeline_id, ...paging } = query;
  const page = await own.page(scheduleItem, {
    ...paging,
    ...(pipeline_id === undefined ? { index: "gsi1", of: {} } : { index: "gsi2", of: { pipeline_id } }),
  });
  const states = await table.batch(page.items.map(({ id }) => own.read(scheduleStateItem, { schedule_id: id })));
  const items = page.items.flatMap((schedule, i) => {
    const state = states[i];
    return state === undefined ? [] : [viewOf(schedule, state)];
  });
  return { ...page, items };
};

export const get: Handler<Ops["get"], ScheduleDeps> = async (call) => {
  const { schedule, state, input } = await call.load();
  return { ...viewOf(schedule, state), input };
};

export const occurrences: Handler<Ops["occurrences"], ScheduleDeps> = async (call) => {
  const { trigger } = (await call.load()).schedule;
  const zone = trigger.kind === "cron" ? trigger.timezone : "UTC";
  const times = occurrencesOf(trigger, call.at, call.query.count);
  return { items: times.map((at) => ({ at: timestamp(at), local: shownAt(zone, at) })) };
};

/** What a clock of the zone shows, with how far it is ahead of UTC. */
function shownAt(zone: string, at: Date): string {
  const offset = offsetAt(zone, at.getTime());
  const minutes = Math.abs(Math.round(offset / 60_000));
  const two = (value: number) => String(value).padStart(2, "0");
  const shown = new Date(at.getTime() + offset).toISOString().slice(0, 19);
  return `${shown}${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

export const listFirings: Handler<Ops["listFirings"], ScheduleDeps> = async (call, { table }) => {
  const { schedule } = await call.load();
  const { limit, cursor } = call.query;
  const of = { schedule_id: schedule.id };
  return table.of(call.context.tenant).page(scheduleFiringItem, { of, limit, cursor, newest_first: true });
};

/** The schedule, its listeners and what is due go at once; the records of its occurrences follow, brought about by the event. */
export const remove: Handler<Ops["remove"], ScheduleDeps> = (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const own = table.of(call.context.tenant);
    const { schedule } = await call.load(how);
    requireMatch(call.if_match, schedule.etag);
    const { id, etag } = schedule;
    return call.commit(
      {
        writes: [
          own.writes.remove(scheduleItem, { id }, { equals: { etag } }, (old) =>
            old === undefined ? notFound() : lostRace(),
          ),
          own.writes.remove(scheduleStateItem, { schedule_id: id }, {}),
          own.writes.remove(scheduleInputItem, { schedule_id: id }, {}),
          ...listenerWrites(own, id, schedule.trigger, undefined),
          scheduleDue.clear(own, id),
          giveQuota(own, "schedules"),
          ...ownerWrites(own, { kind: "schedule", id }, schedule.owner_id, null),
        ],
        events: [draft(scheduleEvents, "schedule.deleted", schedule, aboutSchedule(schedule))],
      },
      undefined,
    );
  });

export const pause: Handler<Ops["pause"], ScheduleDeps> = (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const own = table.of(call.context.tenant);
    const { schedule, state, input } = await call.load(how);
    requireMatch(call.if_match, schedule.etag);
    if (!scheduleStates.allows(schedule.status, "paused")) throw scheduleStates.refusal(schedule.status, "paused");
    const next = changed(call, schedule, { status: "paused", paused_reason: "requested" });
    const idle: ScheduleState = { ...state, version: state.version + 1, next_at: null };
    const data = {
      ...aboutSchedule(next),
      reason: "requested",
      consecutive_failures: state.consecutive_failures,
    } as const;
    return call.commit(
      {
        writes: [
          own.writes.replace(scheduleItem, next, schedule.etag),
          own.writes.put(scheduleStateItem, idle, { equals: { version: state.version } }, lostRace),
          scheduleDue.clear(own, schedule.id),
        ],
        events: [draft(scheduleEvents, "schedule.paused", schedule, data)],
      },
      { ...viewOf(next, idle), input },
    );
  });

export const resume: Handler<Ops["resume"], ScheduleDeps> = (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const own = table.of(call.context.tenant);
    const { schedule, state, input } = await call.load(how);
    requireMatch(call.if_match, schedule.etag);
    if (!scheduleStates.allows(schedule.status, "active")) throw scheduleStates.refusal(schedule.status, "active");
    const next_at = asNext(nextOf(schedule.trigger, call.at));
    if (next_at === null && schedule.trigger.kind !== "event")
      throw new Problem("conflict", "Its time has passed. Change its trigger first.");
    const owner_id = userIdOf(call.context.actor) ?? schedule.owner_id;
    const begins = { status: "active", paused_reason: null, active_since: timestamp(call.at), owner_id } as const;
    const next = changed(call, schedule, begins);
    const fresh: ScheduleState = { ...state, version: state.version + 1, next_at, consecutive_failures: 0 };
    return call.commit(
      {
        writes: [
          own.writes.replace(scheduleItem, next, schedule.etag),
          own.writes.put(scheduleStateItem, fresh, { equals: { version: state.version } }, lostRace),
          dueWrite(own, schedule.id, next_at),
          ...ownerWrites(own, { kind: "schedule", id: schedule.id }, schedule.owner_id, owner_id, "proved"),
        ],
        events: [draft(scheduleEvents, "schedule.resumed", schedule, aboutSchedule(next))],
      },
      { ...viewOf(next, fresh), input },
    );
  });

/** Items of a run that is started by hand at most: the start, the pipeline's check, state, record, event, audit entry, stored answer. */
const LARGEST_RUN = LARGEST_START + 6;

export const run: Handler<Ops["run"], ScheduleDeps> = async (call, deps) => {
  const { context, caller, at } = call;
  const own = deps.table.of(context.tenant);
  const { schedule, input } = await call.load();
  const { organization, principal } = caller;
  const starter = { principal, organization, at, trace: call.trace };
  const given = schedule.trigger.kind === "event" ? { ...(input as object), event: null } : input;
  const starting = await prepare(own, deps, schedule, given, starter);
  const run_id = starting().run.id;
  const id = newId("schedule_firing", at);
  const due_at = timestamp(at);
  const occurrence = { id, kind: "manual", due_at, event_id: null, next_at: null } as const;
  const firing = firingOf(schedule, occurrence, { status: "fired", run_id }, at);
  const told = { ...aboutSchedule(schedule), firing_id: id, kind: "manual", due_at, event_id: null, run_id } as const;
  return withPlace(async (waiting_for) => {
    const started = starting(waiting_for);
    const queue = waiting_for === undefined ? null : await newPosition(own, started.run, waiting_for);
    return call.commit(
      {
        writes: [
          own.writes.create(scheduleFiringItem, firing),
          own.writes.update(
            scheduleStateItem,
            { schedule_id: schedule.id },
            { set: { last_fired_at: due_at, last_run_id: run_id }, add: { version: 1 } },
          ),
          ...started.writes,
        ],
        events: [started.event, draft(scheduleEvents, "schedule.fired", schedule, told)],
        largest: LARGEST_RUN,
      },
      {
        ...summaryOf(started.run, noTotals),
        budget: budgetOf(started.run.budget, undefined),
        queue,
        input: given,
        output: null,
      },
    );
  });
};

/** The schedule after a change. */
const changed = (call: Pick<Call<Ops["pause"]>, "at">, schedule: Schedule, change: Partial<Schedule>): Schedule => ({
  ...schedule,
  ...change,
  updated_at: timestamp(call.at),
  etag: newEtag(call.at),
});
