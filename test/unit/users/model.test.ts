import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beyond, isActiveOwner, levelOf } from "../../../functions/users/model.ts";
import { decide, expandGrants } from "../../../shared/access/decide.ts";
import { roleSchema } from "../../../shared/access/own-roles.ts";
import { allPermissions } from "../../../shared/access/permissions.ts";
import { builtInGrants, builtInRoleNames, builtInRoles } from "../../../shared/access/roles.ts";

describe("nobody reaches beyond what they hold", () => {
  it("whatever they hold: a role within reach adds nothing to it", () => {
    fc.assert(
      fc.property(fc.subarray([...allPermissions]), fc.constantFrom(...builtInRoleNames), (grants, role) => {
        const gained = expandGrants(builtInGrants(role)).filter((one) => !decide(grants, one).allowed);
        expect(beyond(grants, builtInGrants(role))).toEqual(gained);
      }),
    );
  });

  it("an administrator reaches every built-in role but the owner's", () => {
    const { grants } = builtInRoles.org_admin;
    const out = builtInRoleNames.filter((role) => beyond(grants, builtInGrants(role)).length > 0);
    expect(out).toEqual(["org_owner", "billing_admin"]);
    expect(beyond(grants, builtInGrants("billing_admin"))).toEqual(["billing:update"]);
  });

  it("a role that no longer exists grants nothing, so anybody may take it away", () => {
    expect(builtInGrants("abolished")).toEqual([]);
    expect(beyond([], builtInGrants("abolished"))).toEqual([]);
  });
});

describe("a level", () => {
  it.each([
    ["viewer", 1],
    ["developer", 1],
    ["operator", 1],
    ["billing_admin", 1],
    ["org_admin", 2],
    ["org_owner", 3],
    ["abolished", 1],
  ] as const)("of a %s is %i", (role, level) => expect(levelOf(role)).toBe(level));
});

describe("an owner", () => {
  it("counts while active", () => {
    expect(isActiveOwner({ role: "org_owner", status: "active" })).toBe(true);
    expect(isActiveOwner({ role: "org_owner", status: "suspended" })).toBe(false);
    expect(isActiveOwner({ role: "org_admin", status: "active" })).toBe(false);
  });

  it("goes by the predecessor's name on input", () => {
    expect(roleSchema.parse("tenant_admin")).toBe("org_owner");
    expect(roleSchema.safeParse("super_admin").success).toBe(false);
  });
});
