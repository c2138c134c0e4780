import { crc32 } from "node:zlib";
import { idPrefixes } from "../../ids.ts";

/**
 * An API key as its owner has it: `ks_live_`, the organization's and the key's ULID, `_`, 256 random bits, and a checksum
 * over all of that. So the tenant is known before anything is read, and a text that was cut, mistyped or guessed is
 * refused without a read. Who looks for leaked secrets finds it by its form.
 */

/** What every API key begins with. */
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
  for (let i = text.length - 1; i >= proof.length; i--) {
    if (text.charCodeAt(i) !== BASE_62.charCodeAt(rest % 62)) return false;
    rest = Math.floor(rest / 62);
  }
  return true;
}

const ulidOf = (id: string): string => id.slice(id.indexOf("_") + 1);

/** How one kind of keys is written. */
export interface KeyForm {
  /**
   * The text of a key.
   * @param secret 256 random bits as base64url
   */
  text(key: { readonly organization_id: string; readonly id: string }, secret: string): string;
  /** What is in a text; undefined where it is no key's. */
  read(text: string): KeyParts | undefined;
  /** All but the checksum. */
  readonly proof_length: number;
}

/**
 * Keys that begin so, whose ids are of this kind.
 * @param prefix lower-case letters and `_`
 */
export function keyForm(prefix: string, kind: keyof typeof idPrefixes): KeyForm {
  const organization_at = prefix.length;
  const key_at = organization_at + ULID_LENGTH;
  const secret_at = key_at + ULID_LENGTH + 1;
  const proof_length = secret_at + SECRET_LENGTH;
  /** Its signs; where they stand is looked at beside, which is quicker than counting them here. */
  const signs = new RegExp(`^${prefix}[0-9A-HJKMNP-TV-Z]+_[\\w-]+$`);
  return {
    proof_length,
    text(key, secret) {
      const proof = `${prefix}${ulidOf(key.organization_id)}${ulidOf(key.id)}_${secret}`;
      return proof + checksum(proof);
    },
    read(text) {
      const formed = text.length === proof_length + SUM_LENGTH && text.indexOf("_", organization_at) === secret_at - 1;
      if (!formed || !signs.test(text)) return undefined;
      // Signs of ASCII all of them: nothing is cut in two.
      const end = proof_length;
      const proof = text.slice(0, end);
      if (!endsWithItsSum(text, proof)) return undefined;
      return {
        organization_id: `${idPrefixes.organization}_${text.slice(organization_at, key_at)}`,
        id: `${idPrefixes[kind]}_${text.slice(key_at, key_at + ULID_LENGTH)}`,
        proof,
      };
    },
  };
}

const apiKeys = keyForm(KEY_PREFIX, "api_key");
export const keyText = apiKeys.text;
/** What is in the text of an API key; undefined where it is none's. */
export const readKey = apiKeys.read;
/** Of an API key: all but the checksum. */
export const PROOF_LENGTH = apiKeys.proof_length;
