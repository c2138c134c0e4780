import type { SigningKey } from "../../../shared/signing/kms.ts";
import type { Certificate } from "./model.ts";

/** Signs a statement so that anybody can check it with the public key that comes with it. */
export type Certify = (statement: string) => Promise<Certificate>;

/** By the deployment's key for proofs: its private half never leaves KMS. */
export const certifier =
  (key: SigningKey): Certify =>
  async (statement) => {
    const [{ sha256, signature }, { pem }] = await Promise.all([key.sign(statement), key.public()]);
    return { statement, sha256, signature, public_key: pem };
  };
