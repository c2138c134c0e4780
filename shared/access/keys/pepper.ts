import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import { timestamp } from "../../clock.ts";
import type { ItemOf } from "../../dynamo/item.ts";
import type { Read, Table, TenantTable } from "../../dynamo/table.ts";
import { lostRace } from "../../dynamo/write.ts";
import { Problem } from "../../errors.ts";
import type { Sealer } from "../../http/platform.ts";
import { PLATFORM } from "../../identity/items.ts";
import { encryptedSecret } from "../../secrets/schema.ts";
import { type ApiKey, pepperItem } from "./items.ts";
import { PROOF_LENGTH } from "./text.ts";

const CONTEXT = { purpose: "api_key_pepper", tenant: PLATFORM, field: "api_key_pepper.sealed" } as const;

const BLOCK_BYTES = 64;
const HASH_BYTES = 32;

/** HMAC-SHA-256 of what a key proves itself with, by the pepper, as it is kept: whoever reads the table alone can try no guess against it. */
export type KeyHash = (proof: string) => string;

/**
 * HMAC-SHA-256 (RFC 2104) by one key, of texts of one length. Its two blocks of key stand ready, which makes it two plain
 * hashes: the library's takes eight times as long where its key is given anew each time.
 */
export function hashBy(pepper: Uint8Array): KeyHash {
  if (pepper.length !== HASH_BYTES) throw new Error("a pepper has 32 bytes");
  const inner = Buffer.alloc(BLOCK_BYTES + PROOF_LENGTH, 0x36);
  const outer = Buffer.alloc(BLOCK_BYTES + HASH_BYTES, 0x5c);
  for (const [i, byte] of pepper.entries()) {
    inner[i] = 0x36 ^ byte;
    outer[i] = 0x5c ^ byte;
  }
  return (proof) => {
    if (inner.write(proof, BLOCK_BYTES, "latin1") !== PROOF_LENGTH) throw new Error("that is no key's proof");
    outer.write(hash("sha256", inner, "binary"), BLOCK_BYTES, "latin1");
    return hash("sha256", outer, "base64url");
  };
}

/** As base64url. */
const HASH_LENGTH = 43;
/** Where two hashes are compared: to make room for them takes as long as to compare them. */
const [kept, own] = [Buffer.alloc(HASH_LENGTH), Buffer.alloc(HASH_LENGTH)] as const;

/** Whether a stored hash is of this proof, in the same time wherever they differ. */
export function isHashOf(stored: string, proof: string, by: KeyHash): boolean {
  if (stored.length !== HASH_LENGTH) return false;
  kept.write(stored, "latin1");
  own.write(by(proof), "latin1");
  return timingSafeEqual(kept, own);
}

/** Hashes of the secrets that count as long as the key does: after a rotation both do for a while. */
export const countingHashes = ({ secret_hash, previous_hash, previous_until }: ApiKey, now: Date): readonly string[] =>
  previous_hash !== undefined && previous_until !== undefined && Date.parse(previous_until) > now.getTime()
    ? [secret_hash, previous_hash]
    : [secret_hash];

/** The pepper as one process holds it: opened once, kept in memory, never logged and never given out. */
export class Pepper {
  readonly #platform: TenantTable;
  readonly #secrets: Sealer;
  #held: KeyHash | undefined;

  constructor(table: Table, secrets: Sealer) {
    this.#platform = table.of(PLATFORM);
    this.#secrets = secrets;
  }

  /** What is still to be read, for a batch with other reads; undefined once it is held. */
  get read(): Read<typeof pepperItem> | undefined {
    return this.#held === undefined ? this.#platform.read(pepperItem, {}) : undefined;
  }

  /**
   * What hashes by the pepper; undefined where there is none, so that no key can have been made.
   * @param found what `read` gave
   */
  async open(found: ItemOf<typeof pepperItem> | undefined): Promise<KeyHash | undefined> {
    if (this.#held === undefined && found !== undefined)
      this.#held = hashBy(Buffer.from(await this.#secrets.decrypt(found.sealed, CONTEXT), "base64url"));
    return this.#held;
  }

  /** The same, with a pepper that is made where there is none: of two who make one, the first has it. */
  async make(at: Date): Promise<KeyHash> {
    const known = await this.open(this.#held === undefined ? await this.#platform.get(pepperItem, {}) : undefined);
    if (known !== undefined) return known;
    const made = randomBytes(HASH_BYTES).toString("base64url");
    const sealed = encryptedSecret.parse(await this.#secrets.encrypt(made, CONTEXT));
    try {
      await this.#platform.transact([
        this.#platform.writes.create(pepperItem, { sealed, created_at: timestamp(at) }, lostRace),
      ]);
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "precondition_failed") throw error;
    }
    const stored = await this.open(await this.#platform.get(pepperItem, {}));
    if (stored === undefined) throw new Error("the pepper of API keys was not kept");
    return stored;
  }
}
