import type { Files } from "../../../shared/blobs/files.ts";
import { indexBytes, readIndex, type TextIndex } from "./rules/file.ts";

/** What a warm instance keeps: all that one agent may know (docs/adr/0080), in a function that has 1,024 MB. */
const MOST_BYTES = 300_000_000;
/** Read at the same time: until its numbers have their place, the bytes of each are there twice. */
const AT_ONCE = 4;

/**
 * Indexes that were read, the last used ones as far as they fit. A file's name says what is in it and it never changes, so what
 * is here is as good as the file; the name begins with its tenant, so it is nobody else's.
 */
export class IndexCache {
  readonly #kept = new Map<string, TextIndex>();
  readonly #most_bytes: number;
  #bytes = 0;

  constructor(most_bytes = MOST_BYTES) {
    this.#most_bytes = most_bytes;
  }

  /** What is under each of these names; undefined where there is no such index, or none that is whole. */
  async read(files: Pick<Files, "bytes">, keys: readonly string[]): Promise<(TextIndex | undefined)[]> {
    const found: (TextIndex | undefined)[] = [];
    for (let from = 0; from < keys.length; from += AT_ONCE) {
      const some = keys.slice(from, from + AT_ONCE);
      found.push(...(await Promise.all(some.map((key) => this.#one(files, key)))));
    }
    return found;
  }

  async #one(files: Pick<Files, "bytes">, key: string): Promise<TextIndex | undefined> {
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return kept;
    }
    const file = await files.bytes(key);
    const index = file === undefined ? undefined : readIndex(file);
    if (index !== undefined) this.#keep(key, index);
    return index;
  }

  #keep(key: string, index: TextIndex): void {
    const bytes = indexBytes(index);
    if (this.#kept.has(key) || bytes > this.#most_bytes) return;
    for (const [oldest, old] of this.#kept) {
      if (this.#bytes + bytes <= this.#most_bytes) break;
      this.#kept.delete(oldest);
      this.#bytes -= indexBytes(old);
    }
    this.#kept.set(key, index);
    this.#bytes += bytes;
  }
}
