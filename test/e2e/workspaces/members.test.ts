import { beforeAll, describe, expect, it } from "vitest";
import { type Company, registerCompany } from "../../support/api.ts";
import { addMember, type TestMember } from "../../support/members.ts";

describe("members of a workspace", () => {
  let company: Company;
  let admin: TestMember;
  let other: TestMember;
  let path: string;
  beforeAll(async () => {
    company = await registerCompany();
    [admin, other] = await Promise.all([addMember(company, "org_admin"), addMember(company, "org_admin")]);
    path = `/workspaces/${company.workspace_id}/members`;
  });

  it("are added once, by whom the workspace lets, and must be active members of the organization", async () => {
    const [stranger, suspended] = await Promise.all([registerCompany(), addMember(company, "viewer", "suspended")]);
    const body = { user_id: admin.user_id, role: "admin" };
    const answers = await Promise.all([1, 2, 3].map(() => company.call("POST", path, body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    const created = answers.find(({ status }) => status === 201);
    expect(created?.headers.get("location")).toBe(`/api/v1${path}/${admin.user_id}`);
    for (const user_id of [stranger.user_id, suspended.user_id]) {
      const refused = await company.call("POST", path, { user_id, role: "member" });
      expect([refused.status, refused.body.issues[0].path]).toEqual([422, "user_id"]);
    }
    const workspace = await company.call("GET", `/workspaces/${company.workspace_id}`);
    expect(workspace.body.member_count).toBe(2);
  });

  it("manage it as owner or admin; a member, a viewer and an outsider do not, whatever their role elsewhere", async () => {
    const viewer = await addMember(company, "viewer");
    const add = (who: Pick<Company, "call">) => who.call("POST", path, { user_id: viewer.user_id, role: "viewer" });
    const outsider = await add(other);
    expect([outsider.status, outsider.body.code]).toEqual([403, "forbidden"]);
    for (const role of ["member", "viewer"]) {
      await company.call("DELETE", `${path}/${other.user_id}`);
      expect((await company.call("POST", path, { user_id: other.user_id, role })).status).toBe(201);
      expect((await add(other)).status).toBe(403);
      expect((await other.call("PATCH", `/workspaces/${company.workspace_id}`, { name: "Mine" })).status).toBe(403);
      expect((await other.call("POST", `/workspaces/${company.workspace_id}/archive`)).status).toBe(403);
    }
    expect((await add(admin)).status).toBe(201);
    expect((await admin.call("PATCH", `${path}/${viewer.user_id}`, { role: "member" })).body.role).toBe("member");
    expect((await admin.call("DELETE", `${path}/${viewer.user_id}`)).status).toBe(204);
    expect((await admin.call("DELETE", `${path}/${viewer.user_id}`)).status).toBe(404);
  });

  it("are made owners by owners only, and the last owner stays", async () => {
    const make = (who: Pick<Company, "call">, user_id: string, role: string) =>
      who.call("PATCH", `${path}/${user_id}`, { role });
    expect((await make(admin, other.user_id, "owner")).status).toBe(403);
    expect((await make(admin, company.user_id, "viewer")).status).toBe(403);
    expect((await admin.call("DELETE", `${path}/${company.user_id}`)).status).toBe(403);
    const alone = await make(company, company.user_id, "admin");
    expect([alone.status, alone.body.state]).toEqual([409, "last_owner"]);
    expect((await company.call("DELETE", `${path}/${company.user_id}`)).status).toBe(409);
    expect((await make(company, admin.user_id, "owner")).status).toBe(200);
    const answers = await Promise.all([make(company, company.user_id, "member"), make(admin, admin.user_id, "member")]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  });
});
