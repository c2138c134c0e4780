import { userIdOf } from "../../../shared/access/caller.ts";
import { changedFields, draft } from "../../../shared/change/events.ts";
import { given, requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { badReference, Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { ownerWrites } from "../../../shared/identity/owned.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { takeQuota } from "../../../shared/limits/quota.ts";
import { pipelineStates, USABLE_PIPELINE } from "../../pipelines/model.ts";
import { pipelineItem } from "../../pipelines/public.ts";
import type { ScheduleDeps } from "../deps.ts";
import { scheduleEvents } from "../events.ts";
import { asNext } from "../firing/fire.ts";
import { aboutSchedule } from "../firing/record.ts";
import { type Schedule, type ScheduleState, type Trigger, viewOf } from "../model.ts";
import type { operations } from "../operations.ts";
import { nextOf } from "../rules/occurrences.ts";
import { dueWrite, listenerWrites, scheduleInputItem, scheduleItem, scheduleStateItem } from "../store.ts";

type Ops = typeof operations;

export const create: Handler<Ops["create"], ScheduleDeps> = async (call, { table }) => {
  const { context, at } = call;
  const now = timestamp(at);
  const own = table.of(context.tenant);
  const owner_id = userIdOf(context.actor);
  if (owner_id === undefined)
    throw new Problem("conflict", "The runs of a schedule act for a member: only one can make it.");
  const { input, ...body } = call.body;
  fits(body.trigger, input);
  const id = newId("schedule", at);
  const schedule: Schedule = {
    ...body,
    id,
    organization_id: context.tenant,
    status: "active",
    paused_reason: null,
    active_since: now,
    owner_id,
    created_by: context.actor.id,
    created_at: now,
    updated_at: now,
    etag: newEtag(at),
  };
  const next_at = firstTime(schedule.trigger, at);
  const state: ScheduleState = {
    schedule_id: id,
    version: 0,
    next_at,
    consecutive_failures: 0,
    last_fired_at: null,
    last_run_id: null,
    last_error: null,
    minute: "",
    in_minute: 0,
  };
  return call.commit(
    {
      writes: [
        takeQuota(own, call.caller.organization.plan, "schedules"),
        pipelineIsThere(own, schedule.pipeline_id),
        own.writes.create(scheduleItem, schedule),
        own.writes.create(scheduleStateItem, state),
        own.writes.create(scheduleInputItem, { schedule_id: id, input }),
        ...listenerWrites(own, id, undefined, schedule.trigger),
        ...(next_at === null ? [] : [dueWrite(own, id, next_at)]),
        ...ownerWrites(own, { kind: "schedule", id }, null, owner_id, "proved"),
      ],
      events: [draft(scheduleEvents, "schedule.created", schedule, aboutSchedule(schedule))],
    },
    { ...viewOf(schedule, state), input },
  );
};

export const update: Handler<Ops["update"], ScheduleDeps> = (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const { context, at } = call;
    const own = table.of(context.tenant);
    const { schedule, state, input: before } = await call.load(how);
    requireMatch(call.if_match, schedule.etag);
    const { input = before, ...body } = call.body;
    const retimed = body.trigger !== undefined;
    const owner_id = userIdOf(context.actor) ?? schedule.owner_id;
    const next: Schedule = {
      ...schedule,
      ...given(body),
      owner_id,
      // What happened before it listened is no concern of it.
      ...(retimed ? { active_since: timestamp(at) } : {}),
      updated_at: timestamp(at),
      etag: newEtag(at),
    };
    fits(next.trigger, input);
    const next_at = retimed && next.status === "active" ? firstTime(next.trigger, at) : null;
    const timed: ScheduleState = retimed ? { ...state, version: state.version + 1, next_at } : state;
    const { id } = schedule;
    const changes = [
      ...changedFields(schedule, next, { omit: ["active_since"], conceal: ["metadata"] }),
      ...(call.body.input === undefined ? [] : [{ field: "input" }]),
    ];
    const data = { ...aboutSchedule(next), changed_fields: changes.map(({ field }) => field) };
    return call.commit(
      {
        writes: [
          own.writes.replace(scheduleItem, next, schedule.etag),
          ...(call.body.input === undefined ? [] : [own.writes.put(scheduleInputItem, { schedule_id: id, input })]),
          ...(retimed
            ? [
                own.writes.put(scheduleStateItem, timed, { equals: { version: state.version } }, lostRace),
                dueWrite(own, id, next_at),
                ...listenerWrites(own, id, schedule.trigger, next.trigger),
              ]
            : []),
          ...ownerWrites(own, { kind: "schedule", id }, schedule.owner_id, owner_id, "proved"),
        ],
        events: [draft(scheduleEvents, "schedule.updated", next, data, { changes })],
      },
      { ...viewOf(next, timed), input },
    );
  });

/** @throws Problem `validation_failed` where the input has no place for the event */
function fits(trigger: Trigger, input: unknown): void {
  if (trigger.kind === "event" && (typeof input !== "object" || input === null || Array.isArray(input)))
    throw badReference("input", "must be an object where events start the runs, which find theirs in it as `event`");
}

/** When a trigger comes first. @throws Problem `validation_failed` where that is over */
function firstTime(trigger: Trigger, at: Date): string | null {
  const next = asNext(nextOf(trigger, at));
  if (next === null && trigger.kind === "once") throw badReference("trigger.at", "has passed");
  return next;
}

const pipelineIsThere = (own: TenantTable, id: string): Write =>
  own.writes.check(pipelineItem, { id }, { one_of: { status: USABLE_PIPELINE } }, (old) =>
    old === undefined ? badReference("pipeline_id") : pipelineStates.refusal(old.status, USABLE_PIPELINE),
  );
