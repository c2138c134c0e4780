import * as z from "zod";
import { Problem } from "../../../shared/errors.ts";
import { nameSchema } from "../../../shared/http/schemas.ts";
import { typeHas } from "../../../shared/policies/attributes.ts";
import { compilePolicies } from "../../../shared/policies/decide.ts";
import type { ContextFacts, PolicyBundle } from "../../../shared/policies/language.ts";
import { effectSchema } from "../model.ts";
import { contextSchema, principalSchema, thingSchema } from "./described.ts";
import { isAsk } from "./targets.ts";
import { requestFor, whoIs } from "./trial.ts";

/** Requests that somebody describes, with the outcome that the policies have to give them. */

export const MOST_TESTS = 50;
/** All tests of one policy, as JSON: they stand in its item. */
export const MOST_TEST_BYTES = 32 * 1024;

/** When a test is asked that says nothing of its time: on a Monday, at noon in UTC, so that its outcome is always the same. */
export const TEST_TIME = "2026-01-05T12:00:00.000Z";

const what = z.string().min(1).max(64).optional();

export const policyTestSchema = z
  .strictObject({
    name: nameSchema,
    resource_type: what.meta({
      description: "The policy's own unless told; needed where that is `*`.",
      example: "agent",
    }),
    action: what.meta({ description: "The policy's own unless told; needed where that is `*`.", example: "update" }),
    principal: principalSchema.default({}),
    resource: thingSchema.default({}),
    context: contextSchema.default({}).meta({ description: `Without \`at\` it is ${TEST_TIME}, a Monday.` }),
    expected: effectSchema,
  })
  .meta({
    id: "PolicyTest",
    description: "A request with the outcome that it has to have.",
    example: {
      name: "Developers leave secrets alone",
      principal: { role: "developer" },
      resource: { tags: ["secret"] },
      expected: "deny",
    },
  });

export const policyTestsSchema = z.array(policyTestSchema).max(MOST_TESTS);

/** As a test is kept: what it describes was checked when it was said, and is no fault where it has no name any more. */
const keptSchema = z.object({
  name: z.string(),
  resource_type: z.string(),
  action: z.string(),
  principal: z.record(z.string(), z.unknown()),
  resource: z.record(z.string(), z.unknown()),
  context: z.looseObject({ at: z.string() }),
  expected: effectSchema,
});
export const storedTestsSchema = z.array(keptSchema).default([]);
export type PolicyTest = z.output<typeof keptSchema>;

export const policyTestView = keptSchema.meta({
  id: "PolicyTestKept",
  description: "A test of a policy, with all that it asks.",
  example: {
    name: "Developers leave secrets alone",
    resource_type: "agent",
    action: "update",
    principal: { role: "developer" },
    resource: { tags: ["secret"] },
    context: { at: TEST_TIME },
    expected: "deny",
  },
});

/**
 * Tests as they are kept: each with all that it asks.
 * @param policy what they ask about where they do not say it
 * @throws Problem `validation_failed` with everything that is wrong with them
 */
export function checkedTests(
  tests: z.output<typeof policyTestsSchema>,
  policy: { readonly resource_type: string; readonly action: string },
): PolicyTest[] {
  const kept = tests.map(({ resource_type = policy.resource_type, action = policy.action, context, ...said }) => ({
    ...said,
    resource_type,
    action,
    context: { at: TEST_TIME, ...context },
  }));
  const issues = kept.flatMap((test, index) =>
    issuesOf(test).map((one) => ({ ...one, path: `tests.${index}.${one.path}` })),
  );
  const names = kept.map(({ name }) => name);
  for (const [index, name] of names.entries())
    if (names.indexOf(name) < index)
      issues.push({ path: `tests.${index}.name`, message: "is the name of another test" });
  if (Buffer.byteLength(JSON.stringify(kept)) > MOST_TEST_BYTES)
    issues.push({ path: "tests", message: `are longer than ${MOST_TEST_BYTES} bytes: leave out what does not matter` });
  if (issues.length > 0) throw new Problem("validation_failed", "The tests cannot be kept like this.", { issues });
  return kept;
}

function issuesOf(test: PolicyTest): { path: string; message: string }[] {
  if (!isAsk(test)) {
    const path = test.resource_type === "*" ? "resource_type" : "action";
    return [{ path, message: "must name a type of things, and something that is done with these" }];
  }
  return Object.keys(test.resource).flatMap((name) =>
    typeHas(test.resource_type, name)
      ? []
      : [{ path: `resource.${name}`, message: `is no attribute of \`${test.resource_type}\`` }],
  );
}

/** How a test came out. */
export interface TestResult {
  readonly name: string;
  readonly passed: boolean;
  readonly expected: PolicyTest["expected"];
  readonly actual: PolicyTest["expected"];
  /** What decided. */
  readonly policy: { readonly id: string; readonly name: string; readonly version: number } | null;
}

/** Asks the policies what the tests ask. */
export function run(tests: readonly PolicyTest[], bundle: PolicyBundle): TestResult[] {
  const policies = compilePolicies(bundle);
  return tests.map(({ name, expected, resource_type, action, principal, resource, context }) => {
    const { at, ...how } = context;
    const asked = { principal: whoIs(principal), resource, context: how as ContextFacts, at: new Date(at) };
    const { outcome, policy } = policies.decide(requestFor({ resource_type, action }, asked));
    return {
      name,
      passed: outcome === expected,
      expected,
      actual: outcome,
      policy: policy === undefined ? null : { id: policy.id, name: policy.name, version: policy.version },
    };
  });
}

/** @throws Problem `policy_tests_failed` with each that does not come out as it expects */
export function requirePassing(tests: readonly PolicyTest[], bundle: PolicyBundle): void {
  const failing = run(tests, bundle).filter(({ passed }) => !passed);
  if (failing.length === 0) return;
  const [first] = failing;
  throw new Problem(
    "policy_tests_failed",
    `${failing.length} of ${tests.length} tests fail, the first of them "${first?.name}": it expects \`${first?.expected}\`, and \`${first?.actual}\` comes out.`,
    { members: { failing: failing.map(({ passed: _, ...one }) => one) } },
  );
}
