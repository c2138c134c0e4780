import * as z from "zod";
import { idSchema } from "../../../shared/ids.ts";

/** JSON Lines, as a file: generators of clients know no type of their own for them. */
export const COPY_FILE = { content_type: "application/octet-stream", extension: "jsonl" } as const;

export const copySchema = z
  .object({
    id: idSchema("audit_copy"),
    first: z.int().min(0).meta({ description: "The number of its first entry." }),
    next: z.int().min(1).meta({ description: "The number behind its last entry: where the next copy begins." }),
    kept_days: z.int().meta({
      description:
        "Its class: it has those of these entries that are kept for so many days at most, and for more than the class below.",
      example: 400,
    }),
    entries: z.int().min(1).meta({ description: "How many entries of its class it has." }),
    from: z.string().meta({ description: "When the first of them happened.", example: "2026-01-31T11:00:02.107Z" }),
    to: z.string().meta({ description: "When the last of them happened.", example: "2026-01-31T11:58:40.555Z" }),
    bytes: z.int().min(1).meta({ description: "Size of the file as it lies, gzip." }),
    sha256: z.string().meta({ description: "SHA-256 of the file as it lies, hexadecimal." }),
    object: z.object({ key: z.string(), version_id: z.string() }).meta({
      id: "AuditCopyObject",
      description: "Where it lies in the deployment's bucket of copies.",
      example: { key: "400/org_01JDQ4X0Z5V8W3N7K2M9R6T1BC/1200-1234.jsonl.gz", version_id: "3HL4kqtJlcpXroDTDmJ" },
    }),
    locked_until: z
      .string()
      .meta({ example: "2027-03-07T11:58:40.555Z", description: "Until then nobody can remove it or write over it." }),
    on_hold: z.boolean().meta({ description: "Whether a legal hold keeps it, whatever `locked_until` says." }),
    created_at: z.string(),
  })
  .meta({ id: "AuditCopy", description: "A locked copy of a part of the audit log, of one class of retention." });
