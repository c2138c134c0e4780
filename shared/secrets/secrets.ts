import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { createKeyCache, type KeyCacheLimits } from "./cache.ts";
import type { DataKeys } from "./kms.ts";
import { type EncryptedSecret, encryptedSecret, type SecretContext } from "./schema.ts";

/**
 * `unreadable`: the ciphertext is damaged, or belongs to another tenant, field or key; trying again cannot help.
 * `unavailable`: the key service did not answer or refused for now; trying again can. Messages never hold secret material.
 */
export class SecretError extends Error {
  readonly code: "unreadable" | "unavailable" | "too_large";

  constructor(code: SecretError["code"], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "SecretError";
    this.code = code;
  }
}

export type Secrets = {
  /** Encrypts up to 64 KB of text under a data key of its own. */
  encrypt: (plaintext: string, context: SecretContext) => Promise<EncryptedSecret>;
  /** The text again. Throws `SecretError`; another tenant or field than at encryption is `unreadable`. */
  decrypt: (secret: EncryptedSecret, context: SecretContext) => Promise<string>;
};

const maxPlaintextBytes = 65_536;
const tagBytes = 16;
const algorithm = "aes-256-gcm";

/** KMS answers that mean "this blob under this context, never". A missing permission is not among them: an operator can grant it. */
const finalRefusals = new Set(["InvalidCiphertextException", "IncorrectKeyException"]);

/** One byte string per context, whatever the order of its keys, so that AES-GCM authenticates it as well as KMS. */
const additionalData = (context: SecretContext): Buffer =>
  Buffer.from(JSON.stringify(["v1", ...Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))]));

const keyId = (wrapped: string, aad: Buffer): string =>
  createHash("sha256").update(wrapped).update(".").update(aad).digest("base64");

/**
 * Envelope encryption: each secret has its own AES-256 data key, wrapped by the key service under the secret's context.
 *
 * `cache` (off unless given) keeps clear data keys in this instance's memory for a short time, so that a hot webhook does not
 * call KMS for each delivery. The price: for at most `max_age_ms` a revoked key permission does not bite in instances that
 * have just used it, uses in that time do not appear in CloudTrail, and a memory dump would hold those keys. Encryption never
 * uses it.
 */
export const createSecrets = (parts: {
  keys: DataKeys;
  cache?: KeyCacheLimits;
  /** Monotonic or wall clock in milliseconds, for the cache's age. */
  now?: () => number;
}): Secrets => {
  const { keys } = parts;
  const cache =
    parts.cache === undefined ? undefined : createKeyCache(parts.cache, parts.now ?? (() => performance.now()));

  const encrypt: Secrets["encrypt"] = async (plaintext, context) => {
    const clear = Buffer.from(plaintext, "utf8");
    if (clear.byteLength > maxPlaintextBytes) throw new SecretError("too_large", "A secret may have at most 64 KB.");
    const { key, wrapped } = await keys.generate(context).catch((error: unknown) => {
      throw new SecretError("unavailable", "The secret could not be encrypted.", error);
    });
    const iv = randomBytes(12);
    const cipher = createCipheriv(algorithm, key, iv).setAAD(additionalData(context));
    const sealed = Buffer.concat([cipher.update(clear), cipher.final(), cipher.getAuthTag()]);
    key.fill(0);
    clear.fill(0);
    return encryptedSecret.parse(
      ["v1", ...[wrapped, iv, sealed].map((part) => Buffer.from(part).toString("base64url"))].join("."),
    );
  };

  const decrypt: Secrets["decrypt"] = async (secret, context) => {
    const parsed = encryptedSecret.safeParse(secret);
    const [, wrapped, iv, sealedText] = parsed.success ? parsed.data.split(".") : [];
    if (wrapped === undefined || iv === undefined || sealedText === undefined) {
      throw new SecretError("unreadable", "The stored secret is damaged.");
    }
    const sealed = Buffer.from(sealedText, "base64url");
    const aad = additionalData(context);
    const unwrap = () =>
      keys.unwrap(Buffer.from(wrapped, "base64url"), context).catch((error: unknown) => {
        const final = error instanceof Error && finalRefusals.has(error.name);
        throw new SecretError(final ? "unreadable" : "unavailable", "The stored secret could not be opened.", error);
      });
    const key = await (cache === undefined ? unwrap() : cache.get(keyId(wrapped, aad), sealed.byteLength, unwrap));
    try {
      const decipher = createDecipheriv(algorithm, key, Buffer.from(iv, "base64url"), { authTagLength: tagBytes })
        .setAAD(aad)
        .setAuthTag(sealed.subarray(-tagBytes));
      return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]).toString("utf8");
    } catch (error) {
      throw new SecretError("unreadable", "The stored secret does not belong here or is damaged.", error);
    }
  };

  return { encrypt, decrypt };
};
