import { type Blobs, inlineOr } from "./blobs.ts";
import type { FilePlace } from "./purposes.ts";
import { connectS3, createBlobs, createFiles } from "./s3.ts";

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
  /** An address that gives an object, under this content type where one is named. */
  downloadUrl(key: string, seconds: number, content_type?: string): Promise<string>;
  /** The size and the type of an uploaded file; undefined while there is none. */
  head(key: string): Promise<{ readonly bytes: number; readonly content_type: string | undefined } | undefined>;
  /** The text of an uploaded file; undefined while there is none. Check its size with `head` first. */
  text(key: string): Promise<string | undefined>;
  /** All bytes of a file; undefined while there is none. */
  bytes(key: string): Promise<Uint8Array | undefined>;
  /** Keeps a file under this name, in the place of what was there. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /**
   * Reads an uploaded file through once, in constant memory: its size, its type, its SHA-256 (hexadecimal) and its
   * beginning. Undefined while there is none.
   */
  inspect(key: string, keep_bytes: number): Promise<InspectedFile | undefined>;
  remove(key: string): Promise<void>;
  /** The first thousand names of files in a place, in order. */
  page(place: FilePlace): Promise<string[]>;
  /** Removes at most a thousand files by name; one that is not there is as good as removed. */
  removeKeys(keys: readonly string[]): Promise<void>;
  /** Removes every file of a thing; doing it again finds none. */
  removeAll(place: FilePlace): Promise<void>;
}

export interface InspectedFile {
  readonly bytes: number;
  readonly content_type: string | undefined;
  readonly sha256: string;
  /** The first bytes, at most as many as were asked for. */
  readonly beginning: Uint8Array;
}

/**
 * Texts by content and files by signed address. The client of the file store is loaded when it is first needed: most
 * requests of most functions never are, and it is half of what such a function would load at its start.
 */
export function connectFiles(bucket: string): { readonly blobs: Blobs; readonly files: Files } {
  let loading: Promise<{ blobs: Blobs; files: Files }> | undefined;
  const connected = () => {
    loading ??= import("./lazy/s3.ts").then((sdk) => {
      const s3 = connectS3(sdk);
      return { blobs: createBlobs(sdk, s3, bucket), files: createFiles(sdk, s3, bucket) };
    });
    return loading;
  };
  return {
    blobs: inlineOr({
      store: async (place, text) => (await connected()).blobs.store(place, text, 0),
      load: async (blob) => (await connected()).blobs.load(blob),
      copy: async (blob, place) => (await connected()).blobs.copy(blob, place),
    }),
    files: {
      uploadTarget: async (file, seconds) => (await connected()).files.uploadTarget(file, seconds),
      downloadUrl: async (...of) => (await connected()).files.downloadUrl(...of),
      head: async (key) => (await connected()).files.head(key),
      text: async (key) => (await connected()).files.text(key),
      bytes: async (key) => (await connected()).files.bytes(key),
      put: async (key, bytes) => (await connected()).files.put(key, bytes),
      inspect: async (key, keep_bytes) => (await connected()).files.inspect(key, keep_bytes),
      remove: async (key) => (await connected()).files.remove(key),
      page: async (place) => (await connected()).files.page(place),
      removeKeys: async (keys) => (await connected()).files.removeKeys(keys),
      removeAll: async (place) => (await connected()).files.removeAll(place),
    },
  };
}
