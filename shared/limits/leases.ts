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
 * Places that are held for a while by work that no transaction ends: a stream that is read. Each is given back when the
 * work ends, and by itself when its time is over, so that a crash leaks none. Places are counted by the minute in which
 * their time is over: one small item says how many are held, whatever their number.
 */

/** What a plan limits by leases. */
export type LeasedResource = keyof Pick<PlanLimits, "streams">;

/** One item takes some 100 changes a second: a stream that lives 45 s makes two. */
export const leaseItem = defineItem({
  type: "lease_count",
  summary: "How many leases of a resource are held, by the minute in which their time is over.",
  schema: z.object({
    resource: z.string(),
    expiring: z.record(z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d$/), z.number().int()),
    version: z.number().int(),
    expires_at: z.string(),
  }),
  key: { pk: "", sk: "LEASES#{resource}" },
  json: ["expiring"],
  expires: "expires_at",
});
type Leases = Pick<ItemOf<typeof leaseItem>, "expiring">;

const MINUTE_MS = 60_000;
/** The minute that holds a time, as `2026-05-01T10:05`. */
const minuteOf = (at: Date): string => timestamp(at).slice(0, 16);
const endOf = (minute: string): number => Date.parse(`${minute}:00.000Z`) + MINUTE_MS;

/** Those whose time is not over. */
const current = ({ expiring }: Leases, now: Date): Record<string, number> =>
  Object.fromEntries(Object.entries(expiring).filter(([minute, count]) => count > 0 && endOf(minute) > now.getTime()));

/** How many are held at this time. */
export const held = (leases: Leases, now: Date): number =>
  Object.values(current(leases, now)).reduce((sum, count) => sum + count, 0);

const TRIES = 20;
const PAUSE_MS = 20;

/** Somebody else has changed the count in between. */
class Overtaken extends Problem {
  constructor() {
    super("conflict", "The count of leases has changed.");
  }
}

/** Adds to one minute's count, on the condition that nobody else did meanwhile. `admit` refuses by throwing. */
async function count(
  table: TenantTable,
  resource: LeasedResource,
  minute: string,
  by: 1 | -1,
  now: Date,
  admit: (held: number) => void,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const stored = await table.get(leaseItem, { resource });
    const expiring = current(stored ?? { expiring: {} }, now);
    admit(held({ expiring }, now));
    expiring[minute] = Math.max(0, (expiring[minute] ?? 0) + by);
    const last = Object.keys(expiring).sort().at(-1) ?? minute;
    const next = {
      resource,
      expiring,
      version: (stored?.version ?? 0) + 1,
      expires_at: timestamp(new Date(endOf(last))),
    };
    try {
      await table.apply(
        leaseItem,
        stored === undefined
          ? table.writes.create(leaseItem, next, () => new Overtaken())
          : table.writes.update(
              leaseItem,
              { resource },
              { set: next },
              { equals: { version: stored.version } },
              () => new Overtaken(),
            ),
      );
      return;
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
      if (attempt === TRIES) throw unavailable(error);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * PAUSE_MS * attempt));
    }
  }
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
  const minute = minuteOf(addSeconds(now, seconds));
  await count(table, resource, minute, 1, now, (usage) => {
    if (limit === UNLIMITED || usage < limit) return;
    throw new Problem(
      "quota_exceeded",
      `The plan ${plan} has room for ${limit} ${resource} at a time; ${usage} are open.`,
      {
        members: { resource, limit, usage },
      },
    );
  });
  return { give: () => count(table, resource, minute, -1, clock(), () => undefined) };
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
