import { expect, inject, it } from "vitest";
import { sentMails, tokenIn } from "../../../local/mails.ts";
import { call, eventually, registerCompany, unique } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";

const mails = () => sentMails(inject("stack").endpoint);
const mailed = (to: string, subject: string) =>
  eventually(
    async () =>
      (await mails()).map((mail) => JSON.stringify(mail)).find((mail) => mail.includes(to) && mail.includes(subject)),
    `a mail "${subject}" to ${to}`,
  );

it("an e-mail is changed once the new address is proved, and the old one is told and counts no more", async () => {
  const owner = await registerCompany();
  const email = `${unique("new")}@example.com`;
  await call("POST", "/auth/forgot-password", { body: { email: owner.email } });
  const reset = await eventually(async () => tokenIn(await mails(), owner.email, "pwr"), "the mail of a reset");

  expect((await owner.call("POST", "/auth/me/email", { email: owner.email })).status).toBe(409);
  expect((await owner.call("POST", "/auth/me/email", { email: email.toUpperCase() })).status).toBe(202);
  const token = await eventually(async () => tokenIn(await mails(), email, "emc"), "the mail to the new address");
  expect((await owner.call("GET", "/auth/me")).body.user.email).toBe(owner.email);

  const stranger = await addMember(owner, "org_admin");
  expect((await stranger.call("POST", "/auth/me/email/confirm", { token })).status).toBe(401);
  const confirmed = await owner.call("POST", "/auth/me/email/confirm", { token });
  expect([confirmed.status, confirmed.body.email]).toEqual([200, email]);
  expect((await owner.call("POST", "/auth/me/email/confirm", { token })).status).toBe(401);
  await mailed(owner.email, "Your e-mail was changed");
  const found = async (search: string) =>
    (await owner.call("GET", `/users?search=${search}`)).body.items.map(({ id }: { id: string }) => id);
  await expect.poll(() => found(email), { timeout: 20_000 }).toEqual([owner.user_id]);
  expect(await found(owner.email)).toEqual([]);

  const { password } = owner;
  const by = (address: string) => call("POST", "/auth/login", { body: { email: address, password } });
  expect([(await by(owner.email)).status, (await by(email)).status]).toEqual([401, 200]);
  // What was mailed to the old address before works no more.
  const late = await call("POST", "/auth/reset-password", {
    body: { token: reset, new_password: "a long new phrase" },
  });
  expect(late.status).toBe(401);
  const { items } = (await owner.call("GET", "/audit/logs?action=user.email_changed")).body;
  expect(items[0].changes).toEqual([{ field: "email", old: owner.email, new: email }]);
});

it("an address that has an account answers the same, and only its owner learns why nothing happens", async () => {
  const [owner, other] = await Promise.all([registerCompany(), registerCompany()]);
  const asked = await owner.call("POST", "/auth/me/email", { email: other.email });
  const free = await owner.call("POST", "/auth/me/email", { email: `${unique("free")}@example.com` });
  expect([asked.status, asked.body]).toEqual([free.status, free.body]);
  expect(await mailed(other.email, "You have an account already")).not.toContain("emc_");
});
