import * as z from "zod";
import type { Envelope } from "../../shared/change/events.ts";
import { updateWithRetry } from "../../shared/change/update.ts";
import { addSeconds, timestamp } from "../../shared/clock.ts";
import type { Due } from "../../shared/due/item.ts";
import { removals, removeAll } from "../../shared/dynamo/removals.ts";
import type { Table, TenantTable } from "../../shared/dynamo/table.ts";
import { conditionHolds } from "../../shared/expressions/holds.ts";
import type { Json } from "../../shared/expressions/json.ts";
import { type Organization, organizationItem } from "../../shared/identity/items.ts";
import { derivedId } from "../../shared/ids.ts";
import type { ScheduleDeps } from "./deps.ts";
import { asNext, fire, skip, startsNothing } from "./firing/fire.ts";
import { MISSED_AFTER_SECONDS, MOST_CHAINED, MOST_PER_MINUTE, type Schedule } from "./model.ts";
import { nextOf } from "./rules/occurrences.ts";
import { readSchedule, scheduleChainItem, scheduleFiringItem, scheduleListenerItem } from "./store.ts";

/** A schedule of an organization that is suspended or deleted is looked at again after this. */
const STOPPED_LOOK_SECONDS = 600;

/**
 * `schedule`: the next time of a schedule has come. What is paused, changed or done meanwhile is left alone; what was
 * missed while nobody looked, or while the organization was suspended, is skipped or made up for once, as the schedule says.
 * @returns when it comes next
 */
export function comesDue({ tenant, ref }: Due, deps: ScheduleDeps): Promise<Date | undefined> {
  const table = deps.table.of(tenant);
  return updateWithRetry(undefined, async () => {
    const [whole, organization] = await Promise.all([readSchedule(table, ref), table.get(organizationItem, {})]);
    if (whole?.schedule.status !== "active" || whole.state.next_at === null || organization === undefined)
      return undefined;
    const { schedule, state, input } = whole;
    const at = deps.clock.now();
    const due = new Date(whole.state.next_at);
    if (due > at) return due;
    if (organization.status !== "active") return addSeconds(at, STOPPED_LOOK_SECONDS);
    const missed = addSeconds(due, MISSED_AFTER_SECONDS) < at;
    const next = nextOf(schedule.trigger, missed ? at : due);
    const occurrence = {
      id: derivedId("schedule_firing", due, [schedule.id, state.next_at ?? ""]),
      kind: schedule.trigger.kind,
      due_at: timestamp(due),
      event_id: null,
      next_at: asNext(next),
    };
    if (missed && schedule.missed === "skip") await skip(table, whole, { organization, occurrence, at }, "missed");
    else await fire(table, whole, { organization, occurrence, input, chain: [], at }, deps);
    return next;
  });
}

/** Every event: starts a run of each schedule that listens to it, once for each event. */
export async function listen(event: Envelope, deps: ScheduleDeps): Promise<void> {
  const table = deps.table.of(event.organization_id);
  const listeners: string[] = [];
  for await (const { schedule_id } of table.all(scheduleListenerItem, { of: { event_type: event.type } }))
    listeners.push(schedule_id);
  if (listeners.length === 0) return;
  const [organization, chain] = await table.table.batch([
    table.read(organizationItem, {}),
    table.read(scheduleChainItem, { trace_id: event.trace_id }),
  ]);
  if (organization?.status !== "active") return;
  const before = chain?.schedules ?? [];
  if (before.length >= MOST_CHAINED) return;
  for (const id of listeners)
    if (!before.includes(id)) await react(table, organization, id, [...before, id], event, deps);
}

function react(
  table: TenantTable,
  organization: Organization,
  id: string,
  chain: readonly string[],
  event: Envelope,
  deps: ScheduleDeps,
): Promise<void> {
  const due = new Date(event.occurred_at);
  const occurrence = {
    id: derivedId("schedule_firing", due, [id, event.id]),
    kind: "event",
    due_at: event.occurred_at,
    event_id: event.id,
    next_at: null,
  } as const;
  return updateWithRetry(undefined, async () => {
    const whole = await readSchedule(table, id);
    if (whole === undefined) return;
    const input = withEvent(whole.input, event);
    const concerned = await concerns(whole.schedule, event, input);
    if (concerned === false) return;
    if ((await table.get(scheduleFiringItem, { schedule_id: id, id: occurrence.id })) !== undefined) return;
    const at = deps.clock.now();
    const { minute, in_minute } = whole.state;
    const counted = minute === timestamp(at).slice(0, 16) ? in_minute : 0;
    // The first one that is left out is written down; a flood of events writes nothing more.
    if (counted > MOST_PER_MINUTE) return;
    if (counted === MOST_PER_MINUTE) return skip(table, whole, { organization, occurrence, at }, "rate_limited");
    if (concerned === undefined)
      return startsNothing(table, whole, { organization, occurrence, at }, { status: "failed", reason: tooCostly });
    return fire(table, whole, { organization, occurrence, input, chain, at }, deps);
  });
}

const tooCostly = {
  code: "condition_too_costly",
  message: "A pattern of the condition takes too long on the event. Write a simpler one.",
};

/** Whether the schedule is active, has been when the event happened, and its condition holds; undefined where that takes too long to say. */
async function concerns(
  { status, active_since, trigger }: Schedule,
  event: Envelope,
  input: Json,
): Promise<boolean | undefined> {
  if (status !== "active" || trigger.kind !== "event" || active_since > event.occurred_at) return false;
  if (!trigger.events.includes(event.type)) return false;
  if (trigger.condition === null) return true;
  const answer = await conditionHolds(trigger.condition, { input, run: { input } });
  return answer.ok ? answer.value : undefined;
}

const withEvent = (input: Json, event: Envelope): Json =>
  ({ ...(typeof input === "object" && !Array.isArray(input) ? input : {}), event }) as Json;

/** `schedule.deleted`: what became of its occurrences goes with it. */
export async function clear(event: Envelope, { table }: { readonly table: Table }): Promise<void> {
  const own = table.of(event.organization_id);
  const schedule_id = z.string().parse(event.data.schedule_id);
  await removeAll(own, removals(own, scheduleFiringItem, { schedule_id }));
}
