import * as z from "zod";
import type { SecretPurpose } from "./purposes.ts";

/**
 * How an encrypted secret stands in an item: `v1.<wrapped data key>.<iv>.<ciphertext and tag>`, each base64url. The brand keeps
 * clear text out of fields that are meant to hold ciphertext: only `encrypt` and a parse of such a string make one.
 */
export const encryptedSecret = z
  .string()
  .max(100_000)
  .regex(/^v1\.[A-Za-z0-9_-]{32,1400}\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]{22,}$/)
  .brand("EncryptedSecret");

export type EncryptedSecret = z.infer<typeof encryptedSecret>;

/**
 * What a secret belongs to. It is not secret (KMS writes it into CloudTrail), and a ciphertext opens only under the same context:
 * copied to another tenant's item or into another field it is worthless. Ids and field names only, no personal data.
 */
export type SecretContext = Readonly<
  { purpose: SecretPurpose; tenant: string; field: string } & Record<string, string>
>;
