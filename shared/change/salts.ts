import { randomBytes } from "node:crypto";
import type { EntryPart } from "./items.ts";

/** Bytes of one salt: nobody guesses it, so nobody can try what an entry may have said. */
const SALT_BYTES = 16;

export function newSalts(): Record<EntryPart, string> {
  const random = randomBytes(2 * SALT_BYTES);
  return {
    actor: random.toString("base64url", 0, SALT_BYTES),
    subject: random.toString("base64url", SALT_BYTES),
  };
}
