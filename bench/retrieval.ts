import { mostLike } from "../functions/agents/retrieval/rules/search.ts";
import { inTurns, microsecondsOf, spreadOf } from "./measure.ts";
import { atMost, type Benchmark, bounded } from "./row.ts";

const CHUNKS = 50_000;
const TOP = 8;
const ROUNDS = 21;
const MICROS_PER_MS = 1_000;

/** The least that looks at every number: one product after the other, and a sort of all. */
function plain(wanted: Float32Array, vectors: Float32Array): number[] {
  const size = wanted.length;
  const scores = Array.from({ length: vectors.length / size }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += (vectors[i * size + j] ?? 0) * (wanted[j] ?? 0);
    return sum;
  });
  return scores.map((_, i) => i).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
}

export const retrieval: Benchmark = {
  id: "retrieval",
  title: "Retrieval",
  about: `
\`mostLike\` finds the ${TOP} passages of ${CHUNKS.toLocaleString("en")} that are most like a message, by the exact cosine of 32-bit
vectors. It is compared with a loop that takes one product after the other and sorts all. Processor time of one search.
`,
  async run() {
    const rows = [];
    for (const dimensions of [512, 1_024]) {
      const vectors = Float32Array.from({ length: CHUNKS * dimensions }, () => Math.random() - 0.5);
      const wanted = vectors.slice(0, dimensions);
      const { ours, other } = await inTurns(ROUNDS, {
        ours: () => microsecondsOf(1, () => mostLike(wanted, [{ vectors, dimensions }], TOP)) / MICROS_PER_MS,
        other: () => microsecondsOf(1, () => plain(wanted, vectors)) / MICROS_PER_MS,
      });
      const facts = { unit: "ms", spread: spreadOf(ours) };
      const what = `Top ${TOP} of ${CHUNKS.toLocaleString("en")} vectors of ${dimensions}`;
      rows.push(
        bounded(50, { ...facts, id: `retrieval-${dimensions}`, what }, ours.least),
        atMost(
          0.8,
          { ...facts, id: `retrieval-plain-${dimensions}`, what: `${what} against a loop` },
          ours.least,
          other.least,
        ),
      );
    }
    return rows;
  },
};
