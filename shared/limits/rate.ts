import * as z from "zod";
import { addSeconds, epochSeconds, timestamp } from "../clock.ts";
import { defineItem, primaryKey } from "../dynamo/item.ts";
import type { TenantTable } from "../dynamo/table.ts";
import { Problem } from "../errors.ts";

/**
 * Requests of one subject in one minute. One item takes about 1,000 writes a second; the largest limit of a plan is
 * 20,000 a minute (333 a second), so a single counter suffices.
 */
export const rateItem = defineItem({
  type: "rate_counter",
  summary: "Requests of a subject in a minute.",
  schema: z.object({ subject: z.string(), minute: z.string(), count: z.number().int(), expires_at: z.string() }),
  key: { pk: "RATE#{subject}", sk: "{minute}" },
  expires: "expires_at",
});

export interface RateState {
  readonly limit: number;
  readonly remaining: number;
  readonly reset_seconds: number;
}

const RETENTION_SECONDS = 3_600;
const MINUTE_MS = 60_000;

/** A minute as it stands in the key, and when its counters may go. */
interface Minute {
  readonly number: number;
  readonly minute: string;
  readonly expires_at: string;
  readonly ttl: number;
}

/** The minute that was counted last; every request of a minute writes the same. */
let last: Minute = { number: -1, minute: "", expires_at: "", ttl: 0 };

function minuteOf(now: Date): Minute {
  const number = Math.floor(now.getTime() / MINUTE_MS);
  if (number !== last.number) {
    const begin = new Date(number * MINUTE_MS);
    const expires = addSeconds(begin, RETENTION_SECONDS);
    last = {
      number,
      minute: timestamp(begin).slice(0, 16),
      expires_at: timestamp(expires),
      ttl: epochSeconds(expires),
    };
  }
  return last;
}

/** Every request counts twice, so the expression stands ready and only its values are new. */
const counting = {
  UpdateExpression:
    "SET #subject = :subject, #minute = :minute, #expires_at = :expires_at, #ttl = :ttl ADD #count :one",
  ConditionExpression: "attribute_not_exists(#count) OR #count < :limit",
  ExpressionAttributeNames: {
    "#subject": "subject",
    "#minute": "minute",
    "#expires_at": "expires_at",
    "#ttl": "ttl",
    "#count": "count",
  },
  ReturnValuesOnConditionCheckFailure: "ALL_OLD",
} as const;

/**
 * Counts one request against a limit per minute. The count and the check are one conditional write, so parallel
 * requests cannot exceed it.
 * @throws Problem `rate_limited` (429) with Retry-After
 */
export async function countRequest(table: TenantTable, subject: string, limit: number, now: Date): Promise<RateState> {
  const { minute, expires_at, ttl } = minuteOf(now);
  const reset_seconds = 60 - now.getUTCSeconds();
  const counter = await table.apply(rateItem, {
    type: rateItem.type,
    // A request that is counted twice does less harm than one that is refused because an answer was lost.
    lost: "decide",
    item: {
      Update: {
        ...counting,
        TableName: table.table.name,
        Key: primaryKey(rateItem, table.tenant, { subject, minute }),
        ExpressionAttributeValues: {
          ":subject": subject,
          ":minute": minute,
          ":expires_at": expires_at,
          ":ttl": ttl,
          ":one": 1,
          ":limit": limit,
        },
      },
    },
    refuse: () => rateLimited(limit, reset_seconds),
  });
  return { limit, remaining: Math.max(0, limit - counter.count), reset_seconds };
}

export const rateLimited = (limit: number, retry_after_seconds: number): Problem =>
  new Problem("rate_limited", `The limit of ${limit} requests a minute is reached.`, {
    headers: {
      "retry-after": String(retry_after_seconds),
      ...rateHeaders({ limit, remaining: 0, reset_seconds: retry_after_seconds }),
    },
  });

export const rateHeaders = (state: RateState): Record<string, string> => ({
  "ratelimit-limit": String(state.limit),
  "ratelimit-remaining": String(state.remaining),
  "ratelimit-reset": String(state.reset_seconds),
});
