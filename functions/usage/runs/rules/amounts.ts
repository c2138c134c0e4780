import * as z from "zod";

/** What a call, or all calls of a run, come to. */
export interface Amount {
  readonly tokens: number;
  readonly cost_usd_micros: number;
}

const MOST = 1_000_000_000_000;
const unit = z.int().min(1).max(MOST);

/** What somebody asks for. */
export const budgetInput = z
  .strictObject({
    cost_usd_micros: unit.optional().meta({ description: "In millionths of a US dollar.", example: 250_000 }),
    tokens: unit.optional().meta({ description: "Of prompts and answers.", example: 200_000 }),
  })
  .refine(
    ({ cost_usd_micros, tokens }) => cost_usd_micros !== undefined || tokens !== undefined,
    "names cost_usd_micros, tokens or both",
  )
  .meta({
    id: "RunBudgetInput",
    description:
      "What the run and all runs within it may use. Before each call to a model what it may come to at worst is reserved; a step whose call does not fit fails with `budget_exceeded`.",
  });

/** What holds for a run; null for what is not bounded. */
export const limitsSchema = z
  .object({ cost_usd_micros: z.int().nullable(), tokens: z.int().nullable() })
  .meta({ id: "RunBudgetLimits", description: "What the run and all runs within it may use." });
export type RunLimits = z.output<typeof limitsSchema>;

const amountSchema = z.object({ cost_usd_micros: z.int(), tokens: z.int() }).meta({ id: "RunBudgetAmount" });

/** A budget as it is read with its run. */
export const budgetView = limitsSchema
  .extend({
    spent: amountSchema,
    /** By calls that are under way. */
    reserved: amountSchema,
  })
  .meta({
    id: "RunBudget",
    description: "What the run and all runs within it may use, have used, and hold for calls that are under way.",
  });
export type BudgetView = z.output<typeof budgetView>;

export const limitsOf = ({ cost_usd_micros, tokens }: z.output<typeof budgetInput>): RunLimits => ({
  cost_usd_micros: cost_usd_micros ?? null,
  tokens: tokens ?? null,
});

const MINUTE_MS = 60_000;

/** The minute, counted from 1970, in which a time lies. */
export const untilMinute = (until: Date): number => Math.floor(until.getTime() / MINUTE_MS);

/** A budget as it is stored: what is used or reserved, and what is reserved until when. */
type Stored = { readonly committed_tokens: number; readonly committed_cost: number } & Readonly<
  Record<string, unknown>
>;

export interface Lease {
  readonly minute: number;
  readonly amount: Amount;
}

const count = (value: unknown): number => (typeof value === "number" ? value : 0);

/** What is reserved, by the minute that ends it. */
const leases = (budget: Stored): Lease[] =>
  Object.keys(budget).flatMap((name) => {
    const [, minute] = /^tokens_(\d+)$/.exec(name) ?? [];
    if (minute === undefined) return [];
    const amount = { tokens: count(budget[name]), cost_usd_micros: count(budget[`cost_${minute}`]) };
    return [{ minute: Number(minute), amount }];
  });

/** Reservations whose minute has passed: whoever made them is not at work any more. */
export const expired = (budget: Stored, now: Date): Lease[] =>
  leases(budget).filter(({ minute }) => (minute + 1) * MINUTE_MS <= now.getTime());

export function reservedBy(budget: Stored): Amount {
  const all = leases(budget);
  return {
    tokens: all.reduce((sum, { amount }) => sum + amount.tokens, 0),
    cost_usd_micros: all.reduce((sum, { amount }) => sum + amount.cost_usd_micros, 0),
  };
}

export function spentBy(budget: Stored): Amount {
  const reserved = reservedBy(budget);
  return {
    tokens: budget.committed_tokens - reserved.tokens,
    cost_usd_micros: budget.committed_cost - reserved.cost_usd_micros,
  };
}

/** The condition under which a call fits beside what is used and reserved. */
export function affords(limits: RunLimits, bound: Amount): { readonly below: Record<string, number> } {
  const below: Record<string, number> = {};
  if (limits.tokens !== null) below.committed_tokens = limits.tokens - bound.tokens + 1;
  if (limits.cost_usd_micros !== null) below.committed_cost = limits.cost_usd_micros - bound.cost_usd_micros + 1;
  return { below };
}

/** Why a call does not fit beside what has been used, whatever is given back; undefined where it may fit. */
export function shortage(limits: RunLimits, spent: Amount, needed: Amount): string | undefined {
  const over = (["cost_usd_micros", "tokens"] as const).find((unit) => {
    const limit = limits[unit];
    return limit !== null && spent[unit] + needed[unit] > limit;
  });
  if (over === undefined) return undefined;
  const named = over === "tokens" ? "tokens" : "micro-US-dollars";
  return `The run's budget is ${limits[over]} ${named}; ${spent[over]} are spent, and this call may need ${needed[over]}.`;
}
