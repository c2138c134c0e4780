import { expect, inject, it } from "vitest";
import { sentMails, tokenIn } from "../../../local/mails.ts";
import { call, eventually, registerCompany } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";
import { App, enrol, wrongCode } from "../../support/mfa.ts";

const mailed = (to: string, subject: string) =>
  eventually(
    async () =>
      JSON.stringify(
        (await sentMails(inject("stack").endpoint)).filter((mail) => JSON.stringify(mail).includes(to)),
      ).includes(subject)
        ? true
        : undefined,
    `a mail "${subject}"`,
  );

it("a second factor is turned on, asked for at the next sign-in, and turned off by whoever proves it", async () => {
  const owner = await registerCompany();
  const credentials = { email: owner.email, password: owner.password };
  const login = () => call("POST", "/auth/login", { body: credentials });
  const other = (await login()).body.tokens.access_token;

  const begun = await owner.call("POST", "/auth/me/mfa/totp");
  expect([begun.status, begun.body.otpauth_uri.startsWith("otpauth://totp/")]).toEqual([201, true]);
  expect((await owner.call("GET", "/auth/me/mfa")).body).toEqual({
    enabled: false,
    enabled_at: null,
    recovery_codes_left: 0,
  });
  // Begun is not on.
  expect((await login()).body.status).toBe("signed_in");
  const app = new App(begun.body.secret);
  const on = await owner.call("POST", "/auth/me/mfa/totp/activate", { code: app.code() });
  expect([on.status, new Set(on.body.recovery_codes).size]).toEqual([200, 10]);
  expect((await call("GET", "/auth/me", { token: other })).status).toBe(401);
  expect((await owner.call("GET", "/auth/me")).status).toBe(200);
  await mailed(owner.email, "A second factor was turned on");

  const challenged = await login();
  expect(Object.keys(challenged.body).sort()).toEqual(["challenge", "expires_at", "methods", "status"]);
  expect(challenged.body).toMatchObject({ status: "mfa_required", methods: ["totp", "recovery_code"] });
  const { challenge } = challenged.body;
  const finish = (code: string) => call("POST", "/auth/login/mfa", { body: { challenge, code } });
  const wrong = await finish(wrongCode(begun.body.secret));
  expect([wrong.status, wrong.body.code]).toEqual([401, "invalid_credentials"]);
  const opened = await finish(app.code());
  expect([opened.status, opened.body.status]).toEqual([200, "signed_in"]);
  const token = opened.body.tokens.access_token;
  expect((await call("GET", `/organizations/${owner.organization_id}`, { token })).status).toBe(200);
  const refreshed = await call("POST", "/auth/refresh", { body: { refresh_token: opened.body.tokens.refresh_token } });
  expect(refreshed.status).toBe(200);
  // A challenge works once.
  expect((await finish(on.body.recovery_codes[0])).status).toBe(401);

  // Whoever has a second factor proves that one; the password alone is not enough.
  const password = await owner.call("POST", "/auth/step-up", { password: owner.password });
  expect([password.status, password.body.methods]).toEqual([409, ["totp", "recovery_code"]]);
  const recovery = on.body.recovery_codes[1].toLowerCase();
  expect((await owner.call("POST", "/auth/step-up", { code: recovery })).status).toBe(200);
  expect((await owner.call("POST", "/auth/step-up", { code: recovery })).status).toBe(401);
  expect((await owner.call("GET", "/auth/me/mfa")).body).toMatchObject({ enabled: true, recovery_codes_left: 9 });
  const renewed = (await owner.call("POST", "/auth/me/mfa/recovery-codes", {})).body.recovery_codes;
  expect((await owner.call("POST", "/auth/step-up", { code: on.body.recovery_codes[2] })).status).toBe(401);
  expect((await owner.call("POST", "/auth/step-up", { code: renewed[0] })).status).toBe(200);

  expect((await owner.call("DELETE", "/auth/me/mfa")).status).toBe(204);
  expect((await call("GET", "/auth/me", { token })).status).toBe(401);
  expect((await login()).body.status).toBe("signed_in");
  const { items } = (await owner.call("GET", "/audit/logs?limit=50")).body;
  const told = new Set(items.map(({ action }: { action: string }) => action));
  for (const action of ["mfa.enabled", "session.challenged", "mfa.recovery_code_used", "mfa.disabled"])
    expect(told).toContain(action);
});

it("an organization asks for a second factor: whoever has none can only take one, and then works on", async () => {
  const owner = await registerCompany();
  const member = await addMember(owner, "developer");
  const path = `/organizations/${owner.organization_id}/settings`;
  const require_mfa = { security: { require_mfa: true } };
  expect((await owner.call("PATCH", path, require_mfa)).body.refusal).toBe("mfa_enrolment_required");
  await enrol(owner);
  expect((await owner.call("PATCH", path, require_mfa)).status).toBe(200);
  expect((await owner.call("GET", "/agents")).status).toBe(200);
  const refused = await member.call("GET", "/agents");
  expect([refused.status, refused.body.code]).toEqual([403, "mfa_enrolment_required"]);
  await enrol(member);
  expect((await member.call("GET", "/agents")).status).toBe(200);
});

it("a password that is reset by mail opens nothing without the second factor", async () => {
  const owner = await registerCompany();
  const { recovery_codes } = await enrol(owner);
  await call("POST", "/auth/forgot-password", { body: { email: owner.email } });
  const token = await eventually(
    async () => tokenIn(await sentMails(inject("stack").endpoint), owner.email, "pwr"),
    "the mail with the token",
  );
  const password = "another long pass phrase";
  expect((await call("POST", "/auth/reset-password", { body: { token, new_password: password } })).status).toBe(204);
  const challenged = await call("POST", "/auth/login", { body: { email: owner.email, password } });
  expect(challenged.body.status).toBe("mfa_required");
  const { challenge } = challenged.body;
  const opened = await call("POST", "/auth/login/mfa", { body: { challenge, code: recovery_codes[0] } });
  expect(opened.status).toBe(200);
});

it("an administrator resets the second factor of a member who belongs nowhere else, and the member is told", async () => {
  const owner = await registerCompany();
  const [member, admin] = await Promise.all([addMember(owner, "developer"), addMember(owner, "org_admin")]);
  const reset = (by: typeof admin, user_id: string) => by.call("POST", `/auth/users/${user_id}/mfa/reset`);
  expect((await reset(admin, member.user_id)).body.state).toBe("off");
  await enrol(member);
  expect((await reset(admin, member.user_id)).status).toBe(204);
  expect((await member.call("GET", "/auth/me")).status).toBe(401);
  await mailed(member.email, "Your second factor was reset");
  const again = await call("POST", "/auth/login", { body: { email: member.email, password: member.password } });
  expect(again.body.status).toBe("signed_in");

  await enrol(owner);
  const above = await reset(admin, owner.user_id);
  expect([above.status, above.body.code]).toEqual([403, "forbidden"]);
  const token = again.body.tokens.access_token;
  expect((await call("POST", "/organizations", { token, body: { name: "Own" } })).status).toBe(201);
  await enrol({ call: (method, path, body) => call(method, path, { token, body }) });
  const shared = await reset(admin, member.user_id);
  expect([shared.status, shared.body.state]).toEqual([409, "shared_account"]);
});
