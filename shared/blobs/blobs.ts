import * as z from "zod";
import { Problem } from "../errors.ts";
import type { FilePlace } from "./purposes.ts";

/**
 * Texts up to this size stay in their item; larger ones go to the bucket. A transaction writes a KB for two units, so
 * 100 KB in an item cost 200 where a file costs as much as 8; reading breaks even at some 13 KB.
 */
export const INLINE_BYTES = 16_384;

/** Where a text of any size is kept. Immutable: the same text of the same thing has the same name. */
export const blobSchema = z.union([
  z.object({ inline: z.string() }),
  z.object({ key: z.string(), bytes: z.number().int(), sha256: z.string() }),
]);
export type Blob = z.output<typeof blobSchema>;

export interface Blobs {
  /**
   * Keeps a text and says where. Comes before the transaction that refers to it: a text that nothing refers to is
   * harmless, a reference to nothing would not be.
   * @param inline_bytes texts up to this size stay in the item; less where lists read many of them
   */
  store(place: FilePlace, text: string, inline_bytes?: number): Promise<Blob>;
  load(blob: Blob): Promise<string>;
  /** The same text for another thing, which may outlive the first. */
  copy(blob: Blob, place: FilePlace): Promise<Blob>;
}

export const unavailable = (cause: unknown): Problem =>
  new Problem("service_unavailable", "The file store does not answer right now. Nothing was changed.", {
    headers: { "retry-after": "2" },
    cause,
  });

/** Keeps short texts where they are; only larger ones reach the store. */
export const inlineOr = (store: Blobs): Blobs => ({
  store: async (place, text, inline_bytes = INLINE_BYTES) =>
    Buffer.byteLength(text) <= inline_bytes ? { inline: text } : store.store(place, text),
  load: async (blob) => ("inline" in blob ? blob.inline : store.load(blob)),
  copy: async (blob, place) => ("inline" in blob ? blob : store.copy(blob, place)),
});
