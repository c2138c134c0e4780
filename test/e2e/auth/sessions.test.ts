import { expect, inject, it } from "vitest";
import { sentMails } from "../../../local/mails.ts";
import { call, eventually, registerCompany } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";

const FIREFOX = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0";

const mailed = (to: string, subject: string) =>
  eventually(async () => {
    const mails = await sentMails(inject("stack").endpoint);
    return mails.map((mail) => JSON.stringify(mail)).find((mail) => mail.includes(to) && mail.includes(subject));
  }, `a mail "${subject}"`);

it("people see where they are signed in, end one session, and learn of a new device by mail", async () => {
  const owner = await registerCompany();
  const body = { email: owner.email, password: owner.password };
  const headers = { "user-agent": FIREFOX };
  const first = await call("POST", "/auth/login", { body, headers });
  const list = async () => (await owner.call("GET", "/auth/me/sessions")).body.items;
  const [newest, oldest, ...others] = await list();
  expect(others).toEqual([]);
  expect(newest).toMatchObject({ current: false, device: "Firefox on macOS", method: "password" });
  expect(Object.keys(newest).sort()).toEqual(
    [
      "created_at",
      "current",
      "device",
      "expires_at",
      "id",
      "ip",
      "last_seen_at",
      "method",
      "place",
      "user_agent",
    ].sort(),
  );
  expect(oldest).toMatchObject({ current: true });
  expect(await mailed(owner.email, "A sign-in from a new device")).toContain("Firefox on macOS");

  // The same device again is no news.
  const { device_token } = first.body;
  const again = await call("POST", "/auth/login", { body: { ...body, device_token }, headers });
  expect(again.status).toBe(200);
  const actions = (await owner.call("GET", "/audit/logs?action=session.new_device")).body.items;
  expect(actions).toHaveLength(1);

  expect((await owner.call("DELETE", `/auth/me/sessions/${newest.id}`)).status).toBe(204);
  expect((await call("GET", "/auth/me", { token: first.body.tokens.access_token })).status).toBe(401);
  const refresh = { refresh_token: first.body.tokens.refresh_token };
  expect((await call("POST", "/auth/refresh", { body: refresh })).status).toBe(401);
  expect((await owner.call("DELETE", `/auth/me/sessions/${newest.id}`)).status).toBe(404);
  expect((await list()).map(({ id }: { id: string }) => id)).not.toContain(newest.id);
  const stranger = await registerCompany();
  expect((await stranger.call("DELETE", `/auth/me/sessions/${oldest.id}`)).status).toBe(404);
});

it("an administrator ends all sessions of a member within reach, who is told", async () => {
  const owner = await registerCompany();
  const [member, admin] = await Promise.all([addMember(owner, "developer"), addMember(owner, "org_admin")]);
  expect((await admin.call("POST", `/auth/users/${owner.user_id}/sign-out`)).status).toBe(403);
  expect((await admin.call("POST", `/auth/users/${admin.user_id}/sign-out`)).status).toBe(409);
  expect((await admin.call("POST", `/auth/users/${member.user_id}/sign-out`)).status).toBe(204);
  expect((await member.call("GET", "/auth/me")).status).toBe(401);
  await mailed(member.email, "You were signed out");
  const again = await call("POST", "/auth/login", { body: { email: member.email, password: member.password } });
  expect(again.status).toBe(200);
});
