import * as z from "zod";
import { idSchema } from "../../../shared/ids.ts";
import { defineStates } from "../../../shared/states.ts";

/**
 * Whatever read the organization before it was claimed is over by then: longer than a request or a fetch may take. Who works for
 * longer looks at it again before each part of its work.
 */
export const QUIET_SECONDS = 180;

/** The table is read in so many parts at the same time. */
export const SEGMENTS = 4;

const erasureStatuses = ["erasing", "erased"] as const;

export const erasureStates = defineStates("erasure", erasureStatuses, [
  { from: [], to: "erasing", why: "Nobody has restored the organization in time." },
  { from: ["erasing"], to: "erased", why: "Nothing of it is left but what has to be kept; the certificate says so." },
]);

/** How many of something, by the type of the items. */
export const countsSchema = z.record(z.string(), z.int());

export const certificateSchema = z
  .object({
    statement: z.string().meta({
      description: "What was erased, as JSON text: exactly these bytes are signed.",
      example: '{"kind":"kaizen.erasure","version":1}',
    }),
    sha256: z.string().meta({ description: "Of the statement, hexadecimal.", example: "9f86d081884c7d65…" }),
    signature: z.string().meta({ description: "ECDSA on P-256 with SHA-256, DER, in base64.", example: "MEUCIQ…" }),
    public_key: z.string().meta({
      description: "The deployment's public key, PEM.",
      example: "-----BEGIN PUBLIC KEY-----\n…\n-----END PUBLIC KEY-----\n",
    }),
  })
  .meta({ id: "ErasureCertificate", description: "Proves to anybody what was erased, without asking us." });
export type Certificate = z.output<typeof certificateSchema>;

export const erasureSchema = z
  .object({
    organization_id: idSchema("organization"),
    status: z.enum(erasureStatuses).meta({ id: "ErasureStatus" }),
    claimed_at: z.string(),
    completed_at: z.string().nullable(),
    certificate: certificateSchema.nullable(),
  })
  .meta({ id: "Erasure", description: "The erasure of an organization that nobody has restored in time." });

/** What is said of an erasure, and signed. */
export interface Facts {
  readonly organization: {
    readonly id: string;
    readonly name: string;
    readonly slug: string;
    readonly created_at: string;
  };
  readonly deleted_at: string;
  readonly claimed_at: string;
  readonly completed_at: string;
  readonly items: Readonly<Record<string, number>>;
  readonly files: number;
  readonly kept: Readonly<Record<string, number>>;
  readonly kept_until: string | null;
}

/** The text that is signed: names in one order, so that the same facts are the same bytes. */
export const statementOf = (facts: Facts): string =>
  JSON.stringify({
    kind: "kaizen.erasure",
    version: 1,
    ...facts,
    items: sorted(facts.items),
    kept: sorted(facts.kept),
    kept_because:
      "Entries of the audit trail about access are evidence that is kept for seven years; each is removed at its own end. The hashes and signed heads that prove them hold nothing that can be read.",
  });

const sorted = (counts: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));

export const sum = (...all: readonly Readonly<Record<string, number>>[]): Record<string, number> => {
  const total: Record<string, number> = {};
  for (const counts of all) for (const [type, n] of Object.entries(counts)) total[type] = (total[type] ?? 0) + n;
  return total;
};
