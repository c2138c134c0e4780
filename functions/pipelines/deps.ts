import type { Blobs } from "../../shared/blobs/blobs.ts";
import { connectFiles, type Files } from "../../shared/blobs/files.ts";
import { readSettings } from "../../shared/config/settings.ts";
import type { Platform } from "../../shared/http/platform.ts";

export interface PipelineDeps {
  readonly table: Platform["table"];
  readonly secrets: Platform["secrets"];
  readonly blobs: Blobs;
  readonly files: Files;
}

export function pipelineDeps(platform: Platform): PipelineDeps {
  const { BUCKET_NAME } = readSettings(["BUCKET_NAME"]);
  return { table: platform.table, secrets: platform.secrets, ...connectFiles(BUCKET_NAME) };
}
