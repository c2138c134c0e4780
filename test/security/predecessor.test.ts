import { describe, expect, inject, it } from "vitest";
import { invitationItem, pendingInvitationItem } from "../../functions/invitations/store.ts";
import { allOperations } from "../../functions/operations.ts";
import { allPermissions } from "../../shared/access/permissions.ts";
import { fullPath } from "../../shared/http/operation.ts";
import { call, eventually, registerCompany, unique } from "../support/api.ts";
import { invited, linkOf } from "../support/invitations.ts";
import { addMember } from "../support/members.ts";
import { roomyCompany } from "../support/plans.ts";
import { stackTable } from "../support/stack.ts";

/**
 * What was wrong with people and sign-in in the system before this one, one by one, as it would be tried. Each kind is
 * tested at large elsewhere; here stands that none of the known ones is back.
 */
describe("of the faults of the system before this one, none is back:", () => {
  it("an administrator makes nobody an owner, themselves included, and touches no owner", async () => {
    const company = await registerCompany();
    const admin = await addMember(company, "org_admin");
    const other = await addMember(company, "viewer");
    for (const id of [admin.user_id, other.user_id]) {
      const promoted = await admin.call("PATCH", `/users/${id}`, { role: "org_owner" });
      expect([promoted.status, promoted.body.code]).toEqual([403, "forbidden"]);
    }
    const demoted = await admin.call("PATCH", `/users/${company.user_id}`, { role: "viewer" });
    expect([demoted.status, demoted.body.code]).toEqual([403, "forbidden"]);
    expect((await admin.call("DELETE", `/users/${company.user_id}`)).status).toBe(403);
    const invited = { email: `${unique()}@example.com`, role: "org_owner" };
    expect((await admin.call("POST", "/invitations", invited)).status).toBe(403);
  });

  it("nobody sets a plan or an organization's status who does not run the platform", async () => {
    const company = await registerCompany();
    const own = `/organizations/${company.organization_id}`;
    for (const field of [{ plan: "enterprise" }, { status: "active" }, { created_by: company.user_id }]) {
      const answer = await company.call("PATCH", own, field);
      expect([answer.status, answer.body.code]).toEqual([422, "validation_failed"]);
    }
    for (const [method, path, body] of [
      ["PUT", "plan", { plan: "enterprise" }],
      ["POST", "restore", {}],
    ] as const)
      expect((await company.call(method, `/platform${own}/${path}`, body)).status).toBe(403);
    expect((await company.call("GET", own)).body.plan).toBe("free");
  });

  it("who is suspended or removed is refused with a token that was good a moment ago", async () => {
    const company = await registerCompany();
    const [suspended, removed] = [await addMember(company, "developer"), await addMember(company, "developer")];
    for (const member of [suspended, removed]) expect((await member.call("GET", "/agents")).status).toBe(200);
    expect((await company.call("POST", `/users/${suspended.user_id}/suspend`, {})).status).toBe(200);
    expect((await company.call("DELETE", `/users/${removed.user_id}`)).status).toBe(202);
    for (const member of [suspended, removed]) expect((await member.call("GET", "/agents")).status).toBe(403);
  });

  it("headers that name a user, an organization or a role mean nothing without a token", async () => {
    const company = await registerCompany();
    const headers = {
      "x-user-id": company.user_id,
      "x-organization-id": company.organization_id,
      "organization-id": company.organization_id,
      "x-user-role": "org_owner",
      "x-forwarded-user": company.email,
    };
    expect((await call("GET", "/users/me", { headers })).status).toBe(401);
    const other = await registerCompany();
    const seen = await other.call("GET", "/auth/me", undefined, {
      ...headers,
      "organization-id": other.organization_id,
    });
    expect([seen.body.user.id, seen.body.organization.id]).toEqual([other.user_id, other.organization_id]);
  });

  it("a refresh token opens no operation", async () => {
    const company = await registerCompany();
    const reads = allOperations.filter(
      ({ operation: { method, path, permission } }) =>
        method === "GET" && !path.includes("{") && permission !== "public",
    );
    expect(reads.length).toBeGreaterThan(10);
    const statuses = await Promise.all(
      reads.map(async ({ operation }) => {
        const headers = { authorization: `Bearer ${company.refresh_token}` };
        const answer = await fetch(`${inject("stack").apiUrl}${fullPath(operation)}`, { headers });
        return [operation.id, answer.status];
      }),
    );
    expect(statuses).toEqual(reads.map(({ operation }) => [operation.id, 401]));
  });

  it("what somebody does is in the audit trail, with who did it", async () => {
    const company = await registerCompany();
    const member = await addMember(company, "viewer");
    await company.call("PATCH", `/users/${member.user_id}`, { role: "developer" });
    const { items } = (await company.call("GET", `/audit/resources/membership/${member.user_id}`)).body;
    expect(items[0]).toMatchObject({
      action: "membership.role_changed",
      actor: { type: "user", id: company.user_id },
      outcome: "succeeded",
    });
  });

  it("each organization of a person has its own role, and the request says which one", async () => {
    const [one, two] = [await registerCompany(), await registerCompany()];
    const token = await linkOf(two, (await invited(two, one.email)).id);
    expect((await one.call("POST", "/invitations/accept", { token })).status).toBe(200);
    const inTwo = { "organization-id": two.organization_id };
    const roles = await Promise.all(
      [{}, inTwo].map(async (headers) => (await one.call("GET", "/auth/me", undefined, headers)).body.role),
    );
    expect(roles).toEqual(["org_owner", "viewer"]);
    expect((await one.call("POST", "/agents", { name: "A" }, inTwo)).status).toBe(403);
  });

  it("no answer has a password, its hash, or a secret of an account", async () => {
    const company = await registerCompany();
    const texts = await Promise.all(
      ["/auth/me", "/users/me", "/users", `/users/${company.user_id}`, "/auth/me/sessions", "/audit/logs"].map(
        async (path) => {
          const { status, text } = await company.call("GET", path);
          expect(status, path).toBe(200);
          return text;
        },
      ),
    );
    for (const text of texts) {
      expect(text).not.toMatch(/password_hash|refresh_hash|provider_token|secret_hash|sealed_token|"epoch"|"subs"/);
      expect(text).not.toContain(company.password);
      expect(text).not.toContain(company.refresh_token);
    }
  });

  it("an owner sees their own organizations, and no list of all", async () => {
    const company = await registerCompany();
    await registerCompany();
    const mine = (await company.call("GET", "/auth/me/organizations")).body.items;
    expect(mine.map(({ id }: { id: string }) => id)).toEqual([company.organization_id]);
    expect((await company.call("GET", "/platform/organizations")).status).toBe(403);
  });

  it("an invitation outlives a password that is refused, and its token is stored nowhere in clear", async () => {
    const company = await registerCompany();
    const { id, email } = await invited(company);
    const token = await linkOf(company, id);
    const tenant = stackTable().of(company.organization_id);
    const stored = [await tenant.get(invitationItem, { id }), await tenant.get(pendingInvitationItem, { email })];
    expect(JSON.stringify(stored)).toContain(id);
    expect(JSON.stringify(stored)).not.toContain(token.split(".").at(-1));
    const weak = await call("POST", "/auth/join", { body: { token, name: "Grace", password: "short" } });
    expect(weak.status).toBe(422);
    const joined = await call("POST", "/auth/join", { body: { token, name: "Grace", password: "a long pass phrase" } });
    expect(joined.status).toBe(201);
  });

  it("of changes at the same moment none is lost", async () => {
    const { call: send, organization_id } = await registerCompany();
    const settings = `/organizations/${organization_id}/settings`;
    const changes = [
      { general: { theme: "dark" } },
      { general: { timezone: "Europe/Berlin" } },
      { notifications: { digest: false } },
      { security: { session_lifetime_hours: 24 } },
    ];
    const answers = await Promise.all(changes.map((body) => send("PATCH", settings, body)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const { body } = await send("GET", settings);
    expect(body).toMatchObject({
      general: { theme: "dark", timezone: "Europe/Berlin" },
      notifications: { digest: false },
      security: { session_lifetime_hours: 24 },
    });
  });

  it("a search looks at everybody, not at one page", async () => {
    const company = await roomyCompany();
    for (let i = 0; i < 3; i++) await addMember(company, "viewer");
    const last = unique("Zoe");
    expect((await (await addMember(company, "viewer")).call("PATCH", "/users/me", { name: last })).status).toBe(200);
    const found = await eventually(async () => {
      const { items } = (await company.call("GET", `/users?search=${last}&limit=1`)).body;
      return items.length === 1 ? items[0] : undefined;
    }, "the member in the search");
    expect(found.name).toBe(last);
  });

  it("rights ask for permissions, never for the names of roles", async () => {
    const asked = new Set(allOperations.map(({ operation }) => operation.permission));
    const kinds = new Set(["public", "authenticated", "operator", "directory"]);
    expect([...asked].filter((one) => !kinds.has(one) && !(allPermissions as readonly string[]).includes(one))).toEqual(
      [],
    );
  });

  it("creations answer 201 with a location, and every refusal is one kind of document", async () => {
    const company = await registerCompany();
    const made = await company.call("POST", "/teams", { name: unique("Team") });
    expect([made.status, made.headers.get("location")]).toEqual([201, `/api/v1/teams/${made.body.id}`]);
    const refused = await Promise.all([
      company.call("GET", "/teams/team_nothing"),
      company.call("POST", "/teams", {}),
      company.call("GET", "/no-such-path"),
      company.call("PUT", "/teams"),
      call("GET", "/teams"),
    ]);
    for (const { headers, body, status } of refused) {
      expect(headers.get("content-type")).toMatch(/^application\/problem\+json/);
      expect(body).toMatchObject({
        status,
        type: expect.any(String),
        title: expect.any(String),
        code: expect.any(String),
      });
    }
  });
});
