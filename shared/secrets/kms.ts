import { clientOptions } from "../aws/clients.ts";
import { readSettings } from "../config/settings.ts";
import type * as Sdk from "./lazy/kms.ts";
import { requireUse } from "./purposes.ts";
import type { SecretContext } from "./schema.ts";

/** The two things that secrets need of a key service. Tests implement it in memory; `kmsKeys` is the real one. */
export type DataKeys = {
  /** A fresh 256-bit key, in clear and wrapped under the context. */
  generate: (context: SecretContext) => Promise<{ key: Uint8Array; wrapped: Uint8Array }>;
  /** The clear key again; fails for another context. */
  unwrap: (wrapped: Uint8Array, context: SecretContext) => Promise<Uint8Array>;
};

/** The client's package, which whoever needs it has loaded. */
type Kms = Pick<typeof Sdk, "DecryptCommand" | "GenerateDataKeyCommand">;

/**
 * Data keys from AWS KMS. `keyId` is a key or alias ARN; naming it on decrypt refuses blobs made with any other key.
 * @param uses what the function declares (`SECRET_USES`)
 */
export const kmsKeys = (
  { DecryptCommand, GenerateDataKeyCommand }: Kms,
  client: Pick<Sdk.KMSClient, "send">,
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

/** The same with a client of its own, which is loaded with the first secret: most requests seal and open none. */
export function connectKmsKeys(keyId: string, uses = readSettings(["SECRET_USES"]).SECRET_USES): DataKeys {
  let loading: Promise<DataKeys> | undefined;
  const connected = () => {
    loading ??= import("./lazy/kms.ts").then((sdk) =>
      kmsKeys(sdk, new sdk.KMSClient(clientOptions("keys")), keyId, uses),
    );
    return loading;
  };
  return {
    generate: async (context) => (await connected()).generate(context),
    unwrap: async (wrapped, context) => (await connected()).unwrap(wrapped, context),
  };
}
