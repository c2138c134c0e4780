import { createHash } from "node:crypto";

/** Bytes of a name in a key. */
const LONGEST_NAME_KEY = 500;

/**
 * What makes two names one: the same letters whatever their case and form. One letter may become 18 by normal form KC,
 * more than a key of the table takes; then a digest stands for the name.
 */
export function nameKey(name: string): string {
  const key = name.normalize("NFKC").toLowerCase();
  return Buffer.byteLength(key) <= LONGEST_NAME_KEY ? key : createHash("sha256").update(key).digest("base64url");
}
