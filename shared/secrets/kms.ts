import { DecryptCommand, GenerateDataKeyCommand, type KMSClient } from "@aws-sdk/client-kms";
import { readSettings } from "../config/settings.ts";
import { requireUse } from "./purposes.ts";
import type { SecretContext } from "./schema.ts";

/** The two things that secrets need of a key service. Tests implement it in memory; `kmsKeys` is the real one. */
export type DataKeys = {
  /** A fresh 256-bit key, in clear and wrapped under the context. */
  generate: (context: SecretContext) => Promise<{ key: Uint8Array; wrapped: Uint8Array }>;
  /** The clear key again; fails for another context. */
  unwrap: (wrapped: Uint8Array, context: SecretContext) => Promise<Uint8Array>;
};

/**
 * Data keys from AWS KMS. `keyId` is a key or alias ARN; naming it on decrypt refuses blobs made with any other key.
 * @param uses what the function declares (`SECRET_USES`)
 */
export const kmsKeys = (
  client: Pick<KMSClient, "send">,
  keyId: string,
  uses = readSettings(["SECRET_USES"]).SECRET_USES,
): DataKeys => ({
  generate: async (context) => {
    requireUse(uses, `seal:${context.purpose}`);
    const answer = await client.send(
      new GenerateDataKeyCommand({ KeyId: keyId, KeySpec: "AES_256", EncryptionContext: { ...context } }),
    );
    if (answer.Plaintext === undefined || answer.CiphertextBlob === undefined) throw new Error("KMS gave no data key");
    return { key: answer.Plaintext, wrapped: answer.CiphertextBlob };
  },
  unwrap: async (wrapped, context) => {
    requireUse(uses, `open:${context.purpose}`);
    const answer = await client.send(
      new DecryptCommand({ KeyId: keyId, CiphertextBlob: wrapped, EncryptionContext: { ...context } }),
    );
    if (answer.Plaintext === undefined) throw new Error("KMS gave no data key");
    return answer.Plaintext;
  },
});
