import { randomBytes } from "node:crypto";
import * as z from "zod";
import { addSeconds, epochSeconds, timestamp } from "../clock.ts";
import { defineItem, fromStored, type ItemOf, primaryKey } from "../dynamo/item.ts";
import type { TenantTable } from "../dynamo/table.ts";
import type { Write } from "../dynamo/write.ts";
import { Problem } from "../errors.ts";
import { certainlyOver, free, slotOf, toTakeOut, type Window } from "./window.ts";

/**
 * What a subject has been admitted, by slots of time (`s<slot in base 36>`), and in this month where a plan limits that.
 * Below 1 KB at the most slots that there can be, so each write is one unit. One item takes about 1,000 writes a second;
 * where a limit is large its requests come in slices, so there are far fewer.
 */
export const rateItem = defineItem({
  type: "rate_counter",
  summary: "Requests of a subject by slots of 2.5 seconds, as far as they count; an organization's also in this month.",
  schema: z.looseObject({
    subject: z.string(),
    epoch: z.string(),
    total: z.int(),
    month: z.string().optional(),
    calls: z.int().optional(),
    expires_at: z.string(),
  }),
  key: { pk: "RATE#{subject}", sk: "RATE" },
  expires: "expires_at",
});
type Stored = ItemOf<typeof rateItem>;

/** A counter as it was seen last. */
export interface RateCounter extends Window {
  readonly month?: string | undefined;
  readonly calls?: number | undefined;
}

/** Under which name an organization's own requests are counted, in its own partition. */
export const WHOLE_ORGANIZATION = "organization";

const KEPT_SECONDS = 3_600;
/** A month's count outlives the month. */
const MONTH_KEPT_SECONDS = 40 * 86_400;
/** Others may write between two tries; each try begins from what they wrote. */
const TRIES = 12;

/** A reservation whose time is over, and what became of it. */
export interface Settlement {
  /** The last slot of its time, in which all of it was counted. */
  readonly last: number;
  readonly reserved: number;
  /** What was used of it, by slot. */
  readonly used: ReadonlyMap<number, number>;
}

export interface Wanted {
  readonly subject: string;
  readonly count: number;
  /** The last slot in which it will be used: the present one, or one ahead for what is kept. */
  readonly until: number;
  /** Requests a minute. */
  readonly limit: number;
  /** Requests a month, where they are counted. */
  readonly monthly?: number;
  /** What was reserved before, if it may still be settled. */
  readonly settle?: Settlement | undefined;
  /** Calls of a month that were reserved and not used. */
  readonly unused?: { readonly count: number; readonly month: string } | undefined;
}

export interface Reserved {
  /** As many as were wanted, or what is left; 0 when nothing is, or others take the last of it all the time. */
  readonly count: number;
  /** Undefined while nobody has counted anything. */
  readonly counter: RateCounter | undefined;
}

/** Another machine's write came first, or there is less left than this one knew. */
class Overtaken extends Problem {
  readonly stored: Stored | undefined;
  constructor(old: Record<string, unknown> | undefined) {
    super("conflict", "The counter has moved.");
    this.stored = old === undefined ? undefined : fromStored(rateItem, old);
  }
}

const attributeOf = (slot: number): string => `s${slot.toString(36)}`;

/** A stored counter, seen now. */
export function counterOf(stored: Stored, now: Date): RateCounter {
  const slots = new Map<number, number>();
  for (const [name, count] of Object.entries(stored))
    if (/^s[0-9a-z]{5,8}$/.test(name) && typeof count === "number")
      slots.set(Number.parseInt(name.slice(1), 36), count);
  const { epoch, total, month, calls } = stored;
  return { epoch, total, slots, seen: slotOf(now), month, calls };
}

const monthOf = (now: Date): string => timestamp(now).slice(0, 7);

/** The month that is counted in: never one before that of the counter, which a machine whose clock is ahead has begun. */
const countedMonth = (counter: Pick<RateCounter, "month"> | undefined, now: Date): string => {
  const month = monthOf(now);
  return counter?.month !== undefined && counter.month > month ? counter.month : month;
};

/** What a counter says of this month. */
export const callsIn = (counter: Pick<RateCounter, "month" | "calls"> | undefined, now: Date): number =>
  counter?.month === countedMonth(counter, now) ? (counter.calls ?? 0) : 0;

/**
 * Reserves requests against a limit a minute, and one a month, by one conditional write: machines that race never
 * reserve more than the limit together. What was reserved before is settled with the same write.
 * @param known the counter as it was seen last; where it was seen in this slot and says that nothing is left, nothing is asked
 * @throws AnswerLost where it is not known whether something was settled: it is settled no more then
 */
export async function reserve(
  table: TenantTable,
  wanted: Wanted,
  known: RateCounter | undefined,
  now: Date,
): Promise<Reserved> {
  let counter = known;
  let fresh = known?.seen === slotOf(now);
  for (let tries = 0; tries < TRIES; tries++) {
    const count = countOf(wanted, counter, now);
    // What was seen a while ago may leave nothing where others have given back since: then one is asked for.
    if (count === 0 && fresh) return { count, counter };
    const write = writeOf(table, { ...wanted, count: Math.max(1, count) }, counter, now);
    try {
      const stored = await table.apply(rateItem, write);
      return { count: Math.max(1, count), counter: counterOf(stored, now) };
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
      counter = error.stored === undefined ? undefined : counterOf(error.stored, now);
      fresh = true;
    }
  }
  return { count: 0, counter };
}

/** What of a settled reservation is given back. */
const givenBack = ({ settle }: Wanted): number =>
  settle === undefined ? 0 : settle.reserved - settle.used.values().reduce((all, count) => all + count, 0);

/** How many of those wanted there are. */
function countOf(wanted: Wanted, counter: RateCounter | undefined, now: Date): number {
  const { count, limit, monthly = Infinity, unused } = wanted;
  const returned = unused?.month === countedMonth(counter, now) ? unused.count : 0;
  const calls = Math.max(0, callsIn(counter, now) - returned);
  return Math.min(count, free(counter, limit, now, givenBack(wanted)), Math.max(0, monthly - calls));
}

/**
 * The write of a reservation. It adds on condition that enough is left, so of many at once only those fail that do not
 * fit. Enough is left while the sum of all slots, over or not, is below the limit; or below the limit and what is
 * certainly over of that sum, if no slot has been taken out since it was seen.
 */
function writeOf(table: TenantTable, wanted: Wanted, counter: RateCounter | undefined, now: Date): Write {
  const { subject, count, until, limit, monthly, settle } = wanted;
  const adds = new Map<number, number>();
  const add = (slot: number, some: number) => adds.set(slot, (adds.get(slot) ?? 0) + some);
  add(until, count);
  if (settle !== undefined) {
    add(settle.last, -settle.reserved);
    for (const [slot, some] of settle.used) add(slot, some);
  }
  const delta = count - givenBack(wanted);
  const gone = counter === undefined ? [] : toTakeOut(counter, now);
  const lost = gone.reduce((all, slot) => all + (counter?.slots.get(slot) ?? 0), 0);
  const expires_at = timestamp(addSeconds(now, monthly === undefined ? KEPT_SECONDS : MONTH_KEPT_SECONDS));
  const names: Record<string, string> = { "#subject": "subject", "#epoch": "epoch", "#total": "total" };
  const values: Record<string, unknown> = {
    ":subject": subject,
    ":epoch": epochAt(now),
    ":delta": delta - lost,
    ":expires_at": expires_at,
    ":ttl": epochSeconds(new Date(expires_at)),
  };
  const set = ["#subject = :subject", "#expires_at = :expires_at", "#ttl = :ttl"];
  Object.assign(names, { "#expires_at": "expires_at", "#ttl": "ttl" });
  set.push(gone.length > 0 ? "#epoch = :epoch" : "#epoch = if_not_exists(#epoch, :epoch)");
  const adding = ["#total :delta"];
  for (const [slot, some] of adds) {
    if (some === 0) continue;
    const attribute = attributeOf(slot);
    Object.assign(names, { [`#${attribute}`]: attribute });
    Object.assign(values, { [`:${attribute}`]: some });
    adding.push(`#${attribute} :${attribute}`);
  }
  const removing = gone.map((slot) => {
    const attribute = attributeOf(slot);
    Object.assign(names, { [`#${attribute}`]: attribute });
    return `#${attribute}`;
  });
  const enough: string[] = [];
  if (gone.length === 0) {
    values[":low"] = limit - delta;
    enough.push("attribute_not_exists(#total)", "#total <= :low");
  }
  if (counter !== undefined) {
    Object.assign(values, { ":seen": counter.epoch, ":most": limit + certainlyOver(counter, now) - delta });
    enough.push(enough.length === 0 ? "#epoch = :seen AND #total <= :most" : "(#epoch = :seen AND #total <= :most)");
  }
  const under = [enough.length === 1 ? enough.join() : `(${enough.join(" OR ")})`];
  if (monthly !== undefined) countMonth();
  return {
    type: rateItem.type,
    // What is reserved twice does less harm than a refusal because an answer was lost. What is settled twice is given back twice.
    lost: settle === undefined && wanted.unused === undefined ? "decide" : "tell",
    item: {
      Update: {
        TableName: table.table.name,
        Key: primaryKey(rateItem, table.tenant, { subject }),
        UpdateExpression: [
          `SET ${set.join(", ")}`,
          `ADD ${adding.join(", ")}`,
          ...(removing.length === 0 ? [] : [`REMOVE ${removing.join(", ")}`]),
        ].join(" "),
        ConditionExpression: under.join(" AND "),
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: values,
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      },
    },
    refuse: (old) => new Overtaken(old),
  };

  /** In a month that has begun calls are added; the first write of a month begins it, if nobody has. */
  function countMonth(): void {
    const month = countedMonth(counter, now);
    Object.assign(names, { "#month": "month", "#calls": "calls" });
    const returned = wanted.unused?.month === month ? wanted.unused.count : 0;
    const calls = count - returned;
    values[":month"] = month;
    if (counter?.month !== undefined && counter.month !== month) {
      Object.assign(values, { ":calls": count, ":last_month": counter.month });
      set.push("#month = :month", "#calls = :calls");
      under.push("#month = :last_month");
      return;
    }
    Object.assign(values, {
      ":calls": calls,
      ":calls_most": Math.min(Number.MAX_SAFE_INTEGER, (monthly ?? Infinity) - calls),
    });
    set.push("#month = :month");
    adding.push("#calls :calls");
    under.push("(attribute_not_exists(#month) OR (#month = :month AND #calls <= :calls_most))");
  }
}

/** Of no two times the same, also of those at which an item is made anew that had ended. */
const epochAt = (now: Date): string => `${slotOf(now).toString(36)}${randomBytes(4).toString("base64url")}`;
