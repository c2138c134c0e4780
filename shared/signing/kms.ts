import { createHash } from "node:crypto";
import { clientOptions } from "../aws/clients.ts";
import type * as Sdk from "../secrets/lazy/kms.ts";
import { type PublicKey, publicKeyOfDer } from "./public-key.ts";

/** A statement as a key of the deployment has signed it. */
export interface Signed {
  /** Of the statement, hexadecimal. */
  readonly sha256: string;
  /** ECDSA on P-256 with SHA-256, DER, in base64. */
  readonly signature: string;
}

/** A key whose private half nobody has: whoever may, has it sign; everybody may know its public half. */
export interface SigningKey {
  sign(statement: string): Promise<Signed>;
  public(): Promise<PublicKey>;
}

/** The client's package, which whoever needs it has loaded. */
type Kms = Pick<typeof Sdk, "GetPublicKeyCommand" | "SignCommand">;

/** A key of KMS. Its public half is asked for once: a key has one for as long as it is. */
export function kmsKey(
  { GetPublicKeyCommand, SignCommand }: Kms,
  client: Pick<Sdk.KMSClient, "send">,
  KeyId: string,
): SigningKey {
  let known: Promise<PublicKey> | undefined;
  const ask = async (): Promise<PublicKey> => {
    const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId }));
    if (PublicKey === undefined) throw new Error("the key has no public half");
    return publicKeyOfDer(PublicKey);
  };
  return {
    async sign(statement) {
      const digest = createHash("sha256").update(statement).digest();
      const signing = { KeyId, Message: digest, MessageType: "DIGEST", SigningAlgorithm: "ECDSA_SHA_256" } as const;
      const { Signature } = await client.send(new SignCommand(signing));
      if (Signature === undefined) throw new Error("the key gave no signature");
      return { sha256: digest.toString("hex"), signature: Buffer.from(Signature).toString("base64") };
    },
    public() {
      known ??= ask().catch((error: unknown) => {
        known = undefined;
        throw error;
      });
      return known;
    },
  };
}

/** The same with a client of its own, which is loaded when the key is first used. */
export function connectKmsKey(keyId: string): SigningKey {
  let loading: Promise<SigningKey> | undefined;
  const connected = () => {
    loading ??= import("../secrets/lazy/kms.ts").then((sdk) =>
      kmsKey(sdk, new sdk.KMSClient(clientOptions("keys")), keyId),
    );
    return loading;
  };
  return {
    sign: async (statement) => (await connected()).sign(statement),
    public: async () => (await connected()).public(),
  };
}
