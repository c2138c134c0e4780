import { expect, it } from "vitest";
import { undeliveredOf } from "../../../functions/mail/model.ts";

const bounce = (bounceType: string, ...addresses: string[]) => ({
  source: "aws.ses",
  "detail-type": "Email Bounced",
  detail: {
    eventType: "Bounce",
    bounce: {
      bounceType,
      bounceSubType: "General",
      bouncedRecipients: addresses.map((emailAddress) => ({ emailAddress })),
    },
    mail: { destination: addresses },
  },
});

it.each([
  [
    "a permanent bounce",
    bounce("Permanent", "a@example.com", "B <b@example.com>"),
    [
      ["a@example.com", "bounced"],
      ["b@example.com", "bounced"],
    ],
  ],
  ["a full mailbox", bounce("Transient", "a@example.com"), []],
  ["a bounce of unknown kind", bounce("Undetermined", "a@example.com"), []],
  [
    "a complaint",
    { detail: { eventType: "Complaint", complaint: { complainedRecipients: [{ emailAddress: "a@example.com" }] } } },
    [["a@example.com", "complained"]],
  ],
])("%s says to whom nothing more is sent", (_, event, expected) => {
  expect(undeliveredOf(event).map(({ address, reason }) => [address, reason])).toEqual(expected);
});

it("what is no such event is refused, and waits in the dead-letter queue", () => {
  expect(() => undeliveredOf({ detail: "?" })).toThrow();
});
