import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sendNotice } from "../../../functions/sso/enforcement/notices.ts";
import { outboxItem } from "../../../shared/change/items.ts";
import { organizationItem, PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { type Company, call, registerCompany, unique } from "../../support/api.ts";
import { invited, linkOf } from "../../support/invitations.ts";
import { addMember } from "../../support/members.ts";
import { type App, enrol } from "../../support/mfa.ts";
import { poolPage, startProvider, type TestProvider } from "../../support/oidc-provider.ts";
import { ssoService } from "../../support/sso.ts";

let provider: TestProvider;
const sso = ssoService();
beforeAll(async () => {
  provider = await startProvider(poolPage());
});
afterAll(() => provider.stop());

interface Owner extends Company {
  readonly app: App;
}

/** A company that somebody has signed in to through its provider, and whose owner has a second factor. */
async function company() {
  const registered = await registerCompany();
  const domain = `${unique("acme")}.example`;
  await sso.prove(registered, domain);
  const connection = await sso.connect(registered, provider, { provisioning: true });
  const { app } = await enrol(registered);
  const owner: Owner = { ...registered, app };
  provider.signsIn({ sub: unique("subject"), email: `${unique("ada")}@${domain}`, email_verified: true, name: "Ada" });
  const { user, tokens } = (await sso.signIn({ connection_id: connection.id })).answer?.body ?? {};
  await registered.call("PATCH", `/users/${user.id}`, { role: "org_admin" });
  const admin = { user_id: user.id as string, token: tokens.access_token as string };
  return { owner, connection_id: connection.id as string, admin };
}

const path = ({ organization_id }: Company) => `/organizations/${organization_id}/sso-enforcement`;
const patch = (owner: Company, id: string, body: object) =>
  sso.call("PATCH", `/sso/connections/${id}`, body, owner.token);
const me = async (token: string) => (await call("GET", "/auth/me", { token })).body;

/** Signs an owner in with password and code. */
async function signIn({ email, password, app }: Owner) {
  const first = await call("POST", "/auth/login", { body: { email, password } });
  expect(first.body.status).toBe("mfa_required");
  const second = await call("POST", "/auth/login/mfa", { body: { challenge: first.body.challenge, code: app.code() } });
  expect(second.status, second.text).toBe(200);
  return second.body;
}

async function told({ organization_id }: Company, action: string) {
  const of = { day: new Date().toISOString().slice(0, 10) };
  const { items } = await sso.deps.table.of(organization_id).page(outboxItem, { of, limit: 100 });
  return items.map(({ envelope }) => envelope).filter(({ type }) => type === action);
}

describe("enforcing sign-in through a provider", () => {
  it("counts the organization's own provider only: another one's proves no more than a password", async () => {
    const { owner } = await company();
    const other = await company();
    const { token } = other.admin;
    const { id } = await invited(owner, (await me(token)).user.email);
    const accept = { token: await linkOf(owner, id) };
    expect((await call("POST", "/invitations/accept", { token, body: accept })).status).toBe(200);
    const here = { token, headers: { "organization-id": owner.organization_id } };
    expect((await call("GET", "/agents", here)).status).toBe(200);
    expect((await sso.enforce(owner, owner.user_id)).status).toBe(200);
    const refused = await call("GET", "/agents", here);
    expect([refused.status, refused.body.code]).toEqual([403, "sign_in_method_not_allowed"]);
    expect((await call("GET", "/agents", { token })).status).toBe(200);
  });

  it("refuses passwords from the next request on, but for one owner, whose sign-ins the others hear of", async () => {
    const { owner, admin } = await company();
    const second = await addMember(owner, "org_owner");
    const member = await addMember(owner, "developer");
    const enforced = await sso.enforce(owner, owner.user_id);
    expect([enforced.status, enforced.body.enforced], enforced.text).toEqual([200, true]);
    const refused = await member.call("GET", "/agents");
    expect([refused.status, refused.body.code, refused.body.methods]).toEqual([
      403,
      "sign_in_method_not_allowed",
      ["sso"],
    ]);
    expect((await call("GET", "/agents", { token: admin.token })).status).toBe(200);

    const session = await signIn(owner);
    expect((await me(session.tokens.access_token)).role).toBe("org_owner");
    const [used] = await told(owner, "session.break_glass_used");
    expect(used).toMatchObject({ actor: { id: owner.user_id }, data: { user_id: owner.user_id } });
    const entry = await owner.call("GET", "/audit/logs?action=session.break_glass_used&limit=1");
    expect(entry.body.items[0]).toMatchObject({ actor: { id: owner.user_id }, outcome: "succeeded" });
    const mails: string[] = [];
    if (used !== undefined)
      await sendNotice(used, {
        table: sso.deps.table,
        send: async ({ to, subject }) => void mails.push(`${to} ${subject}`),
      });
    const { name } = (await owner.call("GET", `/organizations/${owner.organization_id}`)).body;
    expect(mails).toEqual([`${second.email} A sign-in with a password in ${name}`]);
  });

  it("is refused where nobody came in through an active connection yet", async () => {
    const owner = await registerCompany();
    await enrol(owner);
    const none = await sso.enforce(owner, owner.user_id);
    expect([none.status, none.body.state]).toEqual([409, "no_used_connection"]);
    await sso.connect(owner, provider);
    expect((await sso.enforce(owner, owner.user_id)).body.state).toBe("no_used_connection");
    const used = await company();
    await patch(used.owner, used.connection_id, { status: "inactive" });
    expect((await sso.enforce(used.owner, used.owner.user_id)).body.state).toBe("no_used_connection");
  });

  it("names an active owner of the organization with password and second factor, and shuts nobody out who does it", async () => {
    const { owner, admin: employee } = await company();
    const [bare, admin, stranger] = [
      await addMember(owner, "org_owner"),
      await addMember(owner, "org_admin"),
      await company(),
    ];
    await enrol(admin);
    for (const id of [bare.user_id, admin.user_id, stranger.owner.user_id, employee.user_id]) {
      const refused = await sso.enforce(owner, id);
      expect([refused.status, refused.body.code]).toEqual([422, "reference_not_found"]);
    }
    await enrol(bare);
    const shut = await sso.enforce(owner, bare.user_id);
    expect([shut.status, shut.body.refusal]).toEqual([409, "sign_in_method_not_allowed"]);
    expect((await owner.call("GET", path(owner))).body).toMatchObject({ enforced: false, break_glass_user_id: null });
  });

  it("keeps the last connection that is known to work", async () => {
    const { owner, connection_id } = await company();
    await sso.enforce(owner, owner.user_id);
    const tenant = sso.deps.table.of(owner.organization_id);
    await tenant.transact([tenant.writes.update(organizationItem, {}, { set: { plan: "pro" } })]);
    const other = await sso.connect(owner, provider);
    const off = await patch(owner, connection_id, { status: "inactive" });
    expect([off.status, off.body.state]).toEqual([409, "sso_enforced"]);
    // Nor does the pool learn of what else it says.
    const told: unknown[] = [];
    const watched = ssoService({ providers: { ...sso.deps.providers, put: async (one) => void told.push(one) } });
    const more = { status: "inactive", attributes: { groups: "teams" } };
    const change = await watched.call("PATCH", `/sso/connections/${connection_id}`, more, owner.token);
    expect([change.status, change.body.state, told]).toEqual([409, "sso_enforced", []]);
    const gone = await sso.call("DELETE", `/sso/connections/${connection_id}`, undefined, owner.token);
    expect([gone.status, gone.body.state]).toEqual([409, "sso_enforced"]);
    expect((await sso.call("DELETE", `/sso/connections/${other.id}`, undefined, owner.token)).status).toBe(204);
  });

  it("keeps who is named an owner until another one is", async () => {
    const { owner, admin } = await company();
    const second = await addMember(owner, "org_owner");
    await enrol(second);
    await sso.enforce(owner, owner.user_id);
    const organization = `/organizations/${owner.organization_id}`;
    const refusals = [
      await owner.call("POST", "/users/me/leave", { successor_id: second.user_id }),
      await owner.call("PATCH", `/users/${owner.user_id}`, { role: "viewer" }),
      await owner.call("POST", `${organization}/transfer`, { user_id: admin.user_id }),
    ];
    expect(refusals.map(({ status, body }) => [status, body.state])).toEqual(refusals.map(() => [409, "break_glass"]));
    const moved = await sso.enforce({ ...owner, token: admin.token }, second.user_id);
    expect([moved.status, moved.body.break_glass_user_id], moved.text).toEqual([200, second.user_id]);
    expect((await owner.call("GET", "/agents")).body.code).toBe("sign_in_method_not_allowed");
    expect((await second.call("POST", "/users/me/leave", { successor_id: owner.user_id })).body.state).toBe(
      "break_glass",
    );
    const user = await sso.deps.table.of(PLATFORM).get(userItem, { id: owner.user_id });
    expect(user?.break_glass_in).toEqual([]);
    const last = (await told(owner, "sso.enforced")).at(-1);
    expect(last?.data).toEqual({ break_glass_user_id: second.user_id, previous_break_glass_user_id: owner.user_id });
  });

  it("is taken back, and then nobody hears of sign-ins any more", async () => {
    const { owner } = await company();
    await sso.enforce(owner, owner.user_id);
    const settings = `/organizations/${owner.organization_id}/settings`;
    expect((await owner.call("GET", settings)).body.security.sign_in_methods).toEqual(["sso"]);
    const patched = await owner.call("PATCH", settings, { security: { sign_in_methods: ["password", "sso"] } });
    expect([patched.status, patched.body.state]).toEqual([409, "sso_enforced"]);
    expect((await owner.call("DELETE", path(owner))).status).toBe(204);
    expect((await owner.call("DELETE", path(owner))).body.state).toBe("not_enforced");
    const member = await addMember(owner, "viewer");
    expect((await member.call("GET", "/agents")).status).toBe(200);
    await signIn(owner);
    expect(await told(owner, "session.break_glass_used")).toEqual([]);
    const user = await sso.deps.table.of(PLATFORM).get(userItem, { id: owner.user_id });
    expect(user?.break_glass_in).toEqual([]);
    expect((await told(owner, "sso.enforcement_ended")).length).toBe(1);
  });

  it("ends a sign-in that had proved the password before it", async () => {
    const { owner } = await company();
    const { email, password } = owner;
    const first = await call("POST", "/auth/login", { body: { email, password } });
    await sso.enforce(owner, owner.user_id);
    const body = { challenge: first.body.challenge, code: owner.app.code() };
    expect((await call("POST", "/auth/login/mfa", { body })).status).toBe(401);
  });
});

describe("at the same moment", () => {
  const organization = async ({ organization_id }: Company) =>
    sso.deps.table.of(organization_id).get(organizationItem, {});

  it.each(Array.from({ length: 6 }, (_, i) => i))(
    "the last connection goes or sign-in through it is enforced (%i)",
    async () => {
      const { owner, connection_id } = await company();
      const [enforced, off] = await Promise.all([
        sso.enforce(owner, owner.user_id),
        patch(owner, connection_id, { status: "inactive" }),
      ]);
      expect([enforced.status, off.status].sort()).toEqual([200, 409]);
      expect((await organization(owner))?.break_glass_user_id !== undefined).toBe(enforced.status === 200);
    },
  );

  it.each(Array.from({ length: 6 }, (_, i) => i))("one owner is named or leaves (%i)", async () => {
    const { owner, admin } = await company();
    const second = await addMember(owner, "org_owner");
    const [enforced, left] = await Promise.all([
      sso.enforce({ ...owner, token: admin.token }, owner.user_id),
      owner.call("POST", "/users/me/leave", { successor_id: second.user_id }),
    ]);
    expect([[200, 409].join(), [422, 202].join()]).toContain([enforced.status, left.status].join());
    expect((await organization(owner))?.break_glass_user_id !== undefined).toBe(enforced.status === 200);
  });
});
