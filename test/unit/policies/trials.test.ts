import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allOperations } from "../../../functions/operations.ts";
import { askedFor } from "../../../functions/policies/rules/asked.ts";
import { contextSchema, principalSchema, thingSchema } from "../../../functions/policies/rules/described.ts";
import { isAsk } from "../../../functions/policies/rules/targets.ts";
import { requestFor, tried, triedAll } from "../../../functions/policies/rules/trial.ts";
import { loadableOf, readsThings } from "../../../functions/policies/trials/resources.ts";
import { Problem } from "../../../shared/errors.ts";
import type { OperationShape } from "../../../shared/http/operation.ts";
import { permissionOf } from "../../../shared/http/permit.ts";
import { attributes, attributesOfType } from "../../../shared/policies/attributes.ts";
import { compilePolicies } from "../../../shared/policies/decide.ts";
import type { Policy, PolicyRequest } from "../../../shared/policies/language.ts";
import { targets } from "../../../shared/policies/targets.ts";
import { withDenied } from "./support/denied.ts";
import { bundle, request } from "./support/generated.ts";

const asking = allOperations.flatMap(({ operation }) =>
  permissionOf(operation) === undefined ? [] : [operation as OperationShape],
);
const every = Object.entries(targets).flatMap(([resource_type, actions]) =>
  actions.map((action) => ({ resource_type, action })),
);

describe("what an operation asks policies", () => {
  it("is what dispatch asks: each of it refuses where it is denied, and nothing else does", async () => {
    for (const operation of asking.filter(({ or }) => or.length === 0)) {
      const { asks, method } = askedFor(operation.id) ?? { asks: [], method: "" };
      expect(method).toBe(operation.method);
      for (const ask of every) {
        const refused = (await withDenied(operation, ask.resource_type, ask.action)) instanceof Problem;
        const named = asks.some(
          ({ resource_type, action }) => resource_type === ask.resource_type && action === ask.action,
        );
        expect(named, `${operation.id} ${ask.resource_type} ${ask.action}`).toBe(refused);
      }
    }
    expect(asking.length).toBeGreaterThan(200);
  }, 120_000);

  it("is about the thing's own type where one of several permissions suffices", () => {
    const own = { resource_type: "suite", action: "update" };
    expect(askedFor("suites.update", "agent")?.asks).toEqual([own, { resource_type: "agent", action: "update" }]);
    expect(askedFor("suites.update", "pipeline")?.asks).toEqual([own, { resource_type: "pipeline", action: "update" }]);
    expect(askedFor("suites.update")?.asks).toHaveLength(3);
  });

  it("is nothing for an operation that is none, or that asks for no permission", () => {
    for (const id of ["agents.explode", "auth.sign_in", "toString", ""]) expect(askedFor(id)).toBeUndefined();
    for (const ask of every) expect(isAsk(ask)).toBe(true);
    expect(isAsk({ resource_type: "agent", action: "replay" })).toBe(false);
    expect(isAsk({ resource_type: "toString", action: "read" })).toBe(false);
  });
});

const secret: Policy = {
  id: "pol_1",
  name: "No secrets",
  effect: "deny",
  resource_type: "agent",
  action: "update",
  conditions: { all: [{ path: "resource.tags", op: "contains", value: "secret" }] },
  assignments: [{ type: "organization" }],
  status: "active",
  version: 3,
};
const asked = { resource_type: "agent", action: "update" };
const by = (resource: object) => ({
  principal: { kind: "user", id: "usr_1" },
  resource: { ...resource },
  context: {},
  at: new Date(0),
});

describe("a trial", () => {
  it("decides as the engine does, of what the thing's type has", () => {
    fc.assert(
      fc.property(bundle(), request, (policies, one: PolicyRequest) => {
        const { resource_type, action, ...how } = one;
        const ask = { resource_type, action };
        const { outcome, by, policy } = tried(policies, ask, how);
        const decision = compilePolicies(policies).decide(requestFor(ask, how));
        expect([outcome, by, policy?.id]).toEqual([decision.outcome, decision.by, decision.policy?.id]);
      }),
      { numRuns: 500 },
    );
    expect(requestFor(asked, by({ name: "A", environment: "production" })).resource).toEqual({ name: "A" });
    expect(requestFor({ resource_type: "role", action: "read" }, by({ name: "A" })).resource).toEqual({});
  });

  it("says by what it came to that, and what would have to be otherwise", () => {
    const denied = tried({ policies: [secret] }, asked, by({ tags: ["secret"] }));
    const path = "conditions.all.0";
    expect(denied).toEqual({
      ...asked,
      outcome: "deny",
      by: "policy",
      policy: { id: "pol_1", name: "No secrets", version: 3 },
      considered: [
        {
          id: "pol_1",
          name: "No secrets",
          version: 3,
          effect: "deny",
          applies: true,
          holds: true,
          reasons: [{ path, sentence: 'the thing\'s tags include "secret"', held: true }],
        },
      ],
      nearest: [{ policy_id: "pol_1", path, sentence: 'the thing\'s tags do not include "secret"' }],
    });
    const allowed = tried({ policies: [secret] }, asked, by({ tags: [] }));
    expect([allowed.outcome, allowed.by, allowed.policy, allowed.nearest]).toEqual(["allow", "default", null, []]);
    expect(allowed.considered[0]?.reasons).toEqual([
      { path, sentence: 'the thing\'s tags do not include "secret"', held: false },
    ]);
  });

  it("of several questions comes out as the first that is not allowed", () => {
    const both = [{ resource_type: "suite", action: "update" }, asked];
    const { outcome, decisions } = triedAll({ policies: [secret] }, both, by({ tags: ["secret"] }));
    expect([outcome, decisions.map((one) => one.outcome)]).toEqual(["deny", ["allow", "deny"]]);
    expect(triedAll({ policies: [secret] }, both, by({})).outcome).toBe("allow");
  });
});

describe("what is described", () => {
  it("has every attribute that is not worked out, and no other", () => {
    const paths = [
      ["principal", principalSchema],
      ["resource", thingSchema],
      ["context", contextSchema],
    ] as const;
    const known = paths.flatMap(([root, schema]) =>
      Object.keys((schema as unknown as { shape: object }).shape).map((name) => `${root}.${name}`),
    );
    const worked = ["principal.email_domain", "resource.type", "context.request_time"];
    const described = [...attributes.keys()].filter((path) => !path.startsWith("time.") && !worked.includes(path));
    expect(known.sort()).toEqual([...described, "principal.acts_for", "context.at"].sort());
    expect(thingSchema.safeParse({ age: 1 }).success).toBe(false);
  });

  it("is taken as things have it", () => {
    expect(thingSchema.parse({ created_at: "2026-01-31T13:00:00+01:00" })).toEqual({
      created_at: "2026-01-31T12:00:00.000Z",
    });
    expect(principalSchema.parse({ email: "Ada@Example.com" })).toEqual({ email: "ada@example.com" });
    expect(principalSchema.safeParse({ kind: "robot" }).success).toBe(false);
    expect(principalSchema.safeParse({ level: 4 }).success).toBe(false);
    expect(contextSchema.safeParse({ ip: "10.0.0.0/8" }).success).toBe(false);
    expect(contextSchema.parse({ ip: "2001:db8::1" })).toEqual({ ip: "2001:db8::1" });
  });
});

describe("what can be looked up", () => {
  it("is every type that policies look at, by the permission that reads it", () => {
    const types = ["agt_1", "pip_1", "wsp_1", "gtw_1", "dep_1", "whk_1", "sch_1", "key_1", "tem_1", "run_1"].map((id) =>
      loadableOf(id),
    );
    expect(types.map((one) => one?.resource.type)).toEqual(Object.keys(attributesOfType));
    expect([...new Set(types.map((one) => one?.permission))]).toEqual([...readsThings]);
    for (const id of ["rol_1", "", undefined, {}]) expect(loadableOf(id)).toBeUndefined();
  });
});
