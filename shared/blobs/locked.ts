import { createHash } from "node:crypto";
import type { S3Client } from "@aws-sdk/client-s3";
import { readSettings } from "../config/settings.ts";
import { unavailable } from "./blobs.ts";
import type * as Sdk from "./lazy/s3.ts";
import { connectS3 } from "./s3.ts";

/** A version of a file; what is written under the same name later is another one. */
export interface LockedFile {
  readonly key: string;
  readonly version_id: string;
}

/** Files that nobody can change or remove before their time (S3 Object Lock). */
export interface LockedFiles {
  /** Writes a file that stays until then. A file that nothing refers to, after a crash, stays as long. */
  put(key: string, bytes: Uint8Array, locked_until: string): Promise<LockedFile>;
  get(file: LockedFile): Promise<Uint8Array>;
  /** Keeps it beyond its time, or no longer; doing it again changes nothing. */
  hold(file: LockedFile, on: boolean): Promise<void>;
}

/** @param s3 with the right to whatever of it is used */
export function createLockedFiles(
  { GetObjectCommand, PutObjectCommand, PutObjectLegalHoldCommand }: typeof Sdk,
  s3: Pick<S3Client, "send">,
  { COPIES_BUCKET_NAME: Bucket, COPIES_LOCK: ObjectLockMode } = readSettings(["COPIES_BUCKET_NAME", "COPIES_LOCK"]),
): LockedFiles {
  return {
    async put(key, bytes, locked_until) {
      try {
        const { VersionId } = await s3.send(
          new PutObjectCommand({
            Bucket,
            Key: key,
            Body: bytes,
            ContentType: "application/gzip",
            // S3 takes a file with a lock only with a checksum.
            ChecksumSHA256: createHash("sha256").update(bytes).digest("base64"),
            ObjectLockMode,
            ObjectLockRetainUntilDate: new Date(locked_until),
          }),
        );
        if (VersionId === undefined || VersionId === "null") throw new Error(`the bucket ${Bucket} keeps no versions`);
        return { key, version_id: VersionId };
      } catch (error) {
        throw unavailable(error);
      }
    },
    async get({ key, version_id }) {
      try {
        const object = await s3.send(new GetObjectCommand({ Bucket, Key: key, VersionId: version_id }));
        return (await object.Body?.transformToByteArray()) ?? new Uint8Array();
      } catch (error) {
        throw unavailable(error);
      }
    },
    async hold({ key, version_id }, on) {
      try {
        const LegalHold = { Status: on ? "ON" : "OFF" } as const;
        await s3.send(new PutObjectLegalHoldCommand({ Bucket, Key: key, VersionId: version_id, LegalHold }));
      } catch (error) {
        throw unavailable(error);
      }
    },
  };
}

/** The same with a client that is loaded when it is first needed. */
export function connectLockedFiles(): LockedFiles {
  const settings = readSettings(["COPIES_BUCKET_NAME", "COPIES_LOCK"]);
  let loading: Promise<LockedFiles> | undefined;
  const connected = () => {
    loading ??= import("./lazy/s3.ts").then((sdk) => createLockedFiles(sdk, connectS3(sdk), settings));
    return loading;
  };
  return {
    put: async (...of) => (await connected()).put(...of),
    get: async (...of) => (await connected()).get(...of),
    hold: async (...of) => (await connected()).hold(...of),
  };
}
