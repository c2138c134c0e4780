import { createHash } from "node:crypto";
import { clientOptions } from "../aws/clients.ts";
import { readSettings } from "../config/settings.ts";
import { type Blobs, inlineOr, unavailable } from "./blobs.ts";
import type { Files } from "./files.ts";
import type * as Sdk from "./lazy/s3.ts";

/** The client's package, which whoever needs it has loaded. */
type S3 = typeof Sdk;

/** Without the right to list, the store answers 403 to the question for an object that is not there. */
const missing = new Set(["NoSuchKey", "NotFound", "Forbidden", "AccessDenied"]);

/**
 * Another endpoint than AWS's own rarely has a host name for each bucket. A checksum is added only where S3 demands
 * one: signed into an address, it would be the checksum of the empty body that there is when the address is made.
 */
export const connectS3 = ({ S3Client }: S3): Sdk.S3Client =>
  new S3Client({
    ...clientOptions("files"),
    forcePathStyle: readSettings(["AWS_ENDPOINT_URL"]).AWS_ENDPOINT_URL !== undefined,
    requestChecksumCalculation: "WHEN_REQUIRED",
  });

/** Texts in the bucket, by content within the place of the thing that they belong to. */
export function createBlobs(
  { CopyObjectCommand, GetObjectCommand, PutObjectCommand }: S3,
  s3: Pick<Sdk.S3Client, "send">,
  bucket: string,
): Blobs {
  return inlineOr({
    async store(place, text) {
      const bytes = Buffer.byteLength(text);
      const sha256 = createHash("sha256").update(text).digest("hex");
      const key = `${place}${sha256}`;
      try {
        await s3.send(
          new PutObjectCommand({ Bucket: bucket, Key: key, Body: text, ContentType: "text/plain; charset=utf-8" }),
        );
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
    async copy(blob, place) {
      if ("inline" in blob) return blob;
      const key = `${place}${blob.sha256}`;
      try {
        await s3.send(new CopyObjectCommand({ Bucket: bucket, Key: key, CopySource: `${bucket}/${blob.key}` }));
      } catch (error) {
        throw unavailable(error);
      }
      return { ...blob, key };
    },
  });
}

async function guarded<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Error && missing.has(error.name)) return undefined;
    throw unavailable(error);
  }
}

export function createFiles(sdk: S3, s3: Sdk.S3Client, bucket: string): Files {
  const {
    DeleteObjectCommand,
    DeleteObjectsCommand,
    GetObjectCommand,
    getSignedUrl,
    HeadObjectCommand,
    ListObjectsV2Command,
    PutObjectCommand,
  } = sdk;
  const page = async (place: string): Promise<string[]> => {
    try {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: place }));
      return Contents.flatMap(({ Key }) => Key ?? []);
    } catch (error) {
      throw unavailable(error);
    }
  };
  const removeKeys = async (keys: readonly string[]): Promise<void> => {
    try {
      const Delete = { Objects: keys.map((Key) => ({ Key })), Quiet: true };
      const { Errors = [] } = await s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete }));
      const [failed] = Errors;
      if (failed !== undefined) throw new Error(`${Errors.length} files stay: ${failed.Code} ${failed.Message}`);
    } catch (error) {
      throw unavailable(error);
    }
  };
  return {
    async uploadTarget({ key, content_type, bytes }, seconds) {
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        ContentType: content_type,
        ContentLength: bytes,
      });
      const url = await getSignedUrl(s3, command, {
        expiresIn: seconds,
        signableHeaders: new Set(["content-type", "content-length"]),
      });
      return { url, method: "PUT", headers: { "content-type": content_type, "content-length": String(bytes) } };
    },
    downloadUrl: (key, seconds, content_type) =>
      getSignedUrl(s3, new GetObjectCommand({ Bucket: bucket, Key: key, ResponseContentType: content_type }), {
        expiresIn: seconds,
      }),
    head: (key) =>
      guarded(async () => {
        const object = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
        return { bytes: object.ContentLength ?? 0, content_type: object.ContentType };
      }),
    text: (key) =>
      guarded(async () => {
        const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
        return (await object.Body?.transformToString("utf8")) ?? "";
      }),
    bytes: (key) =>
      guarded(async () => {
        const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
        return object.Body?.transformToByteArray();
      }),
    async put(key, bytes) {
      try {
        await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }));
      } catch (error) {
        throw unavailable(error);
      }
    },
    inspect: (key, keep_bytes) =>
      guarded(async () => {
        const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
        const hash = createHash("sha256");
        const kept: Buffer[] = [];
        let bytes = 0;
        for await (const part of object.Body as AsyncIterable<Uint8Array>) {
          hash.update(part);
          if (bytes < keep_bytes) kept.push(Buffer.from(part.subarray(0, keep_bytes - bytes)));
          bytes += part.byteLength;
        }
        return { bytes, content_type: object.ContentType, sha256: hash.digest("hex"), beginning: Buffer.concat(kept) };
      }),
    async remove(key) {
      await guarded(() => s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key })));
    },
    page,
    removeKeys,
    async removeAll(place) {
      // What was listed is gone before the next look, so each begins anew.
      for (let keys = await page(place); keys.length > 0; keys = await page(place)) await removeKeys(keys);
    },
  };
}
