import type { SendEmailCommand } from "@aws-sdk/client-sesv2";
import { expect, it } from "vitest";
import { connectMail } from "../../../shared/mail/send.ts";

it("mail says its charset, because SES takes text without one for 7-bit ASCII", async () => {
  const sent: SendEmailCommand["input"][] = [];
  const client = { send: async ({ input }: SendEmailCommand) => void sent.push(input) };
  const send = connectMail("studio@example.com", client as never);
  await send({ to: "ada@example.com", subject: "Grüße", lines: ["Käthe", "", "čau"] });
  expect(sent).toEqual([
    {
      FromEmailAddress: "studio@example.com",
      Destination: { ToAddresses: ["ada@example.com"] },
      Content: {
        Simple: {
          Subject: { Data: "Grüße", Charset: "UTF-8" },
          Body: { Text: { Data: "Käthe\n\nčau", Charset: "UTF-8" } },
        },
      },
    },
  ]);
});
