import { describe, expect, it } from "vitest";
import { differences } from "../../../functions/policies/rules/differences.ts";
import { widened } from "../../../functions/policies/rules/widened.ts";
import { compilePolicies } from "../../../shared/policies/decide.ts";
import type { Policy, PolicyBundle } from "../../../shared/policies/language.ts";

const tagged = (value: unknown) => ({ path: "resource.tags", op: "contains", value });

describe("what differs between two versions", () => {
  it("is said field by field, of conditions by their place", () => {
    const old = { name: "A", effect: "deny", conditions: { all: [tagged("a"), { not: tagged("b") }] } };
    expect(differences(old, old)).toEqual([]);
    expect(differences(old, { ...old, name: "B", conditions: { all: [tagged("a"), { not: tagged("c") }] } })).toEqual([
      { path: "name", old: "A", new: "B" },
      { path: "conditions.all.1.not.value", old: "b", new: "c" },
    ]);
    expect(differences(old, { ...old, conditions: { all: [tagged("a")] } })).toEqual([
      { path: "conditions.all.1", old: { not: tagged("b") }, new: null },
    ]);
  });

  it("is a list of values as a whole, and of another shape what there was and what there is", () => {
    expect(differences({ value: ["a", "b"] }, { value: ["a"] })).toEqual([
      { path: "value", old: ["a", "b"], new: ["a"] },
    ]);
    expect(differences({ value: "a" }, { value: { $ref: "x" } })).toEqual([
      { path: "value", old: "a", new: { $ref: "x" } },
    ]);
    expect(differences({ conditions: {} }, { conditions: tagged("a") }).map(({ path }) => path)).toEqual([
      "conditions.path",
      "conditions.op",
      "conditions.value",
    ]);
    expect(differences(undefined, { name: "A" })).toEqual([{ path: "", old: null, new: { name: "A" } }]);
  });
});

describe("what comes out otherwise", () => {
  const policy = (more: Partial<Policy> = {}): Policy => ({
    ...{
      id: "pol_1",
      name: "One",
      effect: "deny",
      resource_type: "agent",
      action: "update",
      status: "active",
      version: 1,
    },
    conditions: {},
    assignments: [{ type: "organization" }],
    ...more,
  });

  it("is shown with a request of which that is so", () => {
    const before: PolicyBundle = {
      policies: [policy({ conditions: { not: { path: "context.ip", op: "in", value: ["192.0.2.0/24"] } } })],
    };
    const after: PolicyBundle = {
      policies: [
        policy({ conditions: { path: "time.hour", op: "lt", value: 9 }, assignments: [{ type: "user", id: "usr_1" }] }),
      ],
    };
    for (const [old, next] of [
      [before, after],
      [after, before],
    ] as const) {
      const { allowed, denied, complete } = widened(old, next);
      expect(complete).toBe(true);
      expect(allowed.length).toBeGreaterThan(0);
      const outcome = (bundle: PolicyBundle, { example }: (typeof allowed)[number]) =>
        compilePolicies(bundle).decide({
          ...{ resource_type: "agent", action: "update", resource: example.resource, context: example.context },
          principal: { kind: "user", id: "~somebody", ...example.principal },
          at: new Date("at" in example.context ? String(example.context.at) : 0),
        }).outcome;
      for (const one of allowed) expect([outcome(old, one), outcome(next, one)]).toEqual(["deny", "allow"]);
      for (const one of denied) expect([outcome(old, one), outcome(next, one)]).toEqual(["allow", "deny"]);
    }
  });

  it("is nothing where both say the same, and has a bound", () => {
    const one = { policies: [policy()] };
    expect(widened(one, { policies: [policy({ version: 2, name: "Two" })] })).toEqual({
      allowed: [],
      denied: [],
      complete: true,
    });
    const many = Array.from({ length: 60 }, (_, index) => policy({ id: `pol_${index}`, action: `action_${index}` }));
    const { allowed, complete } = widened({ policies: many }, { policies: [] });
    expect([allowed.length, complete]).toEqual([50, false]);
  });
});
