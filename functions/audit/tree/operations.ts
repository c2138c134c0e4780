import * as z from "zod";
import { auditEntrySchema, ofPartsSchema } from "../../../shared/change/items.ts";
import { operation } from "../../../shared/http/operation.ts";
import { decimalInteger, pageOf, pageQuery } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";
import { entryResource } from "../store.ts";
import { LEAF_FORMAT } from "./rules/evidence.ts";
import { hashSchema, headSchema } from "./rules/head.ts";

const keySchema = z
  .object({
    key_id: z.string().meta({ description: "The key's JWK thumbprint (RFC 7638)." }),
    algorithm: z.literal("ECDSA_SHA_256"),
    pem: z.string().meta({ example: "-----BEGIN PUBLIC KEY-----\n…\n-----END PUBLIC KEY-----\n" }),
    jwk: z.object({ kty: z.string(), crv: z.string(), x: z.string(), y: z.string() }),
  })
  .meta({ id: "AuditKey", description: "The public half of a key that signs heads." });

const inclusionSchema = z
  .object({
    head: headSchema,
    sequence: z.int().min(0),
    format: z.literal(LEAF_FORMAT).meta({ description: "How the leaf is made of the entry: docs/audit.md." }),
    leaf_hash: hashSchema,
    path: z.array(hashSchema).meta({ description: "RFC 6962, 2.1.1: with the leaf's hash these make the root." }),
    entry: auditEntrySchema
      .extend({
        expires_at: z.string(),
        salts: ofPartsSchema.optional(),
        erased: ofPartsSchema.optional().meta({ description: "What stands for the parts of a person who was erased." }),
      })
      .meta({ id: "AuditEvidence", description: "An entry with all that its leaf is made of." }),
  })
  .meta({ id: "AuditInclusion", description: "Proves that an entry stands in the tree of a signed head." });

const consistencySchema = z
  .object({
    from: z.int().min(0),
    from_root_hash: hashSchema,
    to: z.int().min(0),
    to_root_hash: hashSchema,
    path: z
      .array(hashSchema)
      .meta({ description: "RFC 6962, 2.1.2: with the root of the one these make that of the other." }),
  })
  .meta({ id: "AuditConsistency", description: "Proves that a later tree goes on from an earlier one." });

const size = decimalInteger({ min: 0, max: 2 ** 40 });

export const treeOperations = {
  listHeads: operation({
    id: "audit.list_heads",
    method: "GET",
    path: "/audit/heads",
    summary: "Signed heads of the audit log, newest first",
    permission: "audit:read",
    resource: { type: "audit_head", list: true },
    request: { query: z.strictObject(pageQuery) },
    response: pageOf(headSchema),
    success: 200,
    errors: [],
  }),
  latestHead: operation({
    id: "audit.latest_head",
    method: "GET",
    path: "/audit/heads/latest",
    summary: "The newest signed head of the audit log",
    description: "There is one some seconds after the organization's first entry; until then it is not found (404).",
    permission: "audit:read",
    resource: { type: "audit_head", list: true },
    request: {},
    response: headSchema,
    success: 200,
    errors: ["not_found"],
  }),
  prove: operation({
    id: "audit.prove",
    method: "GET",
    path: "/audit/logs/{audit_id}/proof",
    summary: "Prove that an entry is in the audit log",
    description: "Against the newest head. An entry that has no number yet is refused (409) for some seconds.",
    permission: "audit:read",
    resource: entryResource,
    request: { path: z.object({ audit_id: idSchema("audit") }) },
    response: inclusionSchema,
    success: 200,
    errors: ["conflict"],
  }),
  proveConsistency: operation({
    id: "audit.prove_consistency",
    method: "GET",
    path: "/audit/proofs/consistency",
    summary: "Prove that the audit log goes on from an earlier head",
    description: "Between two sizes of the tree: from the head that you have kept to a later one.",
    permission: "audit:read",
    resource: { type: "audit_head", list: true },
    request: {
      query: z.strictObject({
        from: size.default(0).meta({ description: "The size of the earlier head." }),
        to: size.optional().meta({ description: "The size of the later head; the newest one's if left out." }),
      }),
    },
    response: consistencySchema,
    success: 200,
    errors: [],
  }),
  keys: operation({
    id: "audit.keys",
    method: "GET",
    path: "/audit/keys",
    summary: "The keys that sign heads of audit logs",
    permission: "public",
    request: {},
    response: z.object({ items: z.array(keySchema) }),
    success: 200,
    errors: [],
  }),
} as const;
