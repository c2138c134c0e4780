import { createHash } from "node:crypto";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { Problem } from "../errors.ts";
import { type Blobs, createBlobs } from "./blobs.ts";

/** Where a client sends a file that is larger than a request. */
export interface UploadTarget {
  readonly url: string;
  readonly method: "PUT";
  /** Headers that the signature covers: another type or another size is refused by the store. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Files that clients send and fetch themselves, by addresses that are signed for a short time. */
export interface Files {
  /** An address that takes exactly one file of this size and type under this object key. */
  uploadTarget(file: { key: string; content_type: string; bytes: number }, seconds: number): Promise<UploadTarget>;
  /** An address that gives an object. */
  downloadUrl(key: string, seconds: number): Promise<string>;
  /** The size and the type of an uploaded file; undefined while there is none. */
  head(key: string): Promise<{ readonly bytes: number; readonly content_type: string | undefined } | undefined>;
  /** The text of an uploaded file; undefined while there is none. Check its size with `head` first. */
  text(key: string): Promise<string | undefined>;
  /**
   * Reads an uploaded file through once, in constant memory: its size, its type, its SHA-256 (hexadecimal) and its
   * beginning. Undefined while there is none.
   */
  inspect(key: string, keep_bytes: number): Promise<InspectedFile | undefined>;
  remove(key: string): Promise<void>;
}

export interface InspectedFile {
  readonly bytes: number;
  readonly content_type: string | undefined;
  readonly sha256: string;
  /** The first bytes, at most as many as were asked for. */
  readonly beginning: Uint8Array;
}

/** Without the right to list, the store answers 403 to the question for an object that is not there. */
const missing = new Set(["NoSuchKey", "NotFound", "Forbidden", "AccessDenied"]);

const unavailable = (cause: unknown): Problem =>
  new Problem("service_unavailable", "The file store does not answer right now. Nothing was changed.", {
    headers: { "retry-after": "2" },
    cause,
  });

/**
 * Another endpoint than AWS's own rarely has a host name for each bucket. A checksum is added only where S3 demands
 * one: signed into an address, it would be the checksum of the empty body that there is when the address is made.
 */
export const connectS3 = (): S3Client =>
  new S3Client({
    forcePathStyle: process.env.AWS_ENDPOINT_URL !== undefined,
    requestChecksumCalculation: "WHEN_REQUIRED",
  });

async function guarded<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Error && missing.has(error.name)) return undefined;
    throw unavailable(error);
  }
}

export function createFiles(s3: S3Client, bucket: string): Files {
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
    downloadUrl: (key, seconds) =>
      getSignedUrl(s3, new GetObjectCommand({ Bucket: bucket, Key: key }), { expiresIn: seconds }),
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
  };
}

/** Texts by content and files by signed address, over one client. */
export function connectFiles(bucket: string): { readonly blobs: Blobs; readonly files: Files } {
  const s3 = connectS3();
  return { blobs: createBlobs(s3, bucket), files: createFiles(s3, bucket) };
}
