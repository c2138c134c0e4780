import { createHash } from "node:crypto";
import { GetPublicKeyCommand, type KMSClient, SignCommand } from "@aws-sdk/client-kms";
import type { Certificate } from "./model.ts";

/** Signs a statement so that anybody can check it with the public key that comes with it. */
export type Certify = (statement: string) => Promise<Certificate>;

/** By the deployment's key for proofs: its private half never leaves KMS. */
export const kmsCertifier =
  (client: Pick<KMSClient, "send">, KeyId: string): Certify =>
  async (statement) => {
    const digest = createHash("sha256").update(statement).digest();
    const signing = { KeyId, Message: digest, MessageType: "DIGEST", SigningAlgorithm: "ECDSA_SHA_256" } as const;
    const [{ Signature }, { PublicKey }] = await Promise.all([
      client.send(new SignCommand(signing)),
      client.send(new GetPublicKeyCommand({ KeyId })),
    ]);
    if (Signature === undefined || PublicKey === undefined) throw new Error("the key gave no signature");
    const lines = Buffer.from(PublicKey)
      .toString("base64")
      .replaceAll(/.{64}(?=.)/g, "$&\n");
    return {
      statement,
      sha256: digest.toString("hex"),
      signature: Buffer.from(Signature).toString("base64"),
      public_key: `-----BEGIN PUBLIC KEY-----\n${lines}\n-----END PUBLIC KEY-----\n`,
    };
  };
