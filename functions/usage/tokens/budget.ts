import * as z from "zod";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { defineItem, type ItemOf } from "../../../shared/dynamo/item.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { plans, UNLIMITED } from "../../../shared/limits/plans.ts";
import { monthUsage } from "../store.ts";

type Plan = Organization["plan"];

/** One reservation: attribute `lease_<id>` of the month's budget. */
const leaseSchema = z.object({ tokens: z.int(), expires_at: z.string() });

/**
 * Tokens of a month that are used or reserved, with the reservations inside, so that one conditional update checks and
 * takes. Sharded sums cannot refuse exactly; a plan with a limit makes few calls, at most one for each reserved part of
 * its limit at a time, so one item bears them. It begins with what the ledger says, also after a change of plan.
 */
export const tokenBudgetItem = defineItem({
  type: "token_budget",
  summary: "Tokens of a month that are used or reserved by calls under way, against the plan's limit.",
  schema: z
    .object({ month: z.string(), plan: z.string(), committed: z.int(), expires_at: z.string() })
    .catchall(z.unknown()),
  key: { pk: "TOKENS#{month}", sk: "{plan}" },
  expires: "expires_at",
});
type Budget = ItemOf<typeof tokenBudgetItem>;

/** Kept after its month for whoever looks into a bill. */
const KEPT_DAYS = 100;
/** A caller that meets others' seeding or returned reservations begins anew; more often is a fault. */
const TRIES = 6;

/** Tokens that are taken from the month until they are settled or given back. */
export interface Reservation {
  readonly month: string;
  readonly plan: Plan;
  readonly id: string;
  readonly tokens: number;
}

/** The budget as it stands refuses; only used inside. */
class Refused extends Problem {
  readonly budget: Budget | undefined;
  constructor(budget: Budget | undefined) {
    super("conflict", "The month's tokens have changed.");
    this.budget = budget;
  }
}

/** The reservation has run out and its tokens were given back. */
export class LeaseGone extends Problem {
  constructor() {
    super("conflict", "The reservation has run out.");
  }
}

const attribute = (id: string): string => `lease_${id}`;
export const monthOf = (at: Date): string => timestamp(at).slice(0, 7);

function leasesOf(budget: Budget): { readonly name: string; readonly tokens: number; readonly expires_at: string }[] {
  return Object.entries(budget).flatMap(([name, value]) => {
    const lease = leaseSchema.safeParse(value);
    return name.startsWith("lease_") && lease.success ? [{ name, ...lease.data }] : [];
  });
}

/** The change that takes a reservation out, whatever was used instead. */
const closing = (table: TenantTable, { month, plan, id, tokens }: Reservation, used: number): Write =>
  table.writes.update(
    tokenBudgetItem,
    { month, plan },
    { add: { committed: used - tokens }, remove: [attribute(id)] },
    { present: [attribute(id)] },
    () => new LeaseGone(),
  );

/** The write, for the transaction of the usage record, that puts what was used in the place of what was reserved. */
export const settleWrite = closing;

/** The same for a reservation that has run out: what was used counts nevertheless. */
export const lateWrite = (table: TenantTable, { month, plan }: Reservation, used: number): Write =>
  table.writes.update(
    tokenBudgetItem,
    { month, plan },
    { add: { committed: used } },
    { present: ["committed"] },
    () => new LeaseGone(),
  );

/** Gives a reservation back whose call was not made. Doing it twice gives back once. */
export async function giveBack(table: TenantTable, reservation: Reservation): Promise<void> {
  await unless(LeaseGone, table.apply(tokenBudgetItem, closing(table, reservation, 0)));
}

async function unless(refusal: new (...args: never[]) => Problem, done: Promise<unknown>): Promise<void> {
  try {
    await done;
  } catch (error) {
    if (!(error instanceof refusal)) throw error;
  }
}

/**
 * Takes tokens from the month before a call. The check and the taking are one conditional update, so however many calls
 * come at once, never more is used and reserved than the plan has. Reservations whose worker has died run out and are
 * given back by the next call that needs their tokens.
 * @param tokens what the call may come to at worst
 * @param lease_ms how long the call may take
 * @returns undefined where the plan has no limit
 * @throws Problem `quota_exceeded` (402) with the limit and the usage
 */
export async function reserveTokens(
  table: TenantTable,
  plan: Plan,
  {
    id,
    tokens,
    at,
    lease_ms,
  }: { readonly id: string; readonly tokens: number; readonly at: Date; readonly lease_ms: number },
): Promise<Reservation | undefined> {
  const limit = plans[plan].tokens_per_month;
  if (limit === UNLIMITED) return undefined;
  const month = monthOf(at);
  const reservation: Reservation = { month, plan, id, tokens };
  const lease = { tokens, expires_at: timestamp(addSeconds(at, lease_ms / 1_000)) };
  const taking = table.writes.update(
    tokenBudgetItem,
    { month, plan },
    { set: { [attribute(id)]: lease }, add: { committed: tokens } },
    { present: ["committed"], absent: [attribute(id)], below: { committed: limit - tokens + 1 } },
    (old) => new Refused(old),
  );
  for (let attempt = 1; ; attempt++) {
    try {
      await table.apply(tokenBudgetItem, taking);
      return reservation;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const { budget } = error;
      // The answer was lost, or an earlier attempt at the same call has died: the reservation is there.
      const mine = budget === undefined ? undefined : leaseSchema.safeParse(budget[attribute(id)]);
      if (mine?.success) return { ...reservation, tokens: mine.data.tokens };
      const began = budget === undefined ? await begin(table, plan, at) : await returnExpired(table, budget, at);
      if (!began || attempt === TRIES) throw exceeded(plan, limit, tokens, budget);
    }
  }
}

/** A month's first call: the budget begins with what the ledger says. */
async function begin(table: TenantTable, plan: Plan, at: Date): Promise<true> {
  const month = monthOf(at);
  const { tokens_in, tokens_out } = await monthUsage(table, month);
  const budget = {
    month,
    plan,
    committed: tokens_in + tokens_out,
    expires_at: timestamp(addSeconds(at, KEPT_DAYS * 86_400)),
  };
  // Somebody else may have begun at the same time.
  await unless(
    Refused,
    table.apply(
      tokenBudgetItem,
      table.writes.create(tokenBudgetItem, budget, () => new Refused(undefined)),
    ),
  );
  return true;
}

/** Gives back what dead workers have reserved. @returns whether there was any */
async function returnExpired(table: TenantTable, budget: Budget, at: Date): Promise<boolean> {
  const now = timestamp(at);
  const expired = leasesOf(budget).filter(({ expires_at }) => expires_at < now);
  for (const { name, tokens } of expired) {
    const { month, plan } = budget;
    const id = name.slice("lease_".length);
    await giveBack(table, { month, plan: plan as Plan, id, tokens });
  }
  return expired.length > 0;
}

function exceeded(plan: Plan, limit: number, needed: number, budget: Budget | undefined): Problem {
  const usage = budget?.committed ?? 0;
  const reserved = budget === undefined ? 0 : leasesOf(budget).reduce((sum, { tokens }) => sum + tokens, 0);
  return new Problem(
    "quota_exceeded",
    `The plan ${plan} has ${limit} tokens a month; ${usage} are used or reserved by calls under way, and this call may need ${needed}.`,
    { members: { resource: "tokens_per_month", limit, usage, reserved, needed } },
  );
}

/**
 * Refuses new work early when nothing is left of the month's tokens, or less than it needs. The calls themselves reserve.
 * @param needed tokens that it will come to at least
 * @throws Problem `quota_exceeded` (402) with the limit and the usage
 */
export async function admitTokens(table: TenantTable, plan: Plan, at: Date, needed = 1): Promise<void> {
  const limit = plans[plan].tokens_per_month;
  if (limit === UNLIMITED) return;
  const month = monthOf(at);
  const budget = await table.get(tokenBudgetItem, { month, plan });
  if (budget === undefined) {
    const { tokens_in, tokens_out } = await monthUsage(table, month);
    const committed = tokens_in + tokens_out;
    if (committed + needed > limit) throw exceeded(plan, limit, needed, { month, plan, committed, expires_at: "" });
    return;
  }
  const now = timestamp(at);
  const expired = leasesOf(budget).filter(({ expires_at }) => expires_at < now);
  const committed = budget.committed - expired.reduce((sum, { tokens }) => sum + tokens, 0);
  if (committed + needed > limit) throw exceeded(plan, limit, needed, budget);
}
