import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide, expandGrants } from "../../../shared/access/decide.ts";
import { allPermissions, type Grant, isPermission, permissionCatalogue } from "../../../shared/access/permissions.ts";
import { builtInRoleNames, builtInRoles, roleAlias } from "../../../shared/access/roles.ts";

const permission = fc.constantFrom(...allPermissions);
const resourceOf = (name: string) => name.slice(0, name.indexOf(":"));
const actionOf = (name: string) => name.slice(name.indexOf(":") + 1);
const grant = fc.oneof(
  permission,
  permission.map((name) => `${resourceOf(name)}:*` as Grant),
  permission.map((name) => `*:${actionOf(name)}` as Grant),
);

describe("a decision", () => {
  it("lets pass exactly what a grant says: itself, all of a resource, one action everywhere, or everything", () => {
    fc.assert(
      fc.property(fc.array(grant, { maxLength: 4 }), permission, (grants, asked) => {
        const covered = grants.some((one) => {
          const [resource, action] = [resourceOf(one), actionOf(one)];
          return (resource === "*" || resource === resourceOf(asked)) && (action === "*" || action === actionOf(asked));
        });
        expect(decide(grants, asked).allowed).toBe(covered);
        expect(decide([...grants, "*"], asked).allowed).toBe(true);
      }),
    );
  });

  it("without grants lets nothing pass, and a grant more never takes anything away", () => {
    fc.assert(
      fc.property(fc.array(grant, { maxLength: 4 }), grant, (grants, more) => {
        expect(expandGrants([])).toEqual([]);
        expect(expandGrants([...grants, more])).toEqual(expect.arrayContaining(expandGrants(grants)));
      }),
    );
  });

  it("names the grant that decided", () => {
    expect(decide(["runs:read", "agents:*"], "agents:create")).toEqual({ allowed: true, by: "agents:*" });
  });

  it("of one resource never reaches another, though its name begins alike", () => {
    expect(decide(["agents:*"], "external_agents:read").allowed).toBe(false);
    expect(decide(["promotions:*"], "promotion_rules:read").allowed).toBe(false);
  });
});

describe("the built-in roles", () => {
  const of = (role: keyof typeof builtInRoles) => new Set<string>(expandGrants(builtInRoles[role].grants));

  it("grant only what is in the catalogue", () => {
    for (const role of builtInRoleNames) {
      for (const one of builtInRoles[role].grants) {
        const known = one === "*" || isPermission(one) || resourceOf(one) in permissionCatalogue;
        expect(known, `${role}: ${one}`).toBe(true);
      }
    }
  });

  it("differ as the domain says", () => {
    expect(of("org_owner")).toEqual(new Set(allPermissions));
    const denied = allPermissions.filter((one) => !of("org_admin").has(one));
    expect(denied.sort()).toEqual(["billing:update", "organizations:delete", "organizations:transfer"]);
    for (const hidden of ["billing:read", "sso:read", "scim:read", "audit:read"]) {
      for (const role of ["developer", "operator", "viewer"] as const) expect(of(role).has(hidden)).toBe(false);
    }
    expect([...of("viewer")].every((one) => one.endsWith(":read"))).toBe(true);
    expect([...of("viewer")].filter((one) => !of("developer").has(one))).toEqual([]);
    for (const needed of ["agents:execute", "agents:deploy", "pipelines:execute", "api_keys:create"])
      expect(of("developer").has(needed)).toBe(true);
    for (const forbidden of ["users:suspend", "roles:assign", "models:update", "webhooks:create"])
      expect(of("developer").has(forbidden)).toBe(false);
    expect(of("billing_admin")).toEqual(
      new Set(allPermissions.filter((one) => /^(billing|usage|budgets):|^(metrics|organizations):read$/.test(one))),
    );
  });

  it("know the predecessor's name of the owner on input only", () => {
    expect(roleAlias("tenant_admin")).toBe("org_owner");
    expect(roleAlias("viewer")).toBe("viewer");
    expect(builtInRoleNames).not.toContain("tenant_admin");
  });
});
