import type { ReferenceFiles } from "./files.ts";

/** What the pages are given. */
export interface DocsDeps {
  readonly files: ReferenceFiles;
}

/** What changes with a deployment is asked for again after a while; what is named by its content never changes. */
export const FOR_MINUTES = "public, max-age=300";
export const FOR_EVER = "public, max-age=31536000, immutable";
