import * as z from "zod";
import { canonicalJson } from "../../../../shared/expressions/json.ts";
import { isSignedBy, type PublicKey } from "../../../../shared/signing/public-key.ts";

export const hashSchema = z
  .string()
  // Of the last character but one only four bits count: there is one way to write a hash.
  .regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/)
  .meta({ description: "A SHA-256 in base64.", example: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" });

/** What is said of a tree, and signed. */
export const headSchema = z
  .object({
    organization_id: z.string(),
    size: z.int().min(0).meta({ description: "How many entries have a number: all below this one." }),
    root_hash: hashSchema.meta({ description: "The root of their Merkle tree (RFC 6962), in base64." }),
    signed_at: z.string().meta({ example: "2026-01-31T12:00:00.000Z" }),
    key_id: z.string().meta({ description: "The key that has signed it: one of `GET /audit/keys`." }),
    signature: z.string().meta({ description: "ECDSA on P-256 with SHA-256, DER, in base64.", example: "MEUCIQ…" }),
  })
  .meta({ id: "AuditHead", description: "A signed head of the tree in which every audit entry has its place." });
export type Head = z.output<typeof headSchema>;

/** Exactly the bytes that are signed. */
export const statementOf = (head: Omit<Head, "signature">): string =>
  canonicalJson({
    kind: "kaizen.audit_head",
    version: 1,
    organization_id: head.organization_id,
    size: head.size,
    root_hash: head.root_hash,
    signed_at: head.signed_at,
    key_id: head.key_id,
  });

/** Whether this key has signed the head. */
export const isHeadOf = (key: PublicKey, { signature, ...said }: Head): boolean =>
  said.key_id === key.key_id && isSignedBy(key, statementOf(said), signature);
