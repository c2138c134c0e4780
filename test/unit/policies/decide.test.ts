import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileConditions } from "../../../shared/policies/compile.ts";
import { compilePolicies } from "../../../shared/policies/decide.ts";
import { Facts } from "../../../shared/policies/facts.ts";
import type { Policy, PolicyConditions, PolicyRequest } from "../../../shared/policies/language.ts";
import { thorough } from "../../support/thorough.ts";
import { bundle, conditions, request } from "./support/generated.ts";
import { slowDecide, slowHolds } from "./support/slow.ts";

const RUNS = thorough ? 50_000 : 3_000;

const asked: PolicyRequest = {
  resource_type: "agent",
  action: "update",
  principal: { kind: "user", id: "usr_1", role: "developer" },
  resource: { id: "agt_1", name: "Support", tags: ["vip"], description: null },
  context: { ip: "10.1.2.3" },
  at: new Date("2026-06-01T12:00:00Z"),
};
const policy = (over: Partial<Policy>): Policy => ({
  id: "pol_1",
  name: "One",
  effect: "deny",
  resource_type: "agent",
  action: "update",
  conditions: {},
  assignments: [{ type: "organization" }],
  status: "active",
  version: 1,
  ...over,
});
const never: PolicyConditions = { path: "principal.role", op: "eq", value: "nobody" };
const decide = (policies: readonly Policy[], denied_by_default: readonly string[] = [], request = asked) =>
  compilePolicies({ policies, denied_by_default }).decide(request);

describe("the order", () => {
  const deny = policy({ id: "pol_deny" });
  const allow = policy({ id: "pol_allow", effect: "allow" });
  const ask = policy({ id: "pol_ask", effect: "require_approval" });
  // What no compiler would make of conditions that were checked: an item that was changed by hand, or by a later version.
  const broken = policy({ id: "pol_broken", conditions: { path: "principal.age", op: "eq", value: 1 } });

  it("is deny, error, approval, allow, and then what holds for the type", () => {
    expect(decide([allow, broken, ask, deny])).toMatchObject({ outcome: "deny", by: "policy", policy: deny });
    expect(decide([allow, broken, ask])).toMatchObject({ outcome: "deny", by: "error", policy: broken });
    expect(decide([allow, ask])).toMatchObject({ outcome: "require_approval", by: "policy", policy: ask });
    expect(decide([allow], ["agent"])).toMatchObject({ outcome: "allow", by: "policy", policy: allow });
    expect(decide([], ["agent"])).toEqual({ outcome: "deny", by: "default", errors: [] });
    expect(decide([policy({ conditions: never })], ["pipeline"])).toEqual({
      outcome: "allow",
      by: "default",
      errors: [],
    });
  });

  it("an error says which policy it was, once, and what happened", () => {
    const twice = {
      ...broken,
      assignments: [
        { type: "role", id: "developer" },
        { type: "user", id: "usr_1" },
      ],
    } as const;
    expect(decide([twice]).errors).toEqual([{ policy: twice, message: "there is no attribute principal.age" }]);
  });

  it("a broken policy about something else, or for somebody else, does no harm", () => {
    expect(decide([{ ...broken, action: "read" }]).outcome).toBe("allow");
    expect(decide([{ ...broken, resource_type: "pipeline" }]).outcome).toBe("allow");
    expect(decide([{ ...broken, assignments: [{ type: "role", id: "viewer" }] }]).outcome).toBe("allow");
    expect(decide([{ ...broken, status: "draft" }]).outcome).toBe("allow");
  });

  it("what cannot be found out of the caller denies", () => {
    const principal = {
      ...asked.principal,
      get teams(): string[] {
        throw new Error("the teams could not be read");
      },
    };
    const ofTeam = policy({ assignments: [{ type: "team", id: "team_1" }] });
    const error = { message: "the teams could not be read" };
    expect(decide([ofTeam], [], { ...asked, principal })).toEqual({ outcome: "deny", by: "error", errors: [error] });
    // Nothing asks for the teams: nothing is read.
    expect(decide([policy({ conditions: never })], [], { ...asked, principal }).outcome).toBe("allow");
    const conditions = { path: "principal.teams", op: "contains", value: "team_1" };
    expect(decide([policy({ conditions })], [], { ...asked, principal })).toMatchObject({
      outcome: "deny",
      by: "error",
    });
  });

  it("a policy that is for nobody decides nothing", () => {
    expect(decide([policy({ assignments: [] })]).outcome).toBe("allow");
  });

  it("a user's policies are for the person, not for a key or a run of the same id", () => {
    const own = policy({ assignments: [{ type: "user", id: "usr_1" }] });
    expect(decide([own]).outcome).toBe("deny");
    expect(decide([own], [], { ...asked, principal: { ...asked.principal, kind: "agent" } }).outcome).toBe("allow");
  });

  it("what is for a member is for the keys that act for them", () => {
    const own = policy({ assignments: [{ type: "user", id: "usr_1" }] });
    const key = { kind: "api_key", id: "key_1", api_key_id: "key_1" };
    expect(decide([own], [], { ...asked, principal: { ...key, acts_for: "usr_1" } }).outcome).toBe("deny");
    expect(decide([own], [], { ...asked, principal: { ...key, acts_for: "usr_2" } }).outcome).toBe("allow");
    expect(decide([own], [], { ...asked, principal: key }).outcome).toBe("allow");
  });

  it("drafts and shadows can be asked for by their status", () => {
    const shadow = policy({ status: "shadow" });
    expect(compilePolicies({ policies: [shadow] }).decide(asked).outcome).toBe("allow");
    expect(compilePolicies({ policies: [shadow] }, ["active", "shadow"]).decide(asked).outcome).toBe("deny");
  });
});

describe("what a decision needs to know", () => {
  it("is told by type and action, on both sides of a comparison, and for whom policies are", () => {
    const compiled = compilePolicies({
      policies: [
        policy({
          conditions: { path: "resource.created_by", op: "ne", value: { $ref: "attribute", path: "principal.id" } },
        }),
        policy({ action: "read", conditions: { not: { path: "principal.mfa", op: "eq", value: true } } }),
        policy({ action: "read", assignments: [{ type: "team", id: "team_1" }] }),
        policy({ action: "delete", assignments: [], conditions: { path: "principal.email", op: "exists" } }),
      ],
    });
    expect([...(compiled.reads("agent", "update") ?? [])].sort()).toEqual(["principal.id", "resource.created_by"]);
    expect([...(compiled.reads("agent", "read") ?? [])].sort()).toEqual(["principal.mfa", "principal.teams"]);
    expect(compiled.reads("agent", "delete")).toBeUndefined();
    expect(compiled.reads("pipeline", "update")).toBeUndefined();
  });
});

describe("what is missing", () => {
  const holds = (path: string, op: string, value?: unknown) =>
    compileConditions({ path, op, ...(value === undefined ? {} : { value }) })(new Facts(asked));

  it("equals nothing, on either side, and null is missing", () => {
    for (const path of ["principal.email", "resource.status"]) {
      expect(holds(path, "eq", "x")).toBe(false);
      expect(holds(path, "ne", "x")).toBe(true);
      expect(holds(path, "in", ["x"])).toBe(false);
      expect(holds(path, "not_in", ["x"])).toBe(true);
      expect(holds(path, "contains", "x")).toBe(false);
      expect(holds(path, "not_contains", "x")).toBe(true);
      expect(holds(path, "matches", ".*")).toBe(false);
      expect(holds(path, "exists")).toBe(false);
      expect(holds(path, "not_exists")).toBe(true);
      expect(holds(path, "is_empty")).toBe(true);
    }
    const other = { $ref: "attribute", path: "resource.owner_id" };
    expect(holds("principal.id", "eq", other)).toBe(false);
    expect(holds("principal.id", "ne", other)).toBe(true);
    expect(holds("resource.created_by", "eq", other)).toBe(false);
  });

  it("a text that is longer than any attribute is matched with no pattern: that is an error, and denies", () => {
    const long = { ...asked, resource: { name: "a".repeat(8_001) } };
    const matching = policy({ effect: "allow", conditions: { path: "resource.name", op: "matches", value: "^a" } });
    expect(decide([matching], [], long)).toMatchObject({ outcome: "deny", by: "error" });
  });
});

describe("a list", () => {
  it("shows of any things those that may be read one by one", () => {
    fc.assert(
      fc.property(bundle(), fc.array(request, { minLength: 1, maxLength: 6 }), (policies, requests) => {
        const compiled = compilePolicies(policies);
        const [first] = requests;
        if (first === undefined) return;
        const decider = compiled.decider(first);
        for (const { resource } of requests) {
          const shown = decider(resource).outcome;
          expect(shown).toBe(compiled.decide({ ...first, resource }).outcome);
          expect(shown).toBe(slowDecide(policies, { ...first, resource }));
        }
      }),
      { numRuns: thorough ? 10_000 : 1_000 },
    );
  });
});

describe("a decision", () => {
  it("is the one that the words of the language say, for any policies and any request", () => {
    fc.assert(
      fc.property(bundle(), fc.array(request, { minLength: 1, maxLength: 5 }), (policies, requests) => {
        const compiled = compilePolicies(policies);
        for (const one of requests) expect(compiled.decide(one).outcome).toBe(slowDecide(policies, one));
      }),
      { numRuns: RUNS },
    );
  }, 1_800_000);

  it("conditions hold as the words of the language say", () => {
    fc.assert(
      fc.property(
        conditions({ resource_type: "agent" }),
        fc.array(request, { minLength: 1, maxLength: 5 }),
        (one, requests) => {
          const holds = compileConditions(one);
          for (const asked of requests) expect(holds(new Facts(asked))).toBe(slowHolds(one, asked));
        },
      ),
      { numRuns: RUNS },
    );
  }, 1_800_000);
});
