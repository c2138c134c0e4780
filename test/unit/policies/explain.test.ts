import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compilePolicies } from "../../../shared/policies/decide.ts";
import { explain, type Turn } from "../../../shared/policies/explain.ts";
import type { Policy, PolicyBundle, PolicyConditions, PolicyRequest } from "../../../shared/policies/language.ts";
import { isFor } from "../../../shared/policies/principals.ts";
import { bundle, request } from "./support/generated.ts";
import { slowDecide, slowHolds } from "./support/slow.ts";

type Flips = ReadonlySet<string>;
const nameOf = (policy: Policy, at: readonly (string | number)[]): string => `${policy.id}/${at.join("/")}`;

/** Every comparison of the policies that count, by name. */
function comparisonsOf(policies: readonly Policy[]): string[] {
  const names: string[] = [];
  const walk = (policy: Policy, part: PolicyConditions, at: readonly (string | number)[]): void => {
    const group = part as { all?: PolicyConditions[]; any?: PolicyConditions[]; not?: PolicyConditions; path?: string };
    group.all?.forEach((one, index) => void walk(policy, one, [...at, "all", index]));
    group.any?.forEach((one, index) => void walk(policy, one, [...at, "any", index]));
    if (group.not !== undefined) walk(policy, group.not, [...at, "not"]);
    if (group.path !== undefined) names.push(nameOf(policy, at));
  };
  for (const policy of policies) walk(policy, policy.conditions, []);
  return names;
}

/** The decision with some comparisons turned, by the plain words of the language. */
function decidedWith(policies: readonly Policy[], denied: boolean, asked: PolicyRequest, flips: Flips): boolean {
  const holds = (policy: Policy, part: PolicyConditions, at: readonly (string | number)[]): boolean => {
    const group = part as { all?: PolicyConditions[]; any?: PolicyConditions[]; not?: PolicyConditions; path?: string };
    if (group.all) return group.all.every((one, index) => holds(policy, one, [...at, "all", index]));
    if (group.any) return group.any.some((one, index) => holds(policy, one, [...at, "any", index]));
    if (group.not) return !holds(policy, group.not, [...at, "not"]);
    if (group.path === undefined) return true;
    return slowHolds(part, asked) !== flips.has(nameOf(policy, at));
  };
  const matching = policies.filter((policy) => holds(policy, policy.conditions, []));
  if (matching.some(({ effect }) => effect === "deny")) return false;
  return matching.length > 0 || !denied;
}

const counting = ({ policies }: PolicyBundle, { resource_type, action, principal }: PolicyRequest): Policy[] =>
  policies.filter(
    (policy) =>
      policy.status === "active" &&
      [resource_type, "*"].includes(policy.resource_type) &&
      [action, "*"].includes(policy.action) &&
      isFor(policy.assignments, principal),
  );

describe("an explanation", () => {
  it("says of every policy about the request how it came out, and decides as the policies do", () => {
    fc.assert(
      fc.property(bundle(), request, (policies, asked) => {
        const { decision, considered } = explain(policies, asked);
        expect(decision).toEqual(compilePolicies(policies).decide(asked));
        expect(
          considered
            .filter(({ applies }) => applies)
            .map(({ policy }) => policy.id)
            .sort(),
        ).toEqual(
          counting(policies, asked)
            .map(({ id }) => id)
            .sort(),
        );
        for (const { policy, holds } of considered) expect(holds).toBe(slowHolds(policy.conditions, asked));
      }),
      { numRuns: 500 },
    );
  });

  it("names the fewest comparisons that have to turn for it to be allowed: those do, and no fewer would", () => {
    let tried = 0;
    fc.assert(
      fc.property(bundle(), request, (policies, asked) => {
        const { nearest } = explain(policies, asked);
        const own = counting(policies, asked);
        const denied = policies.denied_by_default?.includes(asked.resource_type) === true;
        const names = comparisonsOf(own);
        const allowedWith = (turned: readonly string[]) => decidedWith(own, denied, asked, new Set(turned));
        expect(allowedWith([])).toBe(slowDecide(policies, asked) === "allow");
        const turned = nearest?.map(({ policy, at }: Turn) => nameOf(policy, at));
        if (turned !== undefined) expect(allowedWith(turned)).toBe(true);
        if (names.length > 9) return;
        tried++;
        const subsets = Array.from({ length: 2 ** names.length }, (_, bits) =>
          names.filter((_name, index) => (bits >> index) & 1),
        );
        const fewest = Math.min(...subsets.filter(allowedWith).map((subset) => subset.length));
        expect(turned?.length ?? Number.POSITIVE_INFINITY).toBe(fewest);
      }),
      { numRuns: 1_500 },
    );
    expect(tried).toBeGreaterThan(500);
  });

  it("knows no way where a policy always denies, or cannot be evaluated", () => {
    const one: Policy = {
      id: "pol_1",
      name: "One",
      effect: "deny",
      resource_type: "agent",
      action: "read",
      conditions: {},
      assignments: [{ type: "organization" }],
      status: "active",
      version: 1,
    };
    const asked: PolicyRequest = {
      resource_type: "agent",
      action: "read",
      principal: { kind: "user", id: "usr_1" },
      resource: {},
      context: {},
      at: new Date(0),
    };
    expect(explain({ policies: [one] }, asked).nearest).toBeNull();
    const broken = { ...one, conditions: { path: "principal.age", op: "eq", value: 1 } };
    expect(explain({ policies: [broken] }, asked)).toMatchObject({ nearest: null, considered: [{ holds: null }] });
    expect(explain({ policies: [], denied_by_default: ["agent"] }, asked).nearest).toBeNull();
  });
});
