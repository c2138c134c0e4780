import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { FileAnswer } from "../../../shared/http/operation.ts";
import { chooseEncoding, type encodings } from "../model.ts";
import { scopeView } from "./rules/scopes.ts";

/** What the bundler wrote beside the function, once plain and once in each coding: `name`, `name.br`, `name.gzip`. */
export const fileIndexSchema = z.object({
  /** Name of the reference library's file, with a digest of its content. */
  library: z.string(),
  start: z.string(),
  /** The script of the sign-in and account pages. */
  pages: z.string(),
  openapi: z.string(),
  /** What API keys can be allowed. */
  scopes: z.string(),
});
export type FileIndex = z.output<typeof fileIndexSchema>;

export const INDEX_FILE = "index.json";
export const fileName = (name: string, encoding: (typeof encodings)[number]): string =>
  encoding === "identity" ? name : `${name}.${encoding}`;

/** The files of the reference and of the pages, read when first asked for and kept. */
export class ReferenceFiles {
  readonly index: FileIndex;
  readonly #directory: string;
  readonly #read = new Map<string, Uint8Array>();

  constructor(directory: string) {
    this.#directory = directory;
    this.index = fileIndexSchema.parse(JSON.parse(readFileSync(join(directory, INDEX_FILE), "utf8")));
  }

  /** One of the files that the index names, in the best coding that the client takes. */
  answer<T extends string>(name: string, content_type: T, acceptEncoding: string, cacheControl: string): FileAnswer<T> {
    const encoding = chooseEncoding(acceptEncoding);
    return {
      content_type,
      content: this.#bytes(fileName(name, encoding)),
      headers: {
        "cache-control": cacheControl,
        vary: "accept-encoding",
        ...(encoding === "identity" ? {} : { "content-encoding": encoding }),
      },
    };
  }

  /** What API keys can be allowed, as the bundler derived it from all operations. */
  scopes(): z.input<typeof scopeView>[] {
    return z.array(scopeView).parse(JSON.parse(Buffer.from(this.#bytes(this.index.scopes)).toString("utf8")));
  }

  #bytes(file: string): Uint8Array {
    const bytes = this.#read.get(file) ?? readFileSync(join(this.#directory, file));
    this.#read.set(file, bytes);
    return bytes;
  }
}
