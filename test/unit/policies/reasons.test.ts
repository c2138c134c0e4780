import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Facts } from "../../../shared/policies/facts.ts";
import type { PolicyConditions } from "../../../shared/policies/language.ts";
import { reasonsOf } from "../../../shared/policies/reasons.ts";
import { conditions, request } from "./support/generated.ts";
import { slowHolds } from "./support/slow.ts";

/** What stands at a reason's place. */
const partAt = (one: PolicyConditions, at: readonly (string | number)[]): unknown =>
  at.reduce<unknown>((part, key) => (part as Record<string | number, unknown>)[key], one);

/** The conditions with the comparisons at some places fixed, and all others as a coin falls. */
function decided(one: unknown, fixed: ReadonlyMap<string, boolean>, coin: () => boolean, at = ""): boolean {
  const part = one as Record<"all" | "any", unknown[]> & { not?: unknown };
  if (part.all) return part.all.map((each, index) => decided(each, fixed, coin, `${at}/all/${index}`)).every(Boolean);
  if (part.any) return part.any.map((each, index) => decided(each, fixed, coin, `${at}/any/${index}`)).some(Boolean);
  if (part.not) return !decided(part.not, fixed, coin, `${at}/not`);
  return fixed.get(at) ?? coin();
}

describe("the reasons of a decision", () => {
  it("stand in the conditions, came out as they say, and suffice: whatever the other comparisons were, it would be the same", () => {
    fc.assert(
      fc.property(
        conditions({ resource_type: "agent" }),
        request,
        fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
        (one, asked, coins) => {
          const reasons = reasonsOf(one, new Facts(asked));
          expect(reasons.length === 0).toBe(Object.keys(one).length === 0);
          for (const { at, comparison, held } of reasons) {
            expect(partAt(one, at)).toBe(comparison);
            expect(held).toBe(slowHolds(comparison, asked));
          }
          if (reasons.length === 0 || reasons.length === 10) return;
          const fixed = new Map(reasons.map(({ at, held }) => [at.map((key) => `/${key}`).join(""), held]));
          let next = 0;
          const coin = () => coins[next++ % coins.length] === true;
          for (let times = 0; times < 5; times++) expect(decided(one, fixed, coin)).toBe(slowHolds(one, asked));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("say it in words", () => {
    const asked = {
      resource_type: "agent",
      action: "update",
      principal: { kind: "user", id: "usr_1", role: "viewer" },
      resource: {},
      context: {},
      at: new Date("2026-06-01T12:00:00Z"),
    };
    const one = {
      not: {
        all: [
          { path: "time.hour", op: "gte", value: 9 },
          { path: "principal.role", op: "eq", value: "developer" },
        ],
      },
    };
    expect(reasonsOf(one, new Facts(asked))).toEqual([
      {
        at: ["not", "all", 1],
        comparison: one.not.all[1],
        held: false,
        says: 'the caller\'s role is "developer"',
      },
    ]);
  });
});
