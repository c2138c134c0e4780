import { describe, expect, it } from "vitest";
import { allOperations } from "../../../functions/operations.ts";
import type { Permission } from "../../../shared/access/permissions.ts";
import { Problem } from "../../../shared/errors.ts";
import type { OperationShape } from "../../../shared/http/operation.ts";
import { permissionOf, permissionsOf } from "../../../shared/http/permit.ts";
import { resourceTypes } from "../../../shared/http/resource.ts";
import { withDenied } from "./support/denied.ts";

const nounOf = (permission: Permission) => permission.slice(0, permission.indexOf(":"));
const actionOf = (permission: Permission) => permission.slice(permission.indexOf(":") + 1);
const types = new Map<string, string>(
  resourceTypes.map((type) => [`${type}s`.replace(/([^aeiou])ys$/, "$1ies"), type]),
);

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

  it("what is listed under another thing refuses the list", async () => {
    const listing = asking.filter(({ lists }) => lists !== undefined);
    expect(listing.map(({ id }) => id).sort()).toEqual([
      "panel.list_agent_tests",
      "panel.list_pipeline_tests",
      "suites.list_of_agent",
      "suites.list_of_pipeline",
      "suites.list_runs",
    ]);
    for (const operation of listing) {
      const left = await withDenied(operation, operation.lists ?? "", "read");
      expect(left instanceof Problem && left.code, operation.id).toBe("policy_denied");
    }
  });

  it("something else does not refuse it", async () => {
    for (const operation of asking) {
      const left = await withDenied(operation, "lineage", "export");
      expect(left, operation.id).toMatchObject({ shows: undefined, refused: new Map(), shadow: new Map() });
    }
  });
});
