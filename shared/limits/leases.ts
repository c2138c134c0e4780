import * as z from "zod";
import { addSeconds, timestamp } from "../clock.ts";
import { defineItem, type ItemOf } from "../dynamo/item.ts";
import { unavailable } from "../dynamo/retry.ts";
import type { TenantTable } from "../dynamo/table.ts";
import { Problem } from "../errors.ts";
import type { Organization } from "../identity/items.ts";
import type { Log } from "../observability/log.ts";
import { type PlanLimits, plans, UNLIMITED } from "./plans.ts";

/*
 * Places that are held for a while by what no transaction ends: a stream that is read, an upload that is under way. Each
 * is given back when that ends, and by itself when its time is over, so that a crash leaks none. One small item counts
 * them all, and those of each minute in which their time is over: what is overdue is taken off when there is no place.
 */

/** What a plan limits by leases. */
export type LeasedResource = keyof Pick<PlanLimits, "streams" | "uploads">;

/** Taken and given back by one conditional addition each; one item takes some 1,000 a second. */
export const leaseItem = defineItem({
  type: "lease_count",
  summary: "How many leases of a resource are held, in all and by the minute (`until_<minute>`) that ends them.",
  schema: z.looseObject({ resource: z.string(), held: z.int(), expires_at: z.string() }),
  key: { pk: "LEASES", sk: "{resource}" },
  expires: "expires_at",
});
type Leases = ItemOf<typeof leaseItem>;

/** No lease is longer. */
const LONGEST_SECONDS = 2 * 3_600;
const MINUTE_MS = 60_000;
/** How often overdue leases are taken off before one is told that there is no place; others may do so too. */
const TRIES = 8;

/** The attribute that counts leases of a minute: `until_202605011005`. */
const minuteOf = (until: Date): string => `until_${timestamp(until).slice(0, 16).replaceAll(/\D/g, "")}`;

/** Whether the minute has passed; undefined for attributes that are none. */
function passed(attribute: string, now: Date): boolean | undefined {
  const [, ...parts] = /^until_(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(attribute) ?? [];
  if (parts.length === 0) return undefined;
  const [year = 0, month = 0, day, hour, minute] = parts.map(Number);
  return Date.UTC(year, month - 1, day, hour, minute) + MINUTE_MS <= now.getTime();
}

const countedBy = (leases: Leases, now: Date, over: boolean): [string, number][] =>
  Object.entries(leases).filter(([name]) => passed(name, now) === over) as [string, number][];

const sum = (counts: readonly [string, number][]): number => counts.reduce((all, [, count]) => all + count, 0);

/** How many are held at this time. */
export const held = (leases: Leases | undefined, now: Date): number =>
  leases === undefined ? 0 : sum(countedBy(leases, now, false));

/** There is no place, by what is counted. */
class Full extends Problem {
  readonly leases: Leases | undefined;
  constructor(leases: Leases | undefined) {
    super("conflict", "Every place is taken.");
    this.leases = leases;
  }
}

/** Somebody else has counted in between. */
class Moved extends Problem {
  constructor() {
    super("conflict", "The count of leases has changed.");
  }
}

const unlessMoved = (error: unknown): void => {
  if (!(error instanceof Moved)) throw error;
};

/** Takes off leases whose time is over, if they are counted as they were seen. */
async function forget(table: TenantTable, resource: LeasedResource, over: readonly [string, number][]): Promise<void> {
  const change = { add: { held: -sum(over) }, remove: over.map(([name]) => name) };
  const seen = { equals: Object.fromEntries(over) };
  await table
    .apply(
      leaseItem,
      table.writes.update(leaseItem, { resource }, change, seen, () => new Moved()),
    )
    .catch(unlessMoved);
}

/** A place that is held; `give` gives it back and may be called once. */
export interface Lease {
  give(): Promise<void>;
}

/**
 * Takes a place for at most so many seconds; parallel callers cannot pass the limit together.
 * @throws Problem `quota_exceeded` (402) naming the limit and the usage
 */
export async function takeLease(
  table: TenantTable,
  plan: Organization["plan"],
  resource: LeasedResource,
  seconds: number,
  clock: () => Date,
): Promise<Lease> {
  const limit = plans[plan][resource];
  const now = clock();
  const until = addSeconds(now, seconds);
  const write = table.writes.update(
    leaseItem,
    { resource },
    {
      set: { resource, expires_at: timestamp(addSeconds(now, LONGEST_SECONDS)) },
      add: { held: 1, [minuteOf(until)]: 1 },
    },
    limit === UNLIMITED ? {} : { any: [{ absent: ["held"] }, { below: { held: limit } }] },
    (old) => new Full(old),
  );
  for (let attempt = 1; ; attempt++) {
    try {
      // One that is counted twice because an answer was lost is free again when its time is over.
      await table.apply(leaseItem, { ...write, lost: "decide" });
      return { give: () => giveLease(table, resource, until, clock()) };
    } catch (error) {
      if (!(error instanceof Full)) throw error;
      const over = error.leases === undefined ? [] : countedBy(error.leases, now, true);
      if (over.length === 0) throw noPlace(plan, resource, limit, error.leases?.held ?? limit);
      if (attempt === TRIES) throw unavailable(error);
      await forget(table, resource, over);
    }
  }
}

const noPlace = (plan: Organization["plan"], resource: LeasedResource, limit: number, usage: number): Problem =>
  new Problem(
    "quota_exceeded",
    `The plan ${plan} has room for ${limit} ${resource} at a time; ${usage} are open. Wait until one ends, or change the plan.`,
    { members: { resource, limit, usage } },
  );

/** Gives a place back whose time would be over at `until`; nothing happens when it is over already. */
export async function giveLease(table: TenantTable, resource: LeasedResource, until: Date, now: Date): Promise<void> {
  const minute = minuteOf(until);
  if (passed(minute, now) === true) return;
  const change = { add: { held: -1, [minute]: -1 } };
  const write = table.writes.update(leaseItem, { resource }, change, { at_least: { [minute]: 1 } }, () => new Moved());
  await table.apply(leaseItem, write).catch(unlessMoved);
}

/** Does what a lease was taken for; gives it back when that fails. */
export async function holding<T>(lease: Lease, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await lease.give().catch(() => undefined);
    throw error;
  }
}

/** The pieces of a source for which a lease is held: given back when the source ends, fails or is read no more. */
export async function* leased<T>(lease: Lease, source: AsyncIterable<T>, log: Log): AsyncGenerator<T> {
  try {
    yield* source;
  } finally {
    // A place that cannot be given back is free again when its time is over.
    await lease.give().catch((error: unknown) => log.error("lease.kept", error));
  }
}
