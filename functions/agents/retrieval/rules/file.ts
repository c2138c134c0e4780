/** The file of a text's index: the text, its pieces, and a vector for each. Pure. */
import * as z from "zod";

const MAGIC = "KZI1";
const NUMBER_BYTES = 4;

/** A piece with its vector's place: the n-th piece has the n-th vector. */
const headSchema = z.object({
  text: z.string(),
  dimensions: z.int().min(0),
  /** Where each piece begins and ends, and where that is for people. */
  chunks: z.array(z.tuple([z.int(), z.int(), z.string().nullable()])),
  /** Vectors that there are; fewer than pieces while the index is being made. */
  vectors: z.int().min(0),
});
type Head = z.output<typeof headSchema>;

/** The index of one text. */
export interface TextIndex extends Omit<Head, "vectors"> {
  /** One after the other, each of length 1. */
  readonly vectors: Float32Array;
}

/** How many vectors an index has. */
export const vectorCount = ({ vectors, dimensions }: Pick<TextIndex, "vectors" | "dimensions">): number =>
  dimensions === 0 ? 0 : vectors.length / dimensions;

/** What it takes in memory, nearly. */
export const indexBytes = ({ text, chunks, vectors }: TextIndex): number =>
  vectors.byteLength + text.length * 2 + chunks.length * 100;

/** Signature, length of the head, the head as JSON up to a whole number's place, and the numbers as this machine has them. */
export function writeIndex({ vectors, ...index }: TextIndex): Uint8Array {
  const head = Buffer.from(JSON.stringify({ ...index, vectors: vectorCount({ ...index, vectors }) } satisfies Head));
  const padded = Math.ceil(head.byteLength / NUMBER_BYTES) * NUMBER_BYTES;
  const begins = MAGIC.length + NUMBER_BYTES;
  const file = Buffer.alloc(begins + padded + vectors.byteLength, " ");
  file.write(MAGIC, 0, "latin1");
  file.writeUInt32LE(padded, MAGIC.length);
  head.copy(file, begins);
  Buffer.from(vectors.buffer, vectors.byteOffset, vectors.byteLength).copy(file, begins + padded);
  return file;
}

/** undefined for what is no such file. */
export function readIndex(file: Uint8Array): TextIndex | undefined {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const begins = MAGIC.length + NUMBER_BYTES;
  if (bytes.byteLength < begins || bytes.toString("latin1", 0, MAGIC.length) !== MAGIC) return undefined;
  const ends = begins + bytes.readUInt32LE(MAGIC.length);
  const { vectors: count, ...head } = headSchema.parse(JSON.parse(bytes.toString("utf8", begins, ends)));
  const length = count * head.dimensions;
  if (bytes.byteLength !== ends + length * NUMBER_BYTES) return undefined;
  // Copied: where a file's bytes lie need not be a place for numbers, and the head is not kept.
  const vectors = new Float32Array(length);
  new Uint8Array(vectors.buffer).set(bytes.subarray(ends));
  return { ...head, vectors };
}
