import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { SendEmailCommand } from "@aws-sdk/client-sesv2";
import { DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import { mockClient } from "aws-sdk-client-mock";
import { beforeEach, expect, it } from "vitest";
import { Table } from "../../../shared/dynamo/table.ts";
import { connectMail } from "../../../shared/mail/send.ts";
import { addressHash } from "../../../shared/mail/undeliverable.ts";
import { silentLog } from "../../../shared/observability/log.ts";

const dynamo = mockClient(DynamoDBDocumentClient);
const table = new Table("table", DynamoDBDocumentClient.from(new DynamoDBClient({ region: "eu-west-1" })));
beforeEach(() => {
  dynamo.reset();
  dynamo.on(GetCommand).resolves({});
});

function sender(MAIL_CONFIGURATION_SET?: string) {
  const sent: SendEmailCommand["input"][] = [];
  const client = { send: async ({ input }: SendEmailCommand) => void sent.push(input) };
  const settings = { MAIL_FROM: "studio@example.com", MAIL_CONFIGURATION_SET };
  return { sent, send: connectMail({ table, log: silentLog }, client as never, settings) };
}

it("mail says its charset, because SES takes text without one for 7-bit ASCII, and brings text and HTML", async () => {
  const { sent, send } = sender();
  await send({ to: "ada@example.com", language: "en", subject: "Grüße", lines: ["Käthe", "", "čau"] });
  expect(sent).toEqual([
    {
      FromEmailAddress: "studio@example.com",
      Destination: { ToAddresses: ["ada@example.com"] },
      Content: {
        Simple: {
          Subject: { Data: "Grüße", Charset: "UTF-8" },
          Body: {
            Text: { Data: "Käthe\n\nčau", Charset: "UTF-8" },
            Html: { Data: expect.stringContaining("<p>Käthe</p>\n<p>čau</p>"), Charset: "UTF-8" },
          },
        },
      },
    },
  ]);
});

it("mail is sent under the deployment's configuration set, by which bounces come back", async () => {
  const { sent, send } = sender("kaizen-studio-production-mail");
  await send({ to: "ada@example.com", language: "en", subject: "x", lines: [] });
  expect(sent[0]?.ConfigurationSetName).toBe("kaizen-studio-production-mail");
});

it("nothing is sent to an address that refused a mail for good, whatever its capitals", async () => {
  const { sent, send } = sender();
  const pk = `T#platform#MAIL_UNDELIVERABLE#${addressHash("ada@example.com")}`;
  const expires_at = "2999-01-01T00:00:00.000Z";
  const Item = { address_hash: addressHash("ada@example.com"), reason: "bounced", at: expires_at, expires_at };
  dynamo.on(GetCommand, { Key: { pk, sk: "MAIL_UNDELIVERABLE" }, ConsistentRead: true }, false).resolves({ Item });
  await send({ to: " Ada@Example.com", language: "en", subject: "x", lines: [] });
  await send({ to: "bob@example.com", language: "en", subject: "x", lines: [] });
  expect(sent.map(({ Destination }) => Destination?.ToAddresses)).toEqual([["bob@example.com"]]);
});
