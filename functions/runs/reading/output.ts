import type { Blob } from "../../../shared/blobs/blobs.ts";
import type { Files } from "../../../shared/blobs/files.ts";
import { DOWNLOAD_SECONDS } from "../../../shared/blobs/purposes.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import type { readingOperations } from "./operations.ts";

type Ops = Pick<typeof readingOperations, "getOutput" | "getStepOutput">;

export interface OutputDeps {
  readonly files: Pick<Files, "downloadUrl">;
}

export const getOutput: Handler<Ops["getOutput"], OutputDeps> = async (call, deps) => {
  const { run, output } = await call.load();
  return shown(output, `The run is ${run.status}; only one that is completed has an output.`, call.at, deps);
};

export const getStepOutput: Handler<Ops["getStepOutput"], OutputDeps> = async (call, deps) => {
  const { step } = await call.load();
  const none = `The attempt is ${step.status}; only one that is completed has an output.`;
  return shown(step.output ?? undefined, none, call.at, deps);
};

async function shown(output: Blob | undefined, none: string, at: Date, { files }: OutputDeps) {
  if (output === undefined) throw new Problem("conflict", none);
  if ("inline" in output) {
    const bytes = Buffer.byteLength(output.inline);
    return { bytes, output: JSON.parse(output.inline) as unknown, download: null };
  }
  const { key, bytes, sha256 } = output;
  const url = await files.downloadUrl(key, DOWNLOAD_SECONDS, "application/json");
  return { bytes, download: { url, expires_at: timestamp(addSeconds(at, DOWNLOAD_SECONDS)), sha256 } };
}
