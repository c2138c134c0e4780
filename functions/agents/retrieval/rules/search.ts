/** Exact search: every vector is looked at. Pure. */

/** Vectors of one size, one after the other, each of length 1. */
export interface Vectors {
  readonly vectors: Float32Array;
  readonly dimensions: number;
}

export interface Hit {
  /** Which of the searched vectors' owners, and which of its vectors. */
  readonly of: number;
  readonly ordinal: number;
  readonly score: number;
}

/** The product of a vector, from `at` on, with the one that is asked for: four sums side by side, which do not wait for one another. */
function product(vectors: Float32Array, at: number, wanted: Float32Array): number {
  const size = wanted.length;
  const whole = size - (size % 8);
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 0;
  for (; i < whole; i += 8) {
    const j = at + i;
    a += (vectors[j] as number) * (wanted[i] as number) + (vectors[j + 4] as number) * (wanted[i + 4] as number);
    b +=
      (vectors[j + 1] as number) * (wanted[i + 1] as number) + (vectors[j + 5] as number) * (wanted[i + 5] as number);
    c +=
      (vectors[j + 2] as number) * (wanted[i + 2] as number) + (vectors[j + 6] as number) * (wanted[i + 6] as number);
    d +=
      (vectors[j + 3] as number) * (wanted[i + 3] as number) + (vectors[j + 7] as number) * (wanted[i + 7] as number);
  }
  for (; i < size; i++) a += (vectors[at + i] as number) * (wanted[i] as number);
  return a + b + (c + d);
}

/**
 * The vectors that are most like the one that is asked for, by the cosine, most like first; of equals the one that stands
 * first. What is like it in nothing (0 or less) is no hit.
 */
export function mostLike(wanted: Float32Array, among: readonly Vectors[], most: number): Hit[] {
  const best: Hit[] = [];
  let least = 0;
  among.forEach(({ vectors, dimensions }, of) => {
    if (dimensions !== wanted.length) return;
    for (let at = 0, ordinal = 0; at < vectors.length; at += dimensions, ordinal++) {
      const score = product(vectors, at, wanted);
      if (!(score > least)) continue;
      const place = best.findIndex((hit) => hit.score < score);
      best.splice(place < 0 ? best.length : place, 0, { of, ordinal, score });
      if (best.length > most) best.pop();
      if (best.length === most) least = best[most - 1]?.score ?? 0;
    }
  });
  return best;
}
