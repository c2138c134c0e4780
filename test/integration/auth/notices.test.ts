import { expect, it } from "vitest";
import { sendMail } from "../../../functions/auth/consumers.ts";
import type { Envelope } from "../../../shared/change/events.ts";
import { PLATFORM, userItem } from "../../../shared/identity/items.ts";
import type { Mail } from "../../../shared/mail/send.ts";
import { call, registerCompany } from "../../support/api.ts";
import { stackPlatform } from "../../support/stack.ts";

/** What the mail function sends of an event. */
async function mailsOf(event: object): Promise<Mail[]> {
  const { table, secrets, clock } = stackPlatform();
  const mails: Mail[] = [];
  const send = async (mail: Mail) => void mails.push(mail);
  await sendMail(event as Envelope, { table, secrets, clock, send, app_url: "https://studio.example.com" });
  return mails;
}

it("a sign-in from a new device is told though its session has ended by then", async () => {
  const { user_id, email } = await registerCompany();
  const occurred_at = "2026-01-02T03:04:05.000Z";
  const data = { user_id, session_id: `ses_${"0".repeat(26)}` };
  const [mail, ...more] = await mailsOf({ type: "session.new_device", occurred_at, data });
  expect(more).toEqual([]);
  expect(mail).toMatchObject({ to: email, subject: "A sign-in from a new device" });
  expect(mail?.lines).toContain(`Time: ${occurred_at}`);
  expect(mail?.lines.join()).not.toContain("undefined");
});

it("whoever has an account reads of a registration in their own language, not in that of who has typed their address", async () => {
  const { user_id, email, organization_id } = await registerCompany();
  const { table } = stackPlatform();
  const { writes } = table.of(PLATFORM);
  await table.transact([writes.update(userItem, { id: user_id }, { set: { language: "de" } })]);
  const body = { email, name: "Ada", organization_name: "Acme" };
  const asked = await call("POST", "/auth/register", { body, headers: { "accept-language": "en" } });
  const { registration_id } = asked.body;
  const [mail] = await mailsOf({ type: "registration.requested", organization_id, data: { registration_id } });
  expect(mail).toMatchObject({ to: email, language: "de" });
});
