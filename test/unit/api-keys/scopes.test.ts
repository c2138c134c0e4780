import { describe, expect, it } from "vitest";
import { endOf, scopesSchema } from "../../../functions/api-keys/model.ts";
import { decide } from "../../../shared/access/decide.ts";
import { beyondGrants, within } from "../../../shared/access/keys/scopes.ts";
import { allGrants, allPermissions, type Grant } from "../../../shared/access/permissions.ts";
import { builtInRoleNames, builtInRoles } from "../../../shared/access/roles.ts";
import { Problem } from "../../../shared/errors.ts";

const at = new Date("2026-05-01T10:00:00.000Z");

describe("what a key may do", () => {
  it.each(builtInRoleNames)("is each scope as far as its owner's role goes: %s", (role) => {
    const { grants } = builtInRoles[role];
    for (const scope of allGrants) {
      const may = new Set(within([scope], grants));
      for (const permission of allPermissions) {
        const both = decide([scope], permission).allowed && decide(grants, permission).allowed;
        expect([scope, permission, may.has(permission)]).toEqual([scope, permission, both]);
      }
    }
  });

  it("shrinks and grows with its owner's grants, whatever was asked before", () => {
    const scopes: Grant[] = ["agents:*"];
    const owned: Grant[][] = [["*"], ["agents:read"], [], ["pipelines:*"], ["*:delete"]];
    const found = () => owned.map((grants) => within(scopes, grants).join());
    const first = found();
    expect(first[1]).toBe("agents:read");
    expect(first[2]).toBe("");
    expect(first[4]).toBe("agents:delete");
    expect(found()).toEqual(first);
  });

  it("is told apart from what goes beyond", () => {
    expect(beyondGrants(["*:read"], builtInRoles.developer.grants)).toBe("sso:read");
    expect(beyondGrants(["agents:*"], builtInRoles.org_admin.grants)).toBeUndefined();
    expect(beyondGrants(["*"], builtInRoles.org_admin.grants)).toBe("organizations:delete");
    expect(beyondGrants(["*"], builtInRoles.org_owner.grants)).toBeUndefined();
  });

  it("is asked for by permissions and wildcards of the catalogue only", () => {
    for (const scopes of [["agents:fly"], ["nothing:*"], ["*:fly"], ["**"], [], ["agents:read "]])
      expect(scopesSchema.safeParse(scopes).success, JSON.stringify(scopes)).toBe(false);
    expect(scopesSchema.parse(["*:read", "agents:*", "agents:*"])).toEqual(["*:read", "agents:*"]);
  });
});

describe("the end of a key", () => {
  const refusal = (expires_at: string) => {
    try {
      return endOf(expires_at, at);
    } catch (error) {
      return error instanceof Problem ? error.options.issues : error;
    }
  };

  it("is none, or within two years", () => {
    expect(endOf(null, at)).toBeNull();
    expect(refusal("2026-05-01T12:00:00+02:00")).toEqual([{ path: "expires_at", message: "is over already" }]);
    expect(refusal("2026-05-01T12:00:01+02:00")).toBe("2026-05-01T10:00:01.000Z");
    expect(refusal("2028-05-01T10:00:00Z")).toBe("2028-05-01T10:00:00.000Z");
    expect(refusal("2028-05-02T10:00:01Z")).toEqual([{ path: "expires_at", message: "is more than two years ahead" }]);
  });
});
