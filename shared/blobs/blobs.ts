import * as z from "zod";
import { Problem } from "../errors.ts";

/** Texts up to this size stay in their item; larger ones go to the bucket by content hash. */
const INLINE_BYTES = 100_000;

/** Where a text of any size is kept. Immutable: the same text has the same place. */
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
  store(tenant: string, text: string, inline_bytes?: number): Promise<Blob>;
  load(blob: Blob): Promise<string>;
}

export const unavailable = (cause: unknown): Problem =>
  new Problem("service_unavailable", "The file store does not answer right now. Nothing was changed.", {
    headers: { "retry-after": "2" },
    cause,
  });

/** Keeps short texts where they are; only larger ones reach the store. */
export const inlineOr = (store: Blobs): Blobs => ({
  store: async (tenant, text, inline_bytes = INLINE_BYTES) =>
    Buffer.byteLength(text) <= inline_bytes ? { inline: text } : store.store(tenant, text),
  load: async (blob) => ("inline" in blob ? blob.inline : store.load(blob)),
});
