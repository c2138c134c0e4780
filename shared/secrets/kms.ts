import { DecryptCommand, GenerateDataKeyCommand, type KMSClient } from "@aws-sdk/client-kms";

/** The two things that secrets need of a key service. Tests implement it in memory; `kmsKeys` is the real one. */
export type DataKeys = {
  /** A fresh 256-bit key, in clear and wrapped under the context. */
  generate: (context: Readonly<Record<string, string>>) => Promise<{ key: Uint8Array; wrapped: Uint8Array }>;
  /** The clear key again; fails for another context. */
  unwrap: (wrapped: Uint8Array, context: Readonly<Record<string, string>>) => Promise<Uint8Array>;
};

/** Data keys from AWS KMS. `keyId` is a key or alias ARN; naming it on decrypt refuses blobs made with any other key. */
export const kmsKeys = (client: Pick<KMSClient, "send">, keyId: string): DataKeys => ({
  generate: async (context) => {
    const answer = await client.send(
      new GenerateDataKeyCommand({ KeyId: keyId, KeySpec: "AES_256", EncryptionContext: { ...context } }),
    );
    if (answer.Plaintext === undefined || answer.CiphertextBlob === undefined) throw new Error("KMS gave no data key");
    return { key: answer.Plaintext, wrapped: answer.CiphertextBlob };
  },
  unwrap: async (wrapped, context) => {
    const answer = await client.send(
      new DecryptCommand({ KeyId: keyId, CiphertextBlob: wrapped, EncryptionContext: { ...context } }),
    );
    if (answer.Plaintext === undefined) throw new Error("KMS gave no data key");
    return answer.Plaintext;
  },
});
