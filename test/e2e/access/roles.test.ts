import { describe, expect, it } from "vitest";
import { allPermissions } from "../../../shared/access/permissions.ts";
import { registerCompany } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";

describe("roles and permissions", () => {
  it("are readable with what each role grants, which is what its members may do", async () => {
    const company = await registerCompany();
    const developer = await addMember(company, "developer");
    const roles = await developer.call("GET", "/roles");
    expect(roles.body.items.map(({ id }: { id: string }) => id)).toEqual([
      "org_owner",
      "org_admin",
      "developer",
      "operator",
      "billing_admin",
      "viewer",
    ]);
    const own = await developer.call("GET", "/roles/developer");
    expect(own.body.permissions).toEqual((await developer.call("GET", "/auth/permissions")).body.permissions);
    expect((await developer.call("GET", "/roles/tenant_admin")).body.id).toBe("org_owner");
    expect((await developer.call("GET", "/roles/emperor")).status).toBe(404);
  });

  it("come from one catalogue", async () => {
    const company = await registerCompany();
    const all = await company.call("GET", "/permissions");
    expect(all.body.items.map(({ id }: { id: string }) => id)).toEqual(allPermissions);
    const agents = await company.call("GET", "/permissions?resource=agents");
    expect(agents.body.items.every(({ resource }: { resource: string }) => resource === "agents")).toBe(true);
    expect((await company.call("GET", "/permissions?resource=unicorns")).status).toBe(422);
  });
});
