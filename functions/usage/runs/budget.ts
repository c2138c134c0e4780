import * as z from "zod";
import { addSeconds, type Clock } from "../../../shared/clock.ts";
import { defineItem, type ItemOf } from "../../../shared/dynamo/item.ts";
import { pause } from "../../../shared/dynamo/retry.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import {
  type Amount,
  affords,
  type BudgetView,
  expired,
  type RunLimits,
  reservedBy,
  shortage,
  spentBy,
  untilMinute,
} from "./rules/amounts.ts";

/**
 * What a run has used and what its calls under way may come to, those of all runs within it too. Taking, settling and giving
 * back are one conditional addition each. Reservations are counted by the minute that ends them, so the item stays as small as it
 * is however many there are, and what a dead worker had reserved is known by its minute.
 */
export const runBudgetItem = defineItem({
  type: "run_budget",
  summary:
    "Tokens and cost that a run with a budget has used or reserved; what is reserved also by the minute that ends it (`tokens_<minute>`, `cost_<minute>`).",
  schema: z.looseObject({
    run_id: z.string(),
    committed_tokens: z.int(),
    committed_cost: z.int(),
    expires_at: z.string(),
  }),
  key: { pk: "RUN_BUDGET#{run_id}", sk: "BUDGET" },
  expires: "expires_at",
});
export type StoredBudget = ItemOf<typeof runBudgetItem>;

/** The budget of an outermost run, for who makes calls within it. */
export interface RunBudget {
  /** The outermost run. */
  readonly run_id: string;
  readonly limits: RunLimits;
}

/** What a call has taken from a run's budget. */
export interface RunReservation {
  readonly run_id: string;
  readonly minute: number;
  readonly bound: Amount;
}

/** The budget as it stands refuses; only used inside. */
class Refused extends Problem {
  readonly budget: StoredBudget | undefined;
  constructor(budget: StoredBudget | undefined) {
    super("conflict", "The run's budget has changed.");
    this.budget = budget;
  }
}

/** The reservation is not there: it has run out, or the run was deleted, where `there` is false. */
export class RunLeaseGone extends Problem {
  readonly there: boolean;
  constructor(there: boolean) {
    super("conflict", "The reservation has run out.");
    this.there = there;
  }
}

/** A call that the budget has no room for. */
export class BudgetRefused extends Error {
  readonly code: "budget_exceeded" | "budget_reserved";
  constructor(code: BudgetRefused["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** The write, for the transaction that starts the outermost run, with which its budget begins. */
export const budgetWrite = (
  table: TenantTable,
  { run_id, expires_at }: { run_id: string; expires_at: string },
): Write => table.writes.create(runBudgetItem, { run_id, committed_tokens: 0, committed_cost: 0, expires_at });

const reservedIn = (minute: number) => ({ tokens: `tokens_${minute}`, cost: `cost_${minute}` });

/** The change that puts what was used in the place of a reservation. */
function settling({ minute, bound }: RunReservation, used: Amount) {
  const names = reservedIn(minute);
  return {
    add: {
      committed_tokens: used.tokens - bound.tokens,
      committed_cost: used.cost_usd_micros - bound.cost_usd_micros,
      [names.tokens]: 0 - bound.tokens,
      [names.cost]: 0 - bound.cost_usd_micros,
    },
  };
}

/** The write, for the transaction of the usage record, that puts what was used in the place of what was reserved. */
export const settleRun = (table: TenantTable, reservation: RunReservation, used: Amount): Write =>
  table.writes.update(
    runBudgetItem,
    { run_id: reservation.run_id },
    settling(reservation, used),
    { at_least: { [reservedIn(reservation.minute).tokens]: reservation.bound.tokens } },
    (old) => new RunLeaseGone(old !== undefined),
  );

/** The same for a reservation that has run out: what was used counts nevertheless. */
export const settleRunLate = (table: TenantTable, { run_id }: RunReservation, used: Amount): Write =>
  table.writes.update(
    runBudgetItem,
    { run_id },
    { add: { committed_tokens: used.tokens, committed_cost: used.cost_usd_micros } },
    { present: ["committed_tokens"] },
    (old) => new RunLeaseGone(old !== undefined),
  );

const NOTHING: Amount = { tokens: 0, cost_usd_micros: 0 };

/** Gives a reservation back whose call was not made. It is tried once: what an unknown answer leaves runs out by itself. */
export async function giveBackRun(table: TenantTable, reservation: RunReservation): Promise<void> {
  await table.apply(runBudgetItem, settleRun(table, reservation, NOTHING));
}

/** The longest of the pauses in which a call waits for what others have reserved is this, the first much shorter. */
const FIRST_PAUSE_MS = 150;
/** Reservations that have run out are taken off as they are met, and where there are so many that they would fill the item. */
const MANY_MINUTES = 30;

/**
 * Takes from a run's budget what a call may come to at worst. The check and the taking are one conditional update, so however
 * many calls come at once, never more is used and reserved than the budget has. Where others hold what is missing the call waits
 * for them, with pauses by chance, as long as it has time.
 * @param wait_ms how long it may wait
 * @param lease_ms how long the call may take from now on, waiting included
 * @throws BudgetRefused `budget_exceeded` where what has been used leaves too little; `budget_reserved` where the time is over
 */
export async function reserveOfRun(
  table: TenantTable,
  { run_id, limits }: RunBudget,
  bound: Amount,
  { clock, wait_ms, lease_ms }: { readonly clock: Clock; readonly wait_ms: number; readonly lease_ms: number },
): Promise<RunReservation> {
  const until = performance.now() + wait_ms;
  // It may begin as late as its time allows, and is not longer under way for that.
  const minute = untilMinute(addSeconds(clock.now(), lease_ms / 1_000));
  const reservation: RunReservation = { run_id, minute, bound };
  const names = reservedIn(minute);
  const taking = table.writes.update(
    runBudgetItem,
    { run_id },
    {
      add: {
        committed_tokens: bound.tokens,
        committed_cost: bound.cost_usd_micros,
        [names.tokens]: bound.tokens,
        [names.cost]: bound.cost_usd_micros,
      },
    },
    { present: ["committed_tokens"], ...affords(limits, bound) },
    (old) => new Refused(old),
  );
  for (let attempt = 1; ; attempt++) {
    try {
      const taken = await table.apply(runBudgetItem, taking);
      if (expired(taken, clock.now()).length > MANY_MINUTES) await forget(table, taken, clock.now());
      return reservation;
    } catch (error) {
      const over = performance.now() >= until;
      if (error instanceof Refused) {
        const { budget } = error;
        const refusal = budget === undefined ? gone : shortage(limits, spentBy(budget), bound);
        if (refusal !== undefined) throw new BudgetRefused("budget_exceeded", refusal);
        if (budget !== undefined && expired(budget, clock.now()).length > 0) {
          await forget(table, budget, clock.now());
          continue;
        }
        if (over) throw new BudgetRefused("budget_reserved", held);
        // A crowd at the one item, and what an unknown answer may have taken, both pass: the latter runs out.
      } else if (over || !(error instanceof Problem) || error.code !== "service_unavailable") throw error;
    }
    await pause(Math.min(attempt, 6), FIRST_PAUSE_MS);
  }
}

const gone = "The run's budget is gone: the run was deleted.";
const held = "What is left of the run's budget was reserved by other calls for as long as this one could wait.";

/** Takes off what has run out, if it is counted as it was seen; somebody else may have done so. */
async function forget(table: TenantTable, budget: StoredBudget, now: Date): Promise<void> {
  const over = expired(budget, now);
  const sum = (pick: (amount: Amount) => number) => over.reduce((total, { amount }) => total + pick(amount), 0);
  const names = over.flatMap(({ minute }) => Object.values(reservedIn(minute)));
  const change = {
    add: { committed_tokens: -sum(({ tokens }) => tokens), committed_cost: -sum((one) => one.cost_usd_micros) },
    remove: names,
  };
  const seen = { equals: Object.fromEntries(names.map((name) => [name, budget[name]])) };
  const write = table.writes.update(
    runBudgetItem,
    { run_id: budget.run_id },
    change,
    seen,
    () => new Refused(undefined),
  );
  await table.apply(runBudgetItem, write).catch((error: unknown) => {
    if (!(error instanceof Problem)) throw error;
  });
}

/** The budget of a run as it stands, which is that of the outermost run; null for a run that has none. */
export const readBudget = async (
  table: TenantTable,
  { budget, root_run_id }: { readonly budget: RunLimits | null; readonly root_run_id: string },
): Promise<BudgetView | null> =>
  budget === null ? null : budgetOf(budget, await table.get(runBudgetItem, { run_id: root_run_id }));

/** A run's budget as it is shown; null for a run that has none. */
export const budgetOf = (limits: RunLimits | null, budget: StoredBudget | undefined): BudgetView | null =>
  limits === null
    ? null
    : {
        ...limits,
        spent: budget === undefined ? NOTHING : spentBy(budget),
        reserved: budget === undefined ? NOTHING : reservedBy(budget),
      };
