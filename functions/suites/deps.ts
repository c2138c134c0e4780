import type { Files } from "../../shared/blobs/files.ts";
import { connectFiles } from "../../shared/blobs/files.ts";
import { readSettings } from "../../shared/config/settings.ts";
import type { Platform } from "../../shared/http/platform.ts";
import { type RunDeps, type RunReads, runDeps, runReads } from "../runs/public.ts";

/** What requests are answered with. */
export type SuiteDeps = RunReads;
export const suiteDeps: (platform: Pick<Platform, "table">) => SuiteDeps = runReads;

/** What starts runs and stops them. */
export type JobDeps = RunDeps;
export const jobDeps: (platform: Pick<Platform, "table" | "clock" | "log">) => JobDeps = runDeps;

/** What clears away suites. */
export interface ClearDeps extends JobDeps {
  readonly files: Pick<Files, "removeAll">;
}

export function clearDeps(platform: Pick<Platform, "table" | "clock" | "log">): ClearDeps {
  const { BUCKET_NAME } = readSettings(["BUCKET_NAME"]);
  return { ...runDeps(platform), files: connectFiles(BUCKET_NAME).files };
}
