import { createHmac } from "node:crypto";

/** Codes for the day on which the phone is gone; each works once. */
export const RECOVERY_CODES = 10;

/** No letter that is read as another: Crockford's base 32. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const GROUP = 5;

/** A code of 50 bits out of at least ten random bytes, in two groups. */
export function recoveryCode(random: Uint8Array): string {
  const group = (from: number): string =>
    Array.from(random.subarray(from, from + GROUP), (byte) => ALPHABET[byte & 31]).join("");
  return `${group(0)}-${group(GROUP)}`;
}

/** A code as it was typed: in any case, with or without its dash, with letters that look like digits. */
export const typedCode = (typed: string): string =>
  typed
    .toUpperCase()
    .replaceAll(/[^0-9A-Z]/g, "")
    .replaceAll("O", "0")
    .replaceAll(/[IL]/g, "1");

/**
 * What is kept of a code: keyed by the secret of the same factor, which the key service alone opens. Whoever reads the
 * table cannot try codes at home.
 */
export const hashOf = (secret: string, code: string): string =>
  createHmac("sha256", secret).update(typedCode(code)).digest("base64url");
