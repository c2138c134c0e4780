import * as z from "zod";
import type { Blobs } from "../../shared/blobs/blobs.ts";
import { connectFiles, type Files } from "../../shared/blobs/files.ts";
import { parseEnvironment } from "../../shared/config/env.ts";
import type { Platform } from "../../shared/http/platform.ts";

export interface PipelineDeps {
  readonly table: Platform["table"];
  readonly secrets: Platform["secrets"];
  readonly blobs: Blobs;
  readonly files: Files;
}

export function pipelineDeps(platform: Platform): PipelineDeps {
  const { BUCKET_NAME } = parseEnvironment(z.object({ BUCKET_NAME: z.string().min(1) }));
  return { table: platform.table, secrets: platform.secrets, ...connectFiles(BUCKET_NAME) };
}
