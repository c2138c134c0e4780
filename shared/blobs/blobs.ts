import { createHash } from "node:crypto";
import { GetObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
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

const unavailable = (cause: unknown): Problem =>
  new Problem("service_unavailable", "The file store does not answer right now. Nothing was changed.", {
    headers: { "retry-after": "2" },
    cause,
  });

/** Object names begin with the tenant, like every key of the table. */
export function createBlobs(s3: Pick<S3Client, "send">, bucket: string): Blobs {
  return {
    async store(tenant, text, inline_bytes = INLINE_BYTES) {
      const bytes = Buffer.byteLength(text);
      if (bytes <= inline_bytes) return { inline: text };
      const sha256 = createHash("sha256").update(text).digest("hex");
      const key = `T/${tenant}/blobs/${sha256}`;
      try {
        await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: text, ContentType: "text/plain; charset=utf-8" }));
      } catch (error) {
        throw unavailable(error);
      }
      return { key, bytes, sha256 };
    },
    async load(blob) {
      if ("inline" in blob) return blob.inline;
      try {
        const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: blob.key }));
        return (await object.Body?.transformToString("utf8")) ?? "";
      } catch (error) {
        throw unavailable(error);
      }
    },
  };
}
