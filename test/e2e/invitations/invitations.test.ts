import { beforeAll, describe, expect, inject, it } from "vitest";
import { sentMails } from "../../../local/mails.ts";
import { type Company, call, eventually, registerCompany, unique } from "../../support/api.ts";
import { invited, linkOf } from "../../support/invitations.ts";
import { addMember } from "../../support/members.ts";

const PASSWORD = "correct horse battery staple";
const TOKEN = /org_\w{26}\.inv_\w{26}\.[\w-]{43}/;

let company: Company;
beforeAll(async () => {
  company = await registerCompany();
});

/** The links in mails to an address, oldest first. */
const links = async (email: string): Promise<string[]> =>
  (await sentMails(inject("stack").endpoint))
    .filter(({ to }) => to.includes(email))
    .flatMap(({ text }) => TOKEN.exec(text) ?? []);

const join = (token: string, name = "Guest") =>
  call("POST", "/auth/join", { body: { token, name, password: PASSWORD } });
const lookUp = (token: string) => call("POST", "/invitations/look-up", { body: { token } });

describe("somebody new", () => {
  it("joins by the link in the mail: the role, a seat, a session, and the address is proved", async () => {
    const email = `${unique("new")}@example.com`;
    const body = { email: ` ${email.toUpperCase()} `, role: "developer", message: "Grüße! Join us." };
    const made = await company.call("POST", "/invitations", body);
    expect([made.status, made.body.email, made.body.status]).toEqual([201, email, "pending"]);
    expect(JSON.stringify(made.body)).not.toMatch(/hash|sealed|token/);
    const token = await eventually(async () => (await links(email))[0], "the mail with the link");
    const mail = (await sentMails(inject("stack").endpoint)).find(({ to }) => to.includes(email));
    expect(mail?.text).toContain("> Grüße! Join us.");
    expect((await lookUp(token)).body).toMatchObject({
      organization: { id: company.organization_id },
      email,
      role: "developer",
      invited_by: "Owner",
      has_account: false,
    });
    const joined = await join(token);
    expect([joined.status, joined.body.role]).toEqual([201, "developer"]);
    const access = joined.body.tokens.access_token;
    const me = await call("GET", "/auth/me", { token: access });
    expect(me.body).toMatchObject({
      role: "developer",
      organization: { id: company.organization_id },
      user: { email },
    });
    const read = await company.call("GET", `/users/${joined.body.user.id}`);
    expect(read.body).toMatchObject({ role: "developer", joined_via: "invitation", status: "active" });
    const signedIn = await call("POST", "/auth/login", { body: { email, password: PASSWORD } });
    expect(signedIn.status).toBe(200);
    const after = await company.call("GET", `/invitations/${made.body.id}`);
    expect(after.body).toMatchObject({ status: "accepted", accepted_by: joined.body.user.id });
  });

  it("is told to sign in where the address has an account by then, and the link stays", async () => {
    const guest = await registerCompany();
    const { id } = await invited(company, guest.email);
    const token = await linkOf(company, id);
    expect((await lookUp(token)).body.has_account).toBe(true);
    const refused = await join(token);
    expect([refused.status, refused.body.code]).toEqual([409, "already_exists"]);
    expect((await company.call("GET", `/invitations/${id}`)).body.status).toBe("pending");
    await company.call("DELETE", `/invitations/${id}`);
  });

  it("keeps the link when the password is too short", async () => {
    const { id } = await invited(company);
    const token = await linkOf(company, id);
    const refused = await call("POST", "/auth/join", { body: { token, name: "Guest", password: "short" } });
    expect([refused.status, refused.body.issues[0].path]).toEqual([422, "password"]);
    expect((await lookUp(token)).status).toBe(200);
    await company.call("DELETE", `/invitations/${id}`);
  });
});

describe("somebody who belongs to another company", () => {
  it("joins by signing in, works in either one, and sees only the active one", async () => {
    const [host, guest] = await Promise.all([registerCompany(), registerCompany()]);
    const { id } = await invited(host, guest.email, "viewer");
    const token = await linkOf(host, id);
    const accepted = await guest.call("POST", "/invitations/accept", { token });
    expect([accepted.status, accepted.body.role, accepted.body.organization.id]).toEqual([
      200,
      "viewer",
      host.organization_id,
    ]);
    const mine = await guest.call("GET", "/auth/me/organizations");
    const ids = mine.body.items.map((one: { id: string }) => one.id).sort();
    expect(ids).toEqual([host.organization_id, guest.organization_id].sort());
    const there = { "organization-id": host.organization_id };
    const agent = { name: unique("Agent"), agent_type: "chat", model_id: "amazon-bedrock/claude-sonnet-4-5" };
    const { body } = await host.call("POST", "/agents", agent);
    expect((await guest.call("GET", `/agents/${body.id}`, undefined, there)).status).toBe(200);
    expect((await guest.call("GET", `/agents/${body.id}`)).status).toBe(404);
    expect((await guest.call("POST", "/agents", agent, there)).status).toBe(403);
    const again = await guest.call("POST", "/invitations/accept", { token });
    expect([again.status, again.body.code]).toEqual([404, "not_found"]);
  });

  it("cannot use a link to another address", async () => {
    const guest = await registerCompany();
    const { id, email } = await invited(company);
    const refused = await guest.call("POST", "/invitations/accept", { token: await linkOf(company, id) });
    expect([refused.status, refused.body.code]).toEqual([403, "forbidden"]);
    expect(refused.body.detail).toContain(email);
    await company.call("DELETE", `/invitations/${id}`);
  });
});

describe("a link", () => {
  it("says the same whether it is wrong, used, replaced or revoked", async () => {
    const [revoked, resent] = [await invited(company), await invited(company)];
    const old = await linkOf(company, resent.id);
    const dead = [await linkOf(company, revoked.id), old, `${old.slice(0, -1)}${old.endsWith("A") ? "B" : "A"}`, "x"];
    expect((await company.call("DELETE", `/invitations/${revoked.id}`)).status).toBe(204);
    const again = await company.call("POST", `/invitations/${resent.id}/resend`);
    expect(again.status).toBe(200);
    for (const token of dead) {
      for (const answer of [await lookUp(token), await join(token)])
        expect([answer.status, answer.body.code, answer.body.detail]).toEqual([
          404,
          "not_found",
          "This invitation no longer works. Ask whoever invited you to send it again.",
        ]);
    }
    expect((await lookUp(await linkOf(company, resent.id))).status).toBe(200);
    for (const [method, path] of [
      ["DELETE", ""],
      ["POST", "/resend"],
    ] as const) {
      const late = await company.call(method, `/invitations/${revoked.id}${path}`);
      expect([late.status, late.body.state]).toEqual([409, "revoked"]);
    }
    await company.call("DELETE", `/invitations/${resent.id}`);
  });
});

describe("who invites", () => {
  it("invites nobody to more than their own role, nobody twice, and no member", async () => {
    const host = await registerCompany();
    const admin = await addMember(host, "org_admin");
    const invite = (caller: { call: Company["call"] }, email: string, role: string) =>
      caller.call("POST", "/invitations", { email, role });
    const email = `${unique("guest")}@example.com`;
    const above = await invite(admin, email, "org_owner");
    expect([above.status, above.body.code]).toEqual([403, "forbidden"]);
    expect((await invite(admin, email, "org_admin")).status).toBe(201);
    const twice = await invite(host, email, "viewer");
    expect([twice.status, twice.body.issues[0].path]).toEqual([409, "email"]);
    const member = await invite(host, admin.email, "viewer");
    expect([member.status, member.body.issues[0].path]).toEqual([409, "email"]);
  });

  it("invites many at once, with a result for each line", async () => {
    const host = await registerCompany();
    const [one, two] = [`${unique("a")}@example.com`, `${unique("b")}@example.com`];
    const lines = [
      { email: one, role: "viewer" },
      { email: host.email, role: "viewer" },
      { email: two, role: "developer" },
      { email: one, role: "viewer" },
    ];
    const answer = await host.call("POST", "/invitations/bulk", { invitations: lines });
    expect(answer.status).toBe(200);
    type Result = { email: string; invitation: { id: string } | null; error: { code: string } | null };
    const results: Result[] = answer.body.results;
    expect(results.map(({ email, error }) => [email, error?.code ?? null])).toEqual([
      [one, null],
      [host.email, "already_exists"],
      [two, null],
      [one, "already_exists"],
    ]);
    const pending = await host.call("GET", "/invitations");
    const made = results.flatMap(({ invitation }) => invitation?.id ?? []);
    expect(pending.body.items.map(({ id }: { id: string }) => id).sort()).toEqual(made.sort());
  });
});
