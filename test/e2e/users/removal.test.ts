import { describe, expect, it } from "vitest";
import { call, eventually, registerCompany, unique } from "../../support/api.ts";
import { invited, linkOf } from "../../support/invitations.ts";
import { addMember } from "../../support/members.ts";

describe("a member who is removed", () => {
  it("is refused on the next request, here only, and what they held is given up", async () => {
    const [company, guest] = await Promise.all([registerCompany(), registerCompany()]);
    const { id } = await invited(company, guest.email, "org_admin");
    await guest.call("POST", "/invitations/accept", { token: await linkOf(company, id) });
    const there = { "organization-id": company.organization_id };
    const sent = await guest.call(
      "POST",
      "/invitations",
      { email: `${unique("x")}@example.com`, role: "viewer" },
      there,
    );
    expect(sent.status).toBe(201);
    const link = { body: { token: await linkOf(company, sent.body.id) } };
    expect((await call("POST", "/invitations/look-up", link)).status).toBe(200);
    const removed = await company.call("DELETE", `/users/${guest.user_id}`);
    expect([removed.status, removed.body.status, removed.body.successor_id]).toEqual([202, "running", company.user_id]);
    const refused = await guest.call("GET", "/agents", undefined, there);
    expect([refused.status, refused.body.code]).toEqual([403, "membership_inactive"]);
    expect((await call("POST", "/invitations/look-up", link)).status).toBe(404);
    expect((await guest.call("GET", "/agents")).status).toBe(200);
    const mine = await guest.call("GET", "/auth/me/organizations");
    expect(mine.body.items.map((one: { id: string }) => one.id)).toEqual([guest.organization_id]);
    expect((await company.call("GET", `/users/${guest.user_id}`)).status).toBe(404);
    await eventually(
      async () =>
        (await company.call("GET", `/invitations/${sent.body.id}`)).body.status === "revoked" ? true : undefined,
      "the invitation that they sent is revoked",
      120,
    );
    const removal = await company.call("GET", `/users/${guest.user_id}/removal`);
    expect(removal.body).toMatchObject({ invitations_revoked: 1, removed_by: company.user_id });
  });

  it("can be invited again, and comes back with the new role", async () => {
    const [company, guest] = await Promise.all([registerCompany(), registerCompany()]);
    for (const role of ["org_admin", "viewer"]) {
      const { id } = await invited(company, guest.email, role);
      const accepted = await guest.call("POST", "/invitations/accept", { token: await linkOf(company, id) });
      expect(accepted.status).toBe(200);
      expect((await company.call("GET", `/users/${guest.user_id}`)).body.role).toBe(role);
      expect((await company.call("DELETE", `/users/${guest.user_id}`)).status).toBe(202);
    }
  });

  it("is not oneself, nobody above oneself, and not the last owner; the successor is a member", async () => {
    const company = await registerCompany();
    const [admin, viewer] = [await addMember(company, "org_admin"), await addMember(company, "viewer")];
    const answers = [
      await company.call("DELETE", `/users/${company.user_id}`),
      await admin.call("DELETE", `/users/${company.user_id}`),
      await viewer.call("DELETE", `/users/${admin.user_id}`),
      await company.call("DELETE", `/users/${viewer.user_id}?successor_id=${viewer.user_id}`),
      await company.call("DELETE", `/users/${viewer.user_id}?successor_id=usr_01JDQ4X0Z5V8W3N7K2M9R6T1BC`),
      await company.call("POST", "/users/me/leave", { successor_id: admin.user_id }),
    ];
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
      [409, "conflict"],
      [403, "forbidden"],
      [403, "forbidden"],
      [422, "reference_not_found"],
      [422, "reference_not_found"],
      [409, "conflict"],
    ]);
    expect(answers.at(-1)?.body.state).toBe("last_owner");
    const left = await viewer.call("POST", "/users/me/leave", { successor_id: company.user_id });
    expect([left.status, left.body.removed_by]).toEqual([202, viewer.user_id]);
    expect((await viewer.call("GET", "/agents")).status).toBe(403);
    expect((await viewer.call("GET", "/auth/me")).body.organization).toBeNull();
  });
});
