import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  checkedTests,
  MOST_TESTS,
  type PolicyTest,
  policyTestSchema,
  policyTestsSchema,
  requirePassing,
  run,
  storedTestsSchema,
  TEST_TIME,
} from "../../../functions/policies/rules/tests.ts";
import { Problem } from "../../../shared/errors.ts";
import { compilePolicies } from "../../../shared/policies/decide.ts";
import { type PolicyBundle, policyEffects } from "../../../shared/policies/language.ts";
import { bundle, request } from "./support/generated.ts";

const agents = { resource_type: "agent", action: "update" };
const everything = { resource_type: "*", action: "*" };
const said = (more: object = {}) => policyTestSchema.parse({ name: "One", expected: "deny", ...more });
const issues = (tests: readonly ReturnType<typeof said>[], of = agents) => {
  try {
    checkedTests([...tests], of);
  } catch (error) {
    if (error instanceof Problem) return error.options.issues?.map(({ path }) => path);
    throw error;
  }
  return [];
};

describe("tests of a policy", () => {
  it("are kept with all that they ask: what the policy is about, and a time that is always the same", () => {
    const [kept] = checkedTests([said({ principal: { role: "viewer" } })], agents);
    expect(kept).toEqual({
      name: "One",
      ...agents,
      principal: { role: "viewer" },
      resource: {},
      context: { at: TEST_TIME },
      expected: "deny",
    });
    expect(new Date(TEST_TIME).getUTCDay()).toBe(1);
    const own = {
      ...said(),
      resource_type: "pipeline",
      action: "execute",
      context: { at: "2026-02-01T00:00:00.000Z" },
    };
    expect(checkedTests([own], agents)).toEqual([{ ...own }]);
    expect(storedTestsSchema.parse(checkedTests([said(), said({ name: "Two" })], agents))).toHaveLength(2);
    expect(storedTestsSchema.parse(undefined)).toEqual([]);
  });

  it("are refused where they ask what nobody asks, each with its place", () => {
    expect(issues([said()], everything)).toEqual(["tests.0.resource_type"]);
    expect(issues([said({ resource_type: "agent" })], everything)).toEqual(["tests.0.action"]);
    expect(issues([said(agents)], everything)).toEqual([]);
    expect(issues([said({ action: "replay" })])).toEqual(["tests.0.action"]);
    expect(issues([said(), said()])).toEqual(["tests.1.name"]);
    expect(issues([said(), said({ name: "Two", resource: { environment: "production" } })])).toEqual([
      "tests.1.resource.environment",
    ]);
    const long = Array.from({ length: MOST_TESTS }, (_, i) =>
      said({ name: `T${i}`, resource: { name: "x".repeat(900) } }),
    );
    expect(issues(long)).toEqual(["tests"]);
    expect(policyTestsSchema.safeParse([...long, said({ name: "More" })]).success).toBe(false);
  });

  it("come out as the policies decide, whatever they are, and pass where that is expected", () => {
    fc.assert(
      fc.property(bundle(), request, fc.constantFrom(...policyEffects), (policies, asked, expected) => {
        const { at, context, resource_type, action } = asked;
        const principal = { level: 2, ...asked.principal };
        const test: PolicyTest = {
          name: "One",
          ...{ resource_type, action, principal, resource: {}, expected },
          context: { ...context, at: at.toISOString() },
        };
        const { outcome, policy } = compilePolicies(policies).decide({ ...asked, principal, resource: {} });
        const [result] = run([test], policies);
        expect(result).toMatchObject({ expected, actual: outcome, passed: outcome === expected });
        expect(result?.policy?.id).toBe(policy?.id);
        const passing = () => requirePassing([test], policies);
        if (result?.passed) expect(passing).not.toThrow();
        else expect(passing).toThrow(/policy_tests_failed/);
      }),
      { numRuns: 300 },
    );
  });

  it("that fail are each named with what comes out, and by what", () => {
    const policies: PolicyBundle = {
      policies: [
        {
          ...{ id: "pol_1", name: "No", conditions: {}, ...agents, version: 2 },
          effect: "deny",
          assignments: [{ type: "role", id: "viewer" }],
          status: "active",
        },
      ],
    };
    const viewer = { principal: { role: "viewer" } };
    const tests = checkedTests(
      [said(viewer), said({ name: "Two" }), said({ name: "Three", ...viewer, expected: "allow" })],
      agents,
    );
    try {
      requirePassing(tests, policies);
      expect.unreachable();
    } catch (problem) {
      expect((problem as Problem).code).toBe("policy_tests_failed");
      expect((problem as Problem).options.members).toEqual({
        failing: [
          { name: "Two", expected: "deny", actual: "allow", policy: null },
          { name: "Three", expected: "allow", actual: "deny", policy: { id: "pol_1", name: "No", version: 2 } },
        ],
      });
    }
  });
});
