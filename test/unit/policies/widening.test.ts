import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compilePolicies } from "../../../shared/policies/decide.ts";
import type { Policy, PolicyBundle, PolicyConditions } from "../../../shared/policies/language.ts";
import { domainsOf, type Variable } from "../../../shared/policies/widening/domains.ts";
import { requestOf } from "../../../shared/policies/widening/request.ts";
import { type Widening, widening } from "../../../shared/policies/widening/widening.ts";
import { thorough } from "../../support/thorough.ts";
import { conditions } from "./support/generated.ts";

const policy = (over: Partial<Policy>): Policy => ({
  id: "pol_1",
  name: "One",
  effect: "deny",
  resource_type: "agent",
  action: "read",
  conditions: {},
  assignments: [{ type: "organization" }],
  status: "active",
  version: 1,
  ...over,
});

/** Every combination of the values of all variables, or nothing where there are too many to try. */
function points(
  domains: ReadonlyMap<Variable, readonly unknown[]>,
  most: number,
): Map<Variable, unknown>[] | undefined {
  let all: Map<Variable, unknown>[] = [new Map()];
  for (const [variable, values] of domains) {
    if (all.length * values.length > most) return undefined;
    all = all.flatMap((point) => values.map((value) => new Map(point).set(variable, value)));
  }
  return all;
}

/** Lists and instants are alike where they say the same. */
const keyOf = (value: unknown): string => JSON.stringify(value) ?? "missing";

/** Tells of a point whether the report names it. */
function coveredBy({ when }: Widening): (point: ReadonlyMap<Variable, unknown>) => boolean {
  const wanted = when.map(({ variable, values }) => ({ variable, keys: new Set(values.map(keyOf)) }));
  return (point) => wanted.every(({ variable, keys }) => keys.has(keyOf(point.get(variable))));
}

const one = fc.record({
  effect: fc.constantFrom("allow" as const, "deny" as const),
  conditions: conditions({ resource_type: "agent", without: ["matches"] }),
  assignments: fc.constantFrom<Policy["assignments"]>(
    [{ type: "organization" }],
    [{ type: "role", id: "developer" }],
    [
      { type: "user", id: "usr_1" },
      { type: "team", id: "team_1" },
    ],
  ),
});
const few = fc
  .array(one, { maxLength: 2 })
  .map((all) => all.map((said, index) => policy({ ...said, id: `pol_${index}` })));
const edit = fc.record({ kept: few, old: one, next: fc.option(one, { nil: undefined }), denied: fc.boolean() });

describe("what an edit newly allows", () => {
  it("is all of what brute force finds over the same values, and nothing besides", () => {
    let tried = 0;
    let widenings = 0;
    const EDITS = thorough ? 5_000 : 200;
    fc.assert(
      fc.property(edit, ({ kept, old, next, denied }) => {
        const bundleOf = (said: Partial<Policy> | undefined): PolicyBundle => ({
          policies: [...kept, ...(said === undefined ? [] : [policy({ ...said, id: "pol_edited" })])],
          denied_by_default: denied ? ["agent"] : [],
        });
        const [before, after] = [bundleOf(old), bundleOf(next)];
        const all = points(domainsOf([...before.policies, ...after.policies]), thorough ? 20_000 : 2_000);
        if (all === undefined) return;
        tried++;
        const [was, is] = [compilePolicies(before), compilePolicies(after)];
        const { widened, complete } = widening(before, after);
        const found = widened.filter(({ resource_type, action }) => resource_type === "agent" && action === "read");
        const covers = found.map(coveredBy);
        for (const point of all) {
          const request = requestOf("agent", "read", point);
          const newly = is.decide(request).outcome === "allow" && was.decide(request).outcome !== "allow";
          const reported = covers.some((one) => one(point));
          if (complete || reported) expect(reported).toBe(newly);
        }
        if (found.length > 0) widenings++;
      }),
      { numRuns: EDITS * 6 },
    );
    expect(tried).toBeGreaterThan(EDITS);
    expect(widenings).toBeGreaterThan(EDITS / 10);
  }, 1_800_000);

  it("says by what values, and leaves out what does not matter", () => {
    const office: PolicyConditions = { not: { path: "context.ip", op: "in", value: ["192.0.2.0/24"] } };
    const wider: PolicyConditions = { not: { path: "context.ip", op: "in", value: ["192.0.0.0/16"] } };
    const { widened, complete } = widening(
      {
        policies: [policy({ conditions: { all: [office, { path: "principal.role", op: "ne", value: "org_owner" }] } })],
      },
      {
        policies: [policy({ conditions: { all: [wider, { path: "principal.role", op: "ne", value: "org_owner" }] } })],
      },
    );
    expect(complete).toBe(true);
    expect(widened).toEqual([
      {
        resource_type: "agent",
        action: "read",
        when: [
          { variable: "context.ip", values: ["192.0.0.0", "192.0.255.255"] },
          { variable: "principal.role", values: expect.not.arrayContaining(["org_owner"]) },
        ],
      },
    ]);
  });

  it("is everything where a policy that denied everything goes, and nothing where one comes", () => {
    const all = policy({ resource_type: "*", action: "*" });
    const { widened } = widening({ policies: [all] }, { policies: [] });
    expect(widened).toEqual([{ resource_type: "*", action: "*", when: [] }]);
    expect(widening({ policies: [] }, { policies: [all] }).widened).toEqual([]);
    expect(widening({ policies: [], denied_by_default: ["agent"] }, { policies: [] }).widened).toMatchObject([
      { resource_type: "agent" },
    ]);
  });

  it("is not said to be complete where patterns are compared", () => {
    const matching = policy({ conditions: { path: "principal.email", op: "matches", value: "^a" } });
    expect(widening({ policies: [matching] }, { policies: [] }).complete).toBe(false);
  });
});
