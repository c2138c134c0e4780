import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  affords,
  budgetInput,
  expired,
  limitsOf,
  reservedBy,
  shortage,
  spentBy,
  untilMinute,
} from "../../../functions/usage/runs/rules/amounts.ts";
import "../../support/random-cases.ts";

const limits = { cost_usd_micros: 1_000, tokens: 500 };
const amount = (tokens: number, cost_usd_micros = 0) => ({ tokens, cost_usd_micros });

describe("a run's budget", () => {
  it("names a cost, tokens or both, and nothing else", () => {
    expect(limitsOf(budgetInput.parse({ tokens: 5 }))).toEqual({ cost_usd_micros: null, tokens: 5 });
    expect(limitsOf(budgetInput.parse({ cost_usd_micros: 7 }))).toEqual({ cost_usd_micros: 7, tokens: null });
    for (const wrong of [{}, { tokens: 0 }, { tokens: 1.5 }, { tokens: -1 }, { tokens: 1, usd: 2 }, { tokens: "5" }])
      expect(budgetInput.safeParse(wrong).success).toBe(false);
  });

  it("is told apart into what is spent and what is reserved", () => {
    const budget = { committed_tokens: 90, committed_cost: 30, tokens_7: 20, cost_7: 5, tokens_9: 30, cost_9: 0 };
    expect(reservedBy(budget)).toEqual(amount(50, 5));
    expect(spentBy(budget)).toEqual(amount(40, 25));
  });

  it("knows what has run out once the whole minute is over", () => {
    const minute = untilMinute(new Date("2026-11-15T12:00:30.000Z"));
    const budget = { committed_tokens: 9, committed_cost: 0, [`tokens_${minute}`]: 9, [`cost_${minute}`]: 3 };
    expect(expired(budget, new Date("2026-11-15T12:00:59.999Z"))).toEqual([]);
    expect(expired(budget, new Date("2026-11-15T12:01:00.000Z"))).toEqual([{ minute, amount: amount(9, 3) }]);
  });

  it("says what is short, with limit, spent and needed", () => {
    expect(shortage(limits, amount(400, 100), amount(100, 900))).toBeUndefined();
    expect(shortage(limits, amount(401, 0), amount(100, 0))).toBe(
      "The run's budget is 500 tokens; 401 are spent, and this call may need 100.",
    );
    expect(shortage({ ...limits, tokens: null }, amount(9_999, 101), amount(9_999, 900))).toBe(
      "The run's budget is 1000 micro-US-dollars; 101 are spent, and this call may need 900.",
    );
  });

  it("holds a call exactly where nothing is short beside what is used and reserved", () => {
    const few = fc.integer({ min: 0, max: 12 });
    const limit = fc.option(fc.integer({ min: 1, max: 20 }), { nil: null });
    fc.assert(
      fc.property(limit, limit, few, few, few, few, (tokens, cost_usd_micros, usedTokens, usedCost, need, cost) => {
        const of = { tokens, cost_usd_micros };
        const bound = amount(need, cost);
        const stored: Record<string, number> = { committed_tokens: usedTokens, committed_cost: usedCost };
        const { below } = affords(of, bound);
        const taken = Object.entries(below).every(([name, value]) => (stored[name] ?? 0) < value);
        expect(taken).toBe(shortage(of, amount(usedTokens, usedCost), bound) === undefined);
      }),
    );
  });
});
