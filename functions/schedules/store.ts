import * as z from "zod";
import { defineDue } from "../../shared/due/due.ts";
import { readFamily } from "../../shared/dynamo/family.ts";
import { defineItem, type ItemOf, primaryKey } from "../../shared/dynamo/item.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import type { Write } from "../../shared/dynamo/write.ts";
import type { Json } from "../../shared/expressions/json.ts";
import { defineResource, type Target } from "../../shared/http/resource.ts";
import { idSchema } from "../../shared/ids.ts";
import { pipelineResource } from "../pipelines/resources.ts";
import { firingSchema, type Schedule, type ScheduleState, scheduleSchema, stateSchema, type Trigger } from "./model.ts";

export const scheduleItem = defineItem({
  type: "schedule",
  summary: "What starts runs of a pipeline by itself: by a cron expression, once, or by events.",
  schema: scheduleSchema,
  key: { pk: "SCHEDULE#{id}", sk: "SCHEDULE" },
  indexes: {
    gsi1: { pk: "SCHEDULES", sk: "{id}" },
    gsi2: { pk: "SCHEDULES_OF#{pipeline_id}", sk: "{id}" },
  },
  json: ["metadata", "trigger"],
});

export const scheduleStateItem = defineItem({
  type: "schedule_state",
  summary: "What the firings of one schedule change: when it comes next, its failures in a row, its last run.",
  schema: stateSchema,
  key: { pk: "SCHEDULE#{schedule_id}", sk: "SCHEDULE#STATE" },
});

export const scheduleInputItem = defineItem({
  type: "schedule_input",
  summary: "The input of a schedule's runs; apart, because lists do not show it.",
  schema: z.object({ schedule_id: idSchema("schedule"), input: z.unknown() }),
  key: { pk: "SCHEDULE#{schedule_id}", sk: "SCHEDULE#INPUT" },
  json: ["input"],
});

export const scheduleListenerItem = defineItem({
  type: "schedule_listener",
  summary: "One type of event that a schedule listens to, found by the type.",
  schema: z.object({ event_type: z.string(), schedule_id: idSchema("schedule") }),
  key: { pk: "SCHEDULE_LISTENERS#{event_type}", sk: "{schedule_id}" },
});

export const scheduleFiringItem = defineItem({
  type: "schedule_firing",
  summary: "One occurrence of a schedule, and what became of it; its id follows from the occurrence.",
  schema: firingSchema.extend({ expires_at: z.string() }),
  key: { pk: "SCHEDULE#{schedule_id}", sk: "FIRING#{id}" },
  expires: "expires_at",
});
export type Firing = ItemOf<typeof scheduleFiringItem>;

export const scheduleChainItem = defineItem({
  type: "schedule_chain",
  summary: "Which schedules led to a run by events, found by the run's trace: none of them starts another in it.",
  schema: z.object({ trace_id: z.string(), schedules: z.array(idSchema("schedule")), expires_at: z.string() }),
  key: { pk: "SCHEDULE_CHAIN#{trace_id}", sk: "SCHEDULE_CHAIN" },
  expires: "expires_at",
});

/** The next occurrence of a schedule, from its making to its end; none while it is paused or waits for events. */
export const scheduleDue = defineDue("schedule");

/** A schedule with what its firings changed, and the input of its runs. */
export interface WholeSchedule {
  readonly schedule: Schedule;
  readonly state: ScheduleState;
  readonly input: Json;
}

/** One strongly consistent query. */
export async function readSchedule(table: TenantTable, id: string): Promise<WholeSchedule | undefined> {
  const { pk, sk } = primaryKey(scheduleItem, table.tenant, { id });
  const kinds = { schedules: scheduleItem, states: scheduleStateItem, inputs: scheduleInputItem };
  const { schedules, states, inputs } = await readFamily(table, { pk, from: sk, to: sk }, kinds);
  const [schedule] = schedules;
  const [state] = states;
  if (schedule === undefined || state === undefined) return undefined;
  return { schedule, state, input: (inputs[0]?.input ?? null) as Json };
}

/** What a schedule starts runs of. */
export const scheduled = ({ pipeline_id }: Pick<Schedule, "pipeline_id">): Target => ({
  resource: pipelineResource,
  path: { pipeline_id },
});

/** What a list of schedules is narrowed to. */
export const scheduledIn = ({ pipeline_id }: { readonly pipeline_id?: string | undefined }): readonly Target[] =>
  pipeline_id === undefined ? [] : [scheduled({ pipeline_id })];

export const scheduleResource = defineResource({
  type: "schedule",
  path: ["schedule_id"],
  read: ({ table, path }) => readSchedule(table, String(path.schedule_id)),
  subject: ({ schedule }) => schedule,
  target: ({ schedule }) => scheduled(schedule),
});

const typesOf = (trigger: Trigger | undefined): readonly string[] => (trigger?.kind === "event" ? trigger.events : []);

/** Types that are new or gone; those that stay are not touched. */
export function listenerWrites(
  { writes }: TenantTable,
  schedule_id: string,
  before: Trigger | undefined,
  after: Trigger | undefined,
): Write[] {
  const [old, now] = [typesOf(before), typesOf(after)];
  return [
    ...now
      .filter((event_type) => !old.includes(event_type))
      .map((event_type) => writes.put(scheduleListenerItem, { event_type, schedule_id })),
    ...old
      .filter((event_type) => !now.includes(event_type))
      .map((event_type) => writes.remove(scheduleListenerItem, { event_type, schedule_id }, {})),
  ];
}

/** When the schedule is looked at: at its next time, if it has one. */
export const dueWrite = (table: TenantTable, id: string, next_at: string | null): Write =>
  next_at === null ? scheduleDue.clear(table, id) : scheduleDue.set(table, id, new Date(next_at));
