import type { Files } from "../../shared/blobs/files.ts";
import { connectFiles } from "../../shared/blobs/files.ts";
import { readSettings } from "../../shared/config/settings.ts";
import type { Platform } from "../../shared/http/platform.ts";
import { type RunDeps, type RunReads, runDeps, runReads } from "../runs/public.ts";

/** What requests are answered with. */
export interface SuiteDeps extends RunReads {
  readonly files: Pick<Files, "remove">;
}
export const suiteDeps = (platform: Pick<Platform, "table">): SuiteDeps => ({
  ...runReads(platform),
  files: ownFiles(),
});

/** What starts runs and stops them. */
export type JobDeps = RunDeps;
export const jobDeps: (platform: Pick<Platform, "table" | "clock" | "log">) => JobDeps = runDeps;

/** What clears away suites. */
export interface ClearDeps extends JobDeps {
  readonly files: Pick<Files, "removeAll">;
}

export function clearDeps(platform: Pick<Platform, "table" | "clock" | "log">): ClearDeps {
  return { ...runDeps(platform), files: ownFiles() };
}

const ownFiles = (): Files => connectFiles(readSettings(["BUCKET_NAME"]).BUCKET_NAME).files;
