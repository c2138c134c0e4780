import { describe, expect, it } from "vitest";
import { allBuiltIn, permissionList, permissionsOf } from "../../../functions/access/model.ts";
import { allOperations } from "../../../functions/operations.ts";
import { isPermission } from "../../../shared/access/permissions.ts";
import { withoutPermission } from "../../../shared/http/operation.ts";

describe("the catalogue of permissions", () => {
  it("has every permission that an operation asks for", () => {
    for (const { operation } of allOperations) {
      const { permission } = operation;
      expect(
        (withoutPermission as readonly string[]).includes(permission) || isPermission(permission),
        operation.id,
      ).toBe(true);
    }
  });

  it("is split by resource without loss", () => {
    const resources = [...new Set(permissionList.map(({ resource }) => resource))];
    expect(resources.flatMap((resource) => permissionsOf(resource))).toEqual(permissionsOf(undefined));
    expect(permissionsOf("nothing")).toEqual([]);
  });

  it("shows each role with the permissions its grants cover", () => {
    expect(allBuiltIn.find(({ id }) => id === "org_owner")?.permissions).toHaveLength(permissionList.length);
  });
});
