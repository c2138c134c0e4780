import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { afterRole } from "../../../functions/access/explaining/rules/place.ts";
import { permissionList, toRole } from "../../../functions/access/model.ts";
import { grantsWithout, plainGrants } from "../../../functions/access/rules/grants.ts";
import { accessRulesItem } from "../../../shared/access/bundle.ts";
import { decide, expandGrants } from "../../../shared/access/decide.ts";
import { manages } from "../../../shared/access/given.ts";
import { roleSchema } from "../../../shared/access/own-roles.ts";
import { allGrants, allPermissions, type Grant } from "../../../shared/access/permissions.ts";
import { builtInRoleNames, builtInRoles } from "../../../shared/access/roles.ts";
import { toStored } from "../../../shared/dynamo/item.ts";
import { sizeOfAttributes } from "../../../shared/dynamo/size.ts";
import { limits } from "../../../shared/http/schemas.ts";
import { givenRoles } from "../../../shared/identity/group-rules.ts";
import { newId } from "../../../shared/ids.ts";
import { plans } from "../../../shared/limits/plans.ts";

const grants = fc.subarray([...allGrants], { maxLength: 12 });

describe("what a role grants", () => {
  it("is kept in the catalogue's order, each grant once, and covers the same", () => {
    fc.assert(
      fc.property(grants, grants, (some, more) => {
        const plain = plainGrants([...some, ...more, ...some]);
        expect(expandGrants(plain)).toEqual(expandGrants([...some, ...more]));
        expect(plain).toEqual(allGrants.filter((grant) => plain.includes(grant)));
        expect(plainGrants(plain)).toEqual(plain);
      }),
    );
  });

  it("keeps every wildcard that no other one covers: it covers what the catalogue gets later", () => {
    expect(plainGrants(["agents:*", "agents:read", "*:read"])).toEqual(["agents:*", "*:read"]);
    expect(plainGrants(["audit:*", "audit:read", "audit:export"])).toEqual(["audit:*"]);
    expect(plainGrants(["*", "agents:*", "*:read", "users:read"])).toEqual(["*"]);
  });

  it("less some permissions is exactly the rest, wildcards or not", () => {
    fc.assert(
      fc.property(grants, fc.subarray([...allPermissions]), (some, without) => {
        const left = grantsWithout(some, without);
        const expected = expandGrants(some).filter((permission) => !without.includes(permission));
        expect(expandGrants(left)).toEqual(expected);
      }),
    );
    expect(grantsWithout(["agents:*", "*:read"], ["agents:delete"])).not.toContain("agents:*");
    expect(grantsWithout(["agents:*", "*:read"], ["agents:delete"])).toContain("*:read");
  });
});

describe("a role that people get by rules", () => {
  it("changes nobody's rights, and nothing of the organization: of the built-in ones all but owners and administrators", () => {
    const built = builtInRoleNames.filter((role) => !manages(builtInRoles[role].grants));
    expect(built).toEqual(givenRoles);
    for (const grant of ["*", "users:*", "*:update", "roles:assign", "settings:update", "scim:create"] as const)
      expect(manages(["agents:read", grant]), grant).toBe(true);
    expect(manages(["*:read", "agents:*", "webhooks:*", "billing:update"])).toBe(false);
  });
});

describe("the rules of an organization", () => {
  it("fit one item at their bound: 50 roles with the longest names and all permissions one by one", () => {
    const largest: Grant[] = allPermissions.filter((permission) => permission !== "settings:update");
    const roles = Array.from({ length: plans.enterprise.roles }, () => ({
      id: newId("role", new Date()),
      name: "\u{1F680}".repeat(limits.name / 2),
      grants: largest,
      revision: 999_999,
    }));
    const stored = toStored(accessRulesItem, newId("organization", new Date()), { version: 2 ** 40, roles });
    expect(Math.max(...Object.values(plans).map((plan) => plan.roles))).toBe(50);
    expect(sizeOfAttributes(stored)).toBeLessThan(200 * 1024);
  });
});

describe("a role in a request", () => {
  it("is a built-in one, the predecessor's name of the owner role, or an id", () => {
    const id = newId("role", new Date());
    expect(roleSchema.parse("viewer")).toBe("viewer");
    expect(roleSchema.parse("tenant_admin")).toBe("org_owner");
    expect(roleSchema.parse(id)).toBe(id);
    for (const wrong of ["", "emperor", `${id}X`, "rol_1", newId("user", new Date())])
      expect(roleSchema.safeParse(wrong).success, wrong).toBe(false);
  });
});

describe("who may do something", () => {
  const roles = ["org_owner", "developer", "rol_1", "rol_3"].map((role) => ({ role }));

  it.each([
    ["org_owner", ["org_owner", "developer", "rol_1", "rol_3"]],
    ["rol_1", ["rol_1", "rol_3"]],
    ["rol_2", ["rol_3"]],
    ["rol_4", []],
  ])("is listed from %s on, also when that role is gone", (at, expected) => {
    expect(afterRole(roles, at).map(({ role }) => role)).toEqual(expected);
  });
});

describe("the catalogue", () => {
  it("says of each permission what it lets somebody do, in one sentence", () => {
    for (const { id, description } of permissionList) expect(description, id).toMatch(/^[A-Z][^.]+\.$/);
    expect(new Set(permissionList.map(({ description }) => description)).size).toBe(permissionList.length);
  });

  it("covers what each built-in role shows", () => {
    const owner = toRole("org_owner");
    expect(owner).toMatchObject({ built_in: true, status: "active", replacement: null, name: "Organization owner" });
    expect(owner.permissions.every((permission) => decide(["*"], permission).allowed)).toBe(true);
  });
});
