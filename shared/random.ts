import { randomFillSync } from "node:crypto";

/** Randomness is drawn for many ids at once: a call for it costs more than the rest of an id. */
const drawn = Buffer.alloc(4_096);
let taken = drawn.length;

/** So many random bytes, at most 4,096, that nobody else is given; to be used at once, for the next draw writes over them. */
export function takeRandom(count: number): Buffer {
  if (taken + count > drawn.length) {
    randomFillSync(drawn);
    taken = 0;
  }
  taken += count;
  return drawn.subarray(taken - count, taken);
}
