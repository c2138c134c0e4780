import { createHash } from "node:crypto";
import * as z from "zod";
import { Problem } from "../errors.ts";

const cursorSchema = z.strictObject({ v: z.literal(1), q: z.string(), k: z.record(z.string(), z.string()) });

/** Fingerprint of the list that a cursor belongs to: tenant, item type, index and filters. */
export const queryFingerprint = (query: unknown): string =>
  createHash("sha256").update(JSON.stringify(query)).digest("base64url").slice(0, 16);

/** Where the next page begins. The partition is not in it: it comes from the query, so a cursor cannot leave its tenant. */
export const encodeCursor = (fingerprint: string, key: Record<string, string>): string =>
  Buffer.from(JSON.stringify({ v: 1, q: fingerprint, k: key })).toString("base64url");

export const invalidCursor = (): Problem =>
  new Problem("invalid_cursor", "The cursor does not belong to this list.", {
    issues: [{ path: "query.cursor", message: "does not belong to this list" }],
  });

/** Reads a cursor back; `invalid_cursor` (422) unless it was made by the same list. */
export function decodeCursor(fingerprint: string, cursor: string): Record<string, string> {
  let raw: unknown;
  try {
    raw = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    throw invalidCursor();
  }
  const parsed = cursorSchema.safeParse(raw);
  if (!parsed.success || parsed.data.q !== fingerprint) throw invalidCursor();
  return parsed.data.k;
}
