import { describe, expect, it } from "vitest";
import { allOperations } from "../../../functions/operations.ts";
import type { Permission } from "../../../shared/access/permissions.ts";
import { Problem } from "../../../shared/errors.ts";
import { judged, type Left, type Permitted } from "../../../shared/http/judge.ts";
import type { OperationShape } from "../../../shared/http/operation.ts";
import { permissionOf, permissionsOf } from "../../../shared/http/permit.ts";
import { resourceTypes } from "../../../shared/http/resource.ts";
import type { Policy } from "../../../shared/policies/language.ts";

const nounOf = (permission: Permission) => permission.slice(0, permission.indexOf(":"));
const actionOf = (permission: Permission) => permission.slice(permission.indexOf(":") + 1);
const types = new Map<string, string>(
  resourceTypes.map((type) => [`${type}s`.replace(/([^aeiou])ys$/, "$1ies"), type]),
);

/** Whatever is asked of it; what it is of, is of this kind. */
const thingOf = (kind: string): unknown =>
  new Proxy({}, { get: (_, name) => (name === "kind" ? kind : name === "then" ? undefined : thingOf(kind)) });

let version = 0;

/** What is left of a request to the operation where everybody is denied this. */
async function withDenied(operation: OperationShape, resource_type: string, action: string): Promise<Left | Problem> {
  version += 1;
  const policy: Policy = {
    id: "pol_1",
    name: "Nobody",
    effect: "deny",
    resource_type,
    action,
    conditions: {},
    assignments: [{ type: "organization" }],
    status: "active",
    version: 1,
  };
  const rules = { version, roles: [], policies: [policy] };
  const thing = thingOf(resource_type === "agent" ? "agent" : "pipeline");
  try {
    return await judged({
      platform: { table: { of: () => ({ get: async () => rules }) } },
      operation,
      who: { session: undefined },
      rights: {
        by: "membership",
        membership: { role: "org_admin" },
        caller: {
          organization: { id: "org_1", rules_version: version },
          principal: { type: "user", id: "usr_1" },
          grants: ["*"],
        },
      },
      facts: { ip: "10.0.0.1", user_agent: "", method: operation.method },
      at: new Date("2026-06-01T12:00:00Z"),
      body: thing,
      path: {},
      load: async () => thing,
    } as unknown as Permitted);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

const asking = allOperations.flatMap(({ operation }) =>
  permissionOf(operation) === undefined ? [] : [operation as OperationShape],
);

describe("a policy that denies everybody", () => {
  it("what a permission names refuses it wherever it is asked for", async () => {
    const others = new Set<string>();
    for (const operation of asking) {
      const asked = permissionsOf(operation);
      for (const one of [...asked, ...operation.besides]) {
        const type = types.get(nounOf(one));
        if (type === undefined) {
          others.add(nounOf(one));
          continue;
        }
        const left = await withDenied(operation, type, actionOf(one));
        // Its handler asks for what it needs where one of several suffices.
        const why = left instanceof Problem ? left : left.refused.get(one);
        expect([why?.code, why?.options.members?.policy], `${operation.id} ${one}`).toEqual([
          "policy_denied",
          { id: "pol_1", name: "Nobody" },
        ]);
        if (asked.length === 1 && asked[0] === one) expect(left, operation.id).toBeInstanceOf(Problem);
      }
    }
    expect(asking.length).toBeGreaterThan(200);
    // These are about no type of things: what is said of the operation's own type is what bites.
    expect([...others].sort()).toEqual(["audit", "gdpr", "scim", "settings", "sso"]);
  });

  it("what is done with a type of things refuses all operations on them that do it, whatever else would suffice", async () => {
    for (const operation of asking) {
      const permission = permissionOf(operation);
      const type = operation.resource?.type;
      if (permission === undefined || type === undefined) continue;
      const left = await withDenied(operation, type, actionOf(permission));
      // The import alone makes things of two types, and asks for what it makes of each.
      if (type === types.get(nounOf(permission)) && operation.or.length > 0) {
        expect(operation.id).toBe("exchange.import");
        expect(left).toMatchObject({ refused: new Map([[permission, expect.any(Problem)]]) });
      } else expect(left instanceof Problem && left.code, operation.id).toBe("policy_denied");
    }
  });

  it("something else does not refuse it", async () => {
    for (const operation of asking) {
      const left = await withDenied(operation, "lineage", "export");
      expect(left, operation.id).toMatchObject({ shows: undefined, refused: new Map(), shadow: new Map() });
    }
  });
});
