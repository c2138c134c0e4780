import * as z from "zod";
import { addSeconds, epochSeconds, timestamp } from "../clock.ts";
import { defineItem, fromStored, type ItemOf, primaryKey } from "../dynamo/item.ts";
import { unavailable } from "../dynamo/retry.ts";
import type { TenantTable } from "../dynamo/table.ts";
import type { Write } from "../dynamo/write.ts";
import { Problem } from "../errors.ts";
import { carried, free, MINUTE_MS, minuteOf, rolled } from "./window.ts";

/**
 * What a subject has been admitted in this minute and the last, and in this month where a plan limits that. One item
 * takes about 1,000 writes a second; where a limit is large its requests come in slices, so there are far fewer.
 */
export const rateItem = defineItem({
  type: "rate_counter",
  summary: "Requests of a subject in this minute and the last; an organization's also in this month.",
  schema: z.object({
    subject: z.string(),
    minute: z.int(),
    current: z.int(),
    previous: z.int(),
    month: z.string().optional(),
    calls: z.int().optional(),
    expires_at: z.string(),
  }),
  key: { pk: "RATE#{subject}", sk: "RATE" },
  expires: "expires_at",
});
export type RateCounter = ItemOf<typeof rateItem>;

/** Under which name an organization's own requests are counted, in its own partition. */
export const WHOLE_ORGANIZATION = "organization";

const KEPT_SECONDS = 3_600;
/** A month's count outlives the month. */
const MONTH_KEPT_SECONDS = 40 * 86_400;
/** Others may write between two tries; each try begins from what they wrote. */
const TRIES = 12;

export interface Wanted {
  readonly subject: string;
  readonly count: number;
  /** Requests a minute. */
  readonly limit: number;
  /** Requests a month, where they are counted. */
  readonly monthly?: number;
  /** What was reserved before and not used, and in which minute and month that was. */
  readonly unused?: { readonly count: number; readonly minute: number; readonly month: string };
}

export interface Reserved {
  /** As many as were wanted, or what is left; 0 when nothing is. */
  readonly count: number;
  readonly counter: RateCounter;
}

/** Another machine's write came first. */
class Overtaken extends Problem {
  readonly counter: RateCounter | undefined;
  constructor(old: Record<string, unknown> | undefined) {
    super("conflict", "The counter has moved.");
    this.counter = old === undefined ? undefined : fromStored(rateItem, old);
  }
}

/**
 * Reserves requests against a limit a minute, and one a month, by one conditional write: machines that race never
 * reserve more than the limit together. What was left unused is given back with the same write.
 * @param known the counter as it was seen last; where that says that nothing is left, nothing is asked
 */
export async function reserve(
  table: TenantTable,
  wanted: Wanted,
  known: RateCounter | undefined,
  now: Date,
): Promise<Reserved> {
  let seen = known;
  for (let tries = 0; tries < TRIES; tries++) {
    const next = nextOf(seen, wanted, now);
    if (next.count === 0) return { count: 0, counter: next.counter };
    try {
      return { count: next.count, counter: await table.apply(rateItem, writeOf(table, seen, next, wanted, now)) };
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
      seen = error.counter;
    }
  }
  throw unavailable(new Error(`the counter of ${wanted.subject} moves all the time`));
}

const monthOf = (now: Date): string => timestamp(now).slice(0, 7);

/** What a counter says of this month. */
export const callsIn = (counter: RateCounter | undefined, now: Date): number =>
  counter?.month === monthOf(now) ? (counter.calls ?? 0) : 0;

/** What the counter would be after the reservation, if it is still as it was seen. */
function nextOf(seen: RateCounter | undefined, wanted: Wanted, now: Date): Reserved {
  const month = monthOf(now);
  const window = rolled(seen ?? { minute: minuteOf(now), current: 0, previous: 0 }, minuteOf(now));
  const { unused } = wanted;
  const returned = unused?.minute === window.minute - 1 ? Math.min(window.previous, unused.count) : 0;
  const spent = callsIn(seen, now);
  const calls = Math.max(0, spent - (unused?.month === month ? unused.count : 0));
  const past = { ...window, previous: window.previous - returned };
  const count = Math.min(
    wanted.count,
    free(past, wanted.limit, now),
    Math.max(0, (wanted.monthly ?? Infinity) - calls),
  );
  const kept = wanted.monthly === undefined ? KEPT_SECONDS : MONTH_KEPT_SECONDS;
  return {
    count,
    counter: {
      ...past,
      subject: wanted.subject,
      current: past.current + count,
      ...(wanted.monthly === undefined ? {} : { month, calls: calls + count }),
      expires_at: timestamp(addSeconds(new Date(window.minute * MINUTE_MS), kept)),
    },
  };
}

/**
 * The write of a reservation. In a minute that has begun it adds, on condition that enough is left; so of many at once
 * only those fail that do not fit. The first write of a minute replaces the counter that was seen.
 */
function writeOf(
  table: TenantTable,
  seen: RateCounter | undefined,
  { count, counter }: Reserved,
  { subject, limit, monthly }: Wanted,
  now: Date,
): Write {
  const { minute, previous, month, calls, expires_at } = counter;
  const values: Record<string, unknown> = { ":minute": minute, ":previous": previous, ":subject": subject };
  const set = ["#subject = :subject", "#minute = :minute", "#previous = :previous"];
  const under = ["#minute = :minute"];
  Object.assign(values, { ":expires_at": expires_at, ":ttl": epochSeconds(new Date(expires_at)) });
  set.push("#expires_at = :expires_at", "#ttl = :ttl");
  const adds = seen === undefined || (seen.minute === minute && seen.month === month);
  if (adds) {
    const before = calls === undefined ? 0 : calls - count - (seen?.calls ?? 0);
    Object.assign(values, { ":count": count, ":most": limit - carried(counter, now) - count });
    values[":seen"] = seen?.previous ?? 0;
    set.push(
      seen === undefined ? "#current = if_not_exists(#current, :none) + :count" : "#current = #current + :count",
    );
    if (seen === undefined) values[":none"] = 0;
    under.push("#previous = :seen", "#current <= :most");
    if (month !== undefined) {
      Object.assign(values, { ":month": month, ":calls": count + before });
      values[":none"] = 0;
      set.push("#month = :month", "#calls = if_not_exists(#calls, :none) + :calls");
      under.push("#month = :month", "#calls <= :calls_most");
      values[":calls_most"] = Math.min(Number.MAX_SAFE_INTEGER, (monthly ?? Infinity) - count - before);
    }
  } else {
    Object.assign(values, { ":current": counter.current, ":seen_minute": seen.minute, ":seen_current": seen.current });
    values[":seen"] = seen.previous;
    set.push("#current = :current");
    under.splice(0, 1, "#minute = :seen_minute", "#current = :seen_current", "#previous = :seen");
    if (month !== undefined) {
      Object.assign(values, { ":month": month, ":calls": calls });
      set.push("#month = :month", "#calls = :calls");
      if (seen.calls === undefined) under.push("attribute_not_exists(#calls)");
      else {
        values[":seen_calls"] = seen.calls;
        under.push("#calls = :seen_calls");
      }
    }
  }
  const condition = under.join(" AND ");
  const names = [...new Set(`${set.join(" ")} ${condition}`.match(/#\w+/g))].map((name) => [name, name.slice(1)]);
  return {
    type: rateItem.type,
    // What is reserved twice does less harm than a refusal because an answer was lost.
    lost: "decide",
    item: {
      Update: {
        TableName: table.table.name,
        Key: primaryKey(rateItem, table.tenant, { subject }),
        UpdateExpression: `SET ${set.join(", ")}`,
        ConditionExpression: seen === undefined ? `attribute_not_exists(#minute) OR (${condition})` : condition,
        ExpressionAttributeNames: Object.fromEntries(names),
        ExpressionAttributeValues: values,
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      },
    },
    refuse: (old) => new Overtaken(old),
  };
}
