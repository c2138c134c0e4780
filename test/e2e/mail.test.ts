import { randomUUID } from "node:crypto";
import { ListQueuesCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { expect, inject, it } from "vitest";
import { sentMails } from "../../local/mails.ts";
import { undeliverable } from "../../shared/mail/undeliverable.ts";
import { eventually, registerCompany, unique } from "../support/api.ts";
import { stackTable } from "../support/stack.ts";

it("people are written to in the language they have asked for, and else in the one of their organization", async () => {
  const company = await registerCompany();
  const { endpoint } = inject("stack");
  const subjectOf = async () => {
    const seen = (await sentMails(endpoint)).length;
    expect((await company.call("POST", "/auth/forgot-password", { email: company.email })).status).toBe(202);
    return eventually(
      async () => (await sentMails(endpoint)).slice(seen).find(({ to }) => to.includes(company.email)),
      "the mail",
    );
  };
  expect((await company.call("PATCH", "/users/me", { language: "de_AT" })).status).toBe(422);
  const own = await company.call("PATCH", "/users/me", { language: "de-at" });
  expect([own.status, own.body.language]).toEqual([200, "de-AT"]);
  const german = await subjectOf();
  expect([german.subject, german.html.includes('<html lang="de">')]).toEqual(["Setzen Sie Ihr Passwort zurück", true]);

  expect((await company.call("PATCH", "/users/me", { language: null })).body.language).toBeNull();
  expect((await subjectOf()).subject).toBe("Reset your password");
});

it("an address that refused a mail for good gets no other one; a full mailbox gets the next", async () => {
  const company = await registerCompany();
  const { endpoint, region } = inject("stack");
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const sqs = new SQSClient({ endpoint, region, credentials, useQueueUrlAsEndpoint: false });
  const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({}));
  const QueueUrl = QueueUrls.find((url) => url.includes("mailundeliveredQueue"));
  const [gone, full] = [`${unique("gone")}@example.com`, `${unique("full")}@example.com`];
  // Nobody but SES puts such events on a bus: here they come into the queue behind its rule.
  const bounced = (bounceType: string, emailAddress: string) =>
    sqs.send(
      new SendMessageCommand({
        QueueUrl,
        MessageBody: JSON.stringify({
          source: "aws.ses",
          "detail-type": "Email Bounced",
          detail: {
            eventType: "Bounce",
            bounce: { bounceType, feedbackId: randomUUID(), bouncedRecipients: [{ emailAddress }] },
            mail: { messageId: randomUUID(), destination: [emailAddress] },
          },
        }),
      }),
    );
  await Promise.all([bounced("Transient", full), bounced("Permanent", gone)]);
  await eventually(async () => await undeliverable(stackTable(), gone), "the bounce to be known");
  for (const email of [gone, full])
    expect((await company.call("POST", "/invitations", { email, role: "viewer" })).status).toBe(201);
  const to = async (address: string) => (await sentMails(endpoint)).filter((mail) => mail.to.includes(address));
  const [mail] = await eventually(async () => {
    const mails = await to(full);
    return mails.length === 0 ? undefined : mails;
  }, "the mail to the mailbox that was full");
  expect(mail?.html).toContain("<p>Owner invites you to join");
  // The one that was asked for first would have come first.
  expect(await to(gone)).toEqual([]);
});
