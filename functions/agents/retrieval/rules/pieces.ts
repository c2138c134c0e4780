import { chunksOf } from "./chunks.ts";
import type { TextIndex } from "./file.ts";

/** A text that is being indexed: its pieces, and the vectors that there are by now, all of one size. Pure. */
export class Pieces {
  readonly count: number;
  readonly #text: string;
  readonly #chunks: ReturnType<typeof chunksOf>;
  readonly #known: Map<string, Float32Array>;
  /** Of the vectors that were given here. */
  #size: number | undefined;

  /** @param known from before, all of one size */
  constructor(text: string, known: Map<string, Float32Array>) {
    this.#text = text;
    this.#known = known;
    // Providers refuse what has no words, and nobody looks for it.
    this.#chunks = chunksOf(text).filter(({ start, end }) => text.slice(start, end).trim() !== "");
    this.count = this.#chunks.length;
  }

  /** Whether vectors were given here. */
  get gained(): boolean {
    return this.#size !== undefined;
  }

  /** Pieces that have no vector yet, each once. */
  missing(): string[] {
    return [...new Set(this.#chunks.map((one) => this.#piece(one)))].filter((piece) => !this.#known.has(piece));
  }

  /**
   * Takes vectors of pieces. What was known before in another size is forgotten: it was made by another model.
   * @returns false where they are no vectors, or not of the size of those before: the model answers now so and now so
   */
  learn(pieces: readonly string[], vectors: readonly Float32Array[]): boolean {
    const size = vectors[0]?.length ?? 0;
    if (size === 0 || vectors.length !== pieces.length || size !== (this.#size ?? size)) return false;
    if (this.#size === undefined)
      for (const [piece, vector] of this.#known) if (vector.length !== size) this.#known.delete(piece);
    this.#size = size;
    for (const [i, piece] of pieces.entries()) this.#known.set(piece, vectors[i] as Float32Array);
    return true;
  }

  /** The index as far as there are vectors: whole, once nothing is missing. */
  index(): TextIndex {
    const some = this.#chunks.flatMap((chunk) => {
      const vector = this.#known.get(this.#piece(chunk));
      return vector === undefined ? [] : [{ chunk, vector }];
    });
    const dimensions = some[0]?.vector.length ?? 0;
    const vectors = new Float32Array(some.length * dimensions);
    for (const [i, { vector }] of some.entries()) vectors.set(vector, i * dimensions);
    const chunks = some.map(({ chunk: { start, end, locator } }): TextIndex["chunks"][number] => [start, end, locator]);
    return { text: this.#text, dimensions, chunks, vectors };
  }

  #piece({ start, end }: { readonly start: number; readonly end: number }): string {
    return this.#text.slice(start, end);
  }
}
