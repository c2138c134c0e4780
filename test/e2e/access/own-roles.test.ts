import { beforeAll, describe, expect, it } from "vitest";
import { createAgent } from "../../support/agents.ts";
import { type Company, eventually, unique } from "../../support/api.ts";
import { addMember, type TestMember } from "../../support/members.ts";
import { roomyCompany } from "../../support/plans.ts";
import { ownRole } from "../../support/roles.ts";

let company: Company;
let admin: TestMember;
beforeAll(async () => {
  company = await roomyCompany();
  admin = await addMember(company, "org_admin");
});

const assign = (user_id: string, role: string, caller: Pick<Company, "call"> = company) =>
  caller.call("PATCH", `/users/${user_id}`, { role });
const roleOf = async ({ user_id }: TestMember) => (await company.call("GET", `/users/${user_id}`)).body.role;

describe("a role of the organization's own", () => {
  it("is made of a built-in one, given to a member, and counts from their next request on, as each change of it does", async () => {
    const member = await addMember(company, "viewer");
    const agent = await createAgent(company);
    const path = `/agents/${agent.id}`;
    const rename = () => member.call("PATCH", path, { description: unique("text") });
    expect((await rename()).status).toBe(403);
    const name = unique("Prompt engineer");
    const made = await admin.call("POST", "/roles/developer/clone", { name, without: ["agents:delete"] });
    expect(made.status, made.text).toBe(201);
    const { id } = made.body;
    expect(made.headers.get("location")).toBe(`/api/v1/roles/${id}`);
    expect(made.body).toMatchObject({ name, built_in: false, status: "active", created_by: admin.user_id });
    expect(made.body.permissions).toContain("agents:update");
    expect(made.body.permissions).not.toContain("agents:delete");
    expect((await assign(member.user_id, id, admin)).body.role).toBe(id);
    expect((await rename()).status).toBe(200);
    const deletion = await member.call("DELETE", path);
    expect([deletion.status, deletion.body.permission]).toEqual([403, "agents:delete"]);
    expect(deletion.body.detail).toContain(`your role \`${name}\``);

    const edited = await admin.call("PATCH", `/roles/${id}`, { grants: ["agents:read"] });
    expect([edited.status, edited.body.permissions]).toEqual([200, ["agents:read"]]);
    expect((await rename()).status).toBe(403);
    expect((await member.call("GET", path)).status).toBe(200);
    await admin.call("PATCH", `/roles/${id}`, { grants: ["agents:*"] });
    expect((await rename()).status).toBe(200);
    const trail = await company.call("GET", `/audit/resources/role/${id}`);
    expect(trail.body.items.map(({ action }: { action: string }) => action).sort()).toEqual([
      "role.created",
      "role.updated",
      "role.updated",
    ]);
  });

  it("goes when its members have another one, until when it grants what it granted", async () => {
    const id = await ownRole(company, ["teams:read"]);
    const members = await Promise.all([addMember(company, id), addMember(company, id)]);
    const held = await eventually(async () => {
      const refused = await company.call("DELETE", `/roles/${id}`);
      return refused.status === 409 ? refused : undefined;
    }, "the refusal to delete a role that members have");
    expect(held.body).toMatchObject({ code: "conflict", state: "held" });
    const begun = await company.call("DELETE", `/roles/${id}?replacement=viewer`);
    expect([begun.status, begun.body.status, begun.body.replacement]).toEqual([202, "deleting", "viewer"]);
    expect(begun.headers.get("location")).toBe(`/api/v1/roles/${id}`);
    for (const member of members) expect((await member.call("GET", "/teams")).status).toBe(200);
    await eventually(
      async () => ((await company.call("GET", `/roles/${id}`)).status === 404 ? true : undefined),
      "the end of the role",
      180,
    );
    for (const member of members) expect(await roleOf(member)).toBe("viewer");
    expect((await company.call("GET", "/roles")).body.items.map((role: { id: string }) => role.id)).not.toContain(id);
    const trail = await company.call("GET", `/audit/resources/role/${id}`);
    expect(trail.body.items.map(({ action }: { action: string }) => action)).toContain("role.deleted");
    for (const { user_id } of members) {
      const changes = await company.call("GET", `/audit/resources/membership/${user_id}`);
      expect(changes.body.items[0]).toMatchObject({
        action: "membership.role_changed",
        actor: { type: "system", id: "role_deletion" },
        changes: [{ field: "role", old: id, new: "viewer" }],
      });
    }
  });
});

describe("why", () => {
  it("a member may do something is said permission by permission, and who may is found role by role", async () => {
    const own = await roomyCompany();
    const id = await ownRole(own, ["webhooks:*", "*:export"]);
    const name = (await own.call("GET", `/roles/${id}`)).body.name;
    const [one, two] = await Promise.all([addMember(own, id), addMember(own, id)]);
    await addMember(own, "viewer");
    const why = await own.call("GET", `/users/${one?.user_id}/permissions`);
    expect(why.body).toMatchObject({ user_id: one?.user_id, status: "active", role: { id, name } });
    expect(why.body.permissions).toContainEqual({ permission: "webhooks:replay", grant: "webhooks:*", role: id });
    expect(why.body.permissions).toContainEqual({ permission: "audit:export", grant: "*:export", role: id });
    expect(why.body.permissions).toHaveLength(7);

    const found = await eventually(async () => {
      const answer = await own.call("GET", "/permissions/webhooks:replay/holders");
      return answer.body.items.length === 3 ? answer.body : undefined;
    }, "the holders in the index");
    expect(found.next_cursor).toBeNull();
    expect(found.items[0]).toMatchObject({ user_id: own.user_id, role: { id: "org_owner" }, grant: "*" });
    expect(new Set(found.items.slice(1).map(({ user_id }: { user_id: string }) => user_id))).toEqual(
      new Set([one?.user_id, two?.user_id]),
    );
    expect(found.items[1]).toMatchObject({ role: { id, name }, grant: "webhooks:*" });
    const paged = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const query: string = cursor === "" ? "" : `&cursor=${cursor}`;
      const page = await own.call("GET", `/permissions/webhooks:replay/holders?limit=1${query}`);
      expect(page.status, page.text).toBe(200);
      paged.push(...page.body.items);
      cursor = page.body.next_cursor;
    }
    expect(paged).toEqual(found.items);
    expect((await own.call("GET", "/permissions/webhooks:sing/holders")).status).toBe(404);
    await own.call("POST", `/users/${one?.user_id}/suspend`);
    expect((await own.call("GET", `/users/${one?.user_id}/permissions`)).body.permissions).toEqual([]);
  });
});
