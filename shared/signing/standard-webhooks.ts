import { Buffer } from "node:buffer";
import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { Memo } from "../expressions/memo.ts";

/** Standard Webhooks 1.0: what a receiver needs to verify that we sent it, when, and that nobody changed it. */
export type SignatureHeaders = {
  /** The delivery's event id, the same for every attempt: the receiver's key against duplicates. */
  "webhook-id": string;
  /** Unix seconds of this attempt. Covered by the signature, so that an old request cannot be replayed. */
  "webhook-timestamp": string;
  /** One `v1,<base64>` for each live secret, separated by spaces. */
  "webhook-signature": string;
};

const prefix = "whsec_";
export const secretBytes = 32;

/** A signing secret `whsec_<base64>` out of 32 random bytes, which the caller draws. */
export const webhookSecret = (random: Uint8Array): string => {
  if (random.byteLength !== secretBytes) throw new RangeError(`a webhook secret is made of ${secretBytes} bytes`);
  return prefix + Buffer.from(random).toString("base64");
};

/**
 * Keys of the secrets that were used last. Signing with a new key takes the runtime twice as long as with one that it has signed
 * with before, and with plain bytes many times as long.
 */
const keys = new Memo<KeyObject>(64);

/** The key that a secret stands for. */
const keyOf = (secret: string): KeyObject =>
  keys.get(secret, () => {
    const key = Buffer.from(secret.startsWith(prefix) ? secret.slice(prefix.length) : "", "base64");
    if (key.byteLength < 24) throw new RangeError("not a webhook secret");
    return createSecretKey(key);
  });

/**
 * The headers for one attempt. `body` is the exact text that is sent: signing anything else breaks verification.
 * During a rotation the old and the new secret are both live, and a receiver that knows either can verify.
 */
export const signWebhook = (delivery: {
  id: string;
  sent_at_ms: number;
  body: string;
  secrets: readonly [string, ...string[]];
}): SignatureHeaders => {
  // A dot in the id would let two different deliveries have the same signed text.
  if (!/^[A-Za-z0-9_-]{1,256}$/.test(delivery.id)) throw new RangeError("not a delivery id");
  const timestamp = String(Math.floor(delivery.sent_at_ms / 1000));
  const signed = `${delivery.id}.${timestamp}.${delivery.body}`;
  const signatures = delivery.secrets.map(
    (secret) => `v1,${createHmac("sha256", keyOf(secret)).update(signed, "utf8").digest("base64")}`,
  );
  return {
    "webhook-id": delivery.id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signatures.join(" "),
  };
};
