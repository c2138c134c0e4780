import { randomBytes } from "node:crypto";
import * as fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { signWebhook, webhookSecret } from "../../../shared/signing/standard-webhooks.ts";

const secret = (): string => webhookSecret(randomBytes(32));

test("the official Standard Webhooks library verifies what we sign, whatever the body", () => {
  fc.assert(
    fc.property(fc.json(), fc.uint8Array({ minLength: 32, maxLength: 32 }), (body, random) => {
      const key = webhookSecret(random);
      const headers = signWebhook({ id: "evt_01J", sent_at_ms: Date.now(), body, secrets: [key] });
      expect(new Webhook(key).verify(body, headers)).toEqual(JSON.parse(body));
    }),
  );
});

test("during a rotation a receiver that knows either secret verifies, and one that knows neither does not", () => {
  const [before, after] = [secret(), secret()];
  const headers = signWebhook({ id: "evt_1", sent_at_ms: Date.now(), body: "{}", secrets: [before, after] });
  expect(headers["webhook-signature"].split(" ")).toHaveLength(2);
  expect(new Webhook(before).verify("{}", headers)).toEqual({});
  expect(new Webhook(after).verify("{}", headers)).toEqual({});
  expect(() => new Webhook(secret()).verify("{}", headers)).toThrow("No matching signature");
});

test("a changed body, id or timestamp is noticed, and an old request cannot be replayed", () => {
  const key = secret();
  const now = Date.now();
  const headers = signWebhook({ id: "evt_1", sent_at_ms: now, body: "{}", secrets: [key] });
  const receiver = new Webhook(key);
  expect(() => receiver.verify("[]", headers)).toThrow();
  expect(() => receiver.verify("{}", { ...headers, "webhook-id": "evt_2" })).toThrow();
  const later = String(Number(headers["webhook-timestamp"]) + 1);
  expect(() => receiver.verify("{}", { ...headers, "webhook-timestamp": later })).toThrow();
  const old = signWebhook({ id: "evt_1", sent_at_ms: now - 6 * 60_000, body: "{}", secrets: [key] });
  expect(() => receiver.verify("{}", old)).toThrow("too old");
});

test("a secret is whsec_ and 32 bytes in base64", () => {
  const made = secret();
  expect(made).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(() => webhookSecret(randomBytes(31))).toThrow(RangeError);
});

test.each(["", "plain", "whsec_", "whsec_c2hvcnQ="])("%j is never used as a secret", (bad) => {
  expect(() => signWebhook({ id: "evt_1", sent_at_ms: 0, body: "{}", secrets: [bad] })).toThrow("not a webhook secret");
});

test("an id that could shift the signed text is refused", () => {
  expect(() => signWebhook({ id: "evt.1", sent_at_ms: 0, body: "{}", secrets: [secret()] })).toThrow(
    "not a delivery id",
  );
});
