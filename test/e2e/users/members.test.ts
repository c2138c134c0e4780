import { describe, expect, it } from "vitest";
import { call, registerCompany } from "../../support/api.ts";
import { invited, linkOf } from "../../support/invitations.ts";
import { addMember } from "../../support/members.ts";

describe("members", () => {
  it("are listed page by page, by status and by role, each once", async () => {
    const company = await registerCompany();
    const [developer, viewer, second] = await Promise.all([
      addMember(company, "developer"),
      addMember(company, "viewer"),
      addMember(company, "developer", "suspended"),
    ]);
    const ids = async (query: string) =>
      (await company.call("GET", `/users${query}`)).body.items.map(({ id }: { id: string }) => id).sort();
    expect(await ids("")).toEqual([company.user_id, developer.user_id, viewer.user_id].sort());
    expect(await ids("?role=developer")).toEqual([developer.user_id]);
    expect(await ids("?status=suspended")).toEqual([second.user_id]);
    expect(await ids("?status=suspended&role=viewer")).toEqual([]);
    expect(await ids("?role=tenant_admin")).toEqual([company.user_id]);
    const seen: string[] = [];
    let cursor = "";
    do {
      const page = await company.call("GET", `/users?limit=1${cursor}`);
      seen.push(...page.body.items.map(({ id }: { id: string }) => id));
      cursor = page.body.next_cursor === null ? "" : `&cursor=${page.body.next_cursor}`;
    } while (cursor !== "");
    expect(seen.sort()).toEqual(await ids(""));
  });

  it("are read by id with their standing here, and nobody sees another organization's people", async () => {
    const [company, other] = await Promise.all([registerCompany(), registerCompany()]);
    const developer = await addMember(company, "developer");
    const read = await company.call("GET", `/users/${developer.user_id}`);
    expect(read.body).toMatchObject({
      id: developer.user_id,
      email: developer.email,
      name: developer.name,
      role: "developer",
      status: "active",
      joined_via: "invitation",
    });
    expect(read.body).not.toHaveProperty("sessions_valid_from");
    expect((await other.call("GET", `/users/${developer.user_id}`)).status).toBe(404);
  });

  it("change their own name, which every list shows at once", async () => {
    const company = await registerCompany();
    const viewer = await addMember(company, "viewer");
    const before = await viewer.call("GET", "/users/me");
    expect(before.body).toMatchObject({ id: viewer.user_id, name: viewer.name });
    const etag = before.headers.get("etag") ?? "";
    const changed = await viewer.call("PATCH", "/users/me", { name: "  Ada Lovelace " }, { "if-match": etag });
    expect([changed.status, changed.body.name]).toEqual([200, "Ada Lovelace"]);
    expect((await viewer.call("PATCH", "/users/me", { name: "Late" }, { "if-match": etag })).status).toBe(412);
    const list = await company.call("GET", "/users?role=viewer");
    expect(list.body.items[0].name).toBe("Ada Lovelace");
    expect((await viewer.call("PATCH", "/users/me", { email: "ada@example.com" })).status).toBe(422);
  });
});

describe("a suspended member", () => {
  it("is refused on the very next request, and let in again after the restoration", async () => {
    const company = await registerCompany();
    const developer = await addMember(company, "developer");
    expect((await developer.call("GET", "/users/me")).status).toBe(200);
    expect((await developer.call("GET", "/users")).status).toBe(200);
    const suspended = await company.call("POST", `/users/${developer.user_id}/suspend`);
    expect([suspended.status, suspended.body.status]).toEqual([200, "suspended"]);
    const refused = await developer.call("GET", "/users");
    expect([refused.status, refused.body.code]).toEqual([403, "membership_inactive"]);
    const again = await company.call("POST", `/users/${developer.user_id}/suspend`);
    expect([again.status, again.body.state]).toEqual([409, "suspended"]);
    expect((await company.call("POST", `/users/${developer.user_id}/restore`)).body.status).toBe("active");
    expect((await developer.call("GET", "/users")).status).toBe(200);
    const twice = await company.call("POST", `/users/${developer.user_id}/restore`);
    expect([twice.status, twice.body.state]).toEqual([409, "active"]);
  });

  it("leaves an entry in the audit log that says what changed", async () => {
    const company = await registerCompany();
    const developer = await addMember(company, "developer");
    await company.call("POST", `/users/${developer.user_id}/suspend`);
    const log = await company.call("GET", `/audit/resources/user/${developer.user_id}`);
    expect(log.body.items[0]).toMatchObject({
      action: "user.suspended",
      changes: [{ field: "status", old: "active", new: "suspended" }],
    });
  });

  it("is never the one who suspends, nor somebody whose role grants more", async () => {
    const company = await registerCompany();
    const [admin, owner] = await Promise.all([addMember(company, "org_admin"), addMember(company, "org_owner")]);
    const self = await admin.call("POST", `/users/${admin.user_id}/suspend`);
    expect([self.status, self.body.code]).toEqual([409, "conflict"]);
    const above = await admin.call("POST", `/users/${owner.user_id}/suspend`);
    expect([above.status, above.body.code]).toEqual([403, "forbidden"]);
    expect((await owner.call("POST", `/users/${admin.user_id}/suspend`)).status).toBe(200);
  });
});

describe("roles", () => {
  it("count from the next request on", async () => {
    const company = await registerCompany();
    const viewer = await addMember(company, "viewer");
    expect((await viewer.call("GET", "/audit/logs")).status).toBe(403);
    const changed = await company.call("PATCH", `/users/${viewer.user_id}`, { role: "org_admin" });
    expect([changed.status, changed.body.role]).toEqual([200, "org_admin"]);
    expect((await viewer.call("GET", "/audit/logs")).status).toBe(200);
    const log = await company.call("GET", `/audit/resources/membership/${viewer.user_id}`);
    expect(log.body.items[0]).toMatchObject({
      action: "membership.role_changed",
      changes: [{ field: "role", old: "viewer", new: "org_admin" }],
    });
  });

  it("cannot be given or taken by somebody whose own grants less", async () => {
    const company = await registerCompany();
    const [admin, viewer] = await Promise.all([addMember(company, "org_admin"), addMember(company, "viewer")]);
    const promote = await admin.call("PATCH", `/users/${viewer.user_id}`, { role: "org_owner" });
    expect([promote.status, promote.body.permission]).toEqual([403, "organizations:delete"]);
    const self = await admin.call("PATCH", `/users/${admin.user_id}`, { role: "org_owner" });
    expect(self.status).toBe(403);
    const demote = await admin.call("PATCH", `/users/${company.user_id}`, { role: "viewer" });
    expect(demote.status).toBe(403);
    expect((await admin.call("PATCH", `/users/${viewer.user_id}`, { role: "developer" })).status).toBe(200);
    expect((await company.call("PATCH", `/users/${viewer.user_id}`, { role: "emperor" })).status).toBe(422);
  });

  it("leave an organization at least one owner, though all of them step down at the same moment", async () => {
    const company = await registerCompany();
    const owners = await Promise.all(Array.from({ length: 5 }, () => addMember(company, "org_owner")));
    const everybody = [{ user_id: company.user_id, call: company.call }, ...owners];
    const answers = await Promise.all(
      everybody.map((owner) => owner.call("PATCH", `/users/${owner.user_id}`, { role: "viewer" })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 409]);
    const last = everybody[answers.findIndex(({ status }) => status === 409)];
    const list = await last?.call("GET", "/users?role=org_owner");
    expect(list?.body.items.map(({ id }: { id: string }) => id)).toEqual([last?.user_id]);
  });

  it("leave at least one owner, though two owners suspend each other at the same moment", async () => {
    const company = await registerCompany();
    const other = await addMember(company, "org_owner");
    const answers = await Promise.all([
      company.call("POST", `/users/${other.user_id}/suspend`),
      other.call("POST", `/users/${company.user_id}/suspend`),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403]);
    expect(answers.find(({ status }) => status === 403)?.body.code).toBe("membership_inactive");
  });

  it("of a restored owner count again, and the last owner cannot be demoted while the other is suspended", async () => {
    const company = await registerCompany();
    const other = await addMember(company, "org_owner");
    expect((await company.call("POST", `/users/${other.user_id}/suspend`)).status).toBe(200);
    const alone = await company.call("PATCH", `/users/${company.user_id}`, { role: "viewer" });
    expect([alone.status, alone.body.state]).toEqual([409, "last_owner"]);
    expect((await company.call("POST", `/users/${other.user_id}/restore`)).status).toBe(200);
    expect((await company.call("PATCH", `/users/${company.user_id}`, { role: "viewer" })).status).toBe(200);
  });
});

describe("members who are looked for", () => {
  it("are found by name and e-mail as soon as they have joined, by their new name once they changed it", async () => {
    const company = await registerCompany();
    const { id: invitation, email: address } = await invited(company);
    const token_of_link = await linkOf(company, invitation);
    const joined = await call("POST", "/auth/join", {
      body: { token: token_of_link, name: "Zora Quill", password: "correct horse battery staple" },
    });
    const { id } = joined.body.user;
    const found = async (search: string) =>
      (await company.call("GET", `/users?search=${encodeURIComponent(search)}`)).body.items.map(
        (one: { id: string }) => one.id,
      );
    await expect.poll(() => found("quil"), { timeout: 20_000 }).toEqual([id]);
    expect(await found(address.toUpperCase())).toEqual([id]);
    const token = joined.body.tokens.access_token as string;
    expect((await call("PATCH", "/users/me", { token, body: { name: "Zora Árbol" } })).status).toBe(200);
    await expect.poll(() => found("arbol"), { timeout: 20_000 }).toEqual([id]);
    expect(await found("quil")).toEqual([]);
  });
});
