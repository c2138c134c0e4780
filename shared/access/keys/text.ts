import { crc32 } from "node:zlib";
import { idPrefixes } from "../../ids.ts";

/**
 * An API key as its owner has it: `ks_live_`, the organization's and the key's ULID, `_`, 256 random bits, and a checksum
 * over all of that. So the tenant is known before anything is read, and a text that was cut, mistyped or guessed is
 * refused without a read. Who looks for leaked secrets finds it by its form.
 */

/** What every key begins with. */
export const KEY_PREFIX = "ks_live_";

/** What is in a key's text. */
export interface KeyParts {
  readonly organization_id: string;
  readonly id: string;
  /** All but the checksum: what the stored hash is of, so that it belongs to no other key. */
  readonly proof: string;
}

const ULID_LENGTH = 26;
const SECRET_LENGTH = 43;
const SUM_LENGTH = 6;
const ORGANIZATION_AT = KEY_PREFIX.length;
const KEY_AT = ORGANIZATION_AT + ULID_LENGTH;
const SECRET_AT = KEY_AT + ULID_LENGTH + 1;
/** All but the checksum. */
export const PROOF_LENGTH = SECRET_AT + SECRET_LENGTH;
/** Its signs; where they stand is looked at beside, which is quicker than counting them here. */
const SIGNS = new RegExp(`^${KEY_PREFIX}[0-9A-HJKMNP-TV-Z]+_[\\w-]+$`);
const BASE_62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** CRC-32 in six digits of base 62. */
function checksum(text: string): string {
  let rest = crc32(text);
  let digits = "";
  for (let i = 0; i < SUM_LENGTH; i++) {
    digits = BASE_62.charAt(rest % 62) + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

/** Whether a text ends with the checksum of what stands before: digit by digit, from the last one on. */
function endsWithItsSum(text: string, proof: string): boolean {
  let rest = crc32(proof);
  for (let i = text.length - 1; i >= PROOF_LENGTH; i--) {
    if (text.charCodeAt(i) !== BASE_62.charCodeAt(rest % 62)) return false;
    rest = Math.floor(rest / 62);
  }
  return true;
}

const ulidOf = (id: string): string => id.slice(id.indexOf("_") + 1);

/**
 * The text of a key.
 * @param secret 256 random bits as base64url
 */
export function keyText(key: { readonly organization_id: string; readonly id: string }, secret: string): string {
  const proof = `${KEY_PREFIX}${ulidOf(key.organization_id)}${ulidOf(key.id)}_${secret}`;
  return proof + checksum(proof);
}

/** What is in a text; undefined where it is no key's. */
export function readKey(text: string): KeyParts | undefined {
  const formed = text.length === PROOF_LENGTH + SUM_LENGTH && text.indexOf("_", ORGANIZATION_AT) === SECRET_AT - 1;
  if (!formed || !SIGNS.test(text)) return undefined;
  // Signs of ASCII all of them: nothing is cut in two.
  const end = PROOF_LENGTH;
  const proof = text.slice(0, end);
  if (!endsWithItsSum(text, proof)) return undefined;
  return {
    organization_id: `${idPrefixes.organization}_${text.slice(ORGANIZATION_AT, KEY_AT)}`,
    id: `${idPrefixes.api_key}_${text.slice(KEY_AT, KEY_AT + ULID_LENGTH)}`,
    proof,
  };
}
