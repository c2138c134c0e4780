import { describe, expect, it } from "vitest";
import { type Company, call, registerCompany, unique } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";
import { stand } from "../../support/standing.ts";

const slugOf = async ({ organization_id, call: ask }: Company) =>
  (await ask("GET", `/organizations/${organization_id}`)).body.slug as string;

describe("a deleted organization", () => {
  it("refuses everybody at once, keeps its slug, and comes back with everything when an owner restores it", async () => {
    const company = await registerCompany();
    const path = `/organizations/${company.organization_id}`;
    const [admin, viewer] = await Promise.all([addMember(company, "org_admin"), addMember(company, "viewer")]);
    const slug = await slugOf(company);
    const workspaces = (await company.call("GET", "/workspaces")).body.items;
    expect((await admin.call("DELETE", `${path}?confirm=${slug}`)).status).toBe(403);
    for (const query of ["", "?confirm=another"]) {
      const refused = await company.call("DELETE", path + query);
      expect([refused.status, refused.body.issues[0].path]).toEqual([422, "confirm"]);
    }
    const deleted = await company.call("DELETE", `${path}?confirm=${slug}`);
    expect([deleted.status, deleted.body.status]).toEqual([202, "deleted"]);
    expect(Date.parse(deleted.body.deletion.erase_at) - Date.parse(deleted.body.deletion.at)).toBe(30 * 86_400_000);

    // Who belongs to no other organization is still themselves, sees what was deleted, and can found another one.
    for (const one of [company, admin, viewer]) {
      const refused = await one.call("GET", "/workspaces");
      expect([refused.status, refused.body.code]).toEqual([403, "membership_inactive"]);
      const me = await one.call("GET", "/auth/me");
      expect([me.status, me.body.organization]).toEqual([200, null]);
    }
    const [mine] = (await company.call("GET", "/auth/me/organizations")).body.items;
    expect(mine).toMatchObject({
      id: company.organization_id,
      status: "deleted",
      erase_at: deleted.body.deletion.erase_at,
    });
    const login = await call("POST", "/auth/login", { body: { email: company.email, password: company.password } });
    expect(login.status).toBe(200);
    const other = (await company.call("POST", "/organizations", { name: unique("Branch") })).body.organization;
    expect((await company.call("POST", "/auth/me/switch-org", { organization_id: other.id })).status).toBe(200);
    expect((await company.call("GET", "/workspaces")).status).toBe(200);
    const back = await company.call("POST", "/auth/me/switch-org", { organization_id: company.organization_id });
    expect(back.status).toBe(422);
    expect((await company.call("PATCH", `/organizations/${other.id}`, { slug })).status).toBe(409);

    const restore = `${path}/restore`;
    const stranger = await registerCompany();
    expect((await stranger.call("POST", restore)).status).toBe(404);
    for (const one of [admin, viewer]) expect((await one.call("POST", restore)).status).toBe(403);
    expect((await company.call("POST", restore)).body).toMatchObject({ status: "active", deletion: null });
    expect((await company.call("POST", restore)).status).toBe(409);
    const there = { "organization-id": company.organization_id };
    expect((await company.call("GET", "/workspaces", undefined, there)).body.items).toEqual(workspaces);
    const trail = (
      await company.call("GET", `/audit/resources/organization/${company.organization_id}`, undefined, there)
    ).body.items;
    expect(trail.map(({ action }: { action: string }) => action)).toEqual(
      expect.arrayContaining(["organization.deleted", "organization.restored"]),
    );
  });

  it("that was suspended is suspended again once its owner has restored it, and a suspension is not theirs to end", async () => {
    const company = await registerCompany();
    const restore = `/organizations/${company.organization_id}/restore`;
    await stand(company.organization_id, "suspend");
    const refused = await company.call("POST", restore);
    expect([refused.status, refused.body.state]).toEqual([409, "suspended"]);
    await stand(company.organization_id, "delete");
    expect((await company.call("POST", restore)).body.status).toBe("suspended");
    expect((await company.call("GET", "/workspaces")).body.code).toBe("organization_suspended");
  });

  it("is deleted once, by two who ask at the same moment", async () => {
    const company = await registerCompany();
    const second = await addMember(company, "org_owner");
    const path = `/organizations/${company.organization_id}?confirm=${await slugOf(company)}`;
    const answers = await Promise.all([company, second].map((one) => one.call("DELETE", path)));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
  });
});
