import { connectFiles } from "../../shared/blobs/files.ts";
import { readSettings } from "../../shared/config/settings.ts";
import { Slices } from "../../shared/limits/slices.ts";
import { connectKmsKey } from "../../shared/signing/kms.ts";
import type { Worker } from "../../shared/worker.ts";
import { connectAgentRuns } from "../executions/connecting/public.ts";
import type { DeployDeps } from "./deploy/answer.ts";
import type { DoorDeps } from "./door/handle.ts";

const signer = () => connectKmsKey(readSettings(["DEPLOYMENTS_KEY_ARN"]).DEPLOYMENTS_KEY_ARN);

export function deployDeps({ table, clock }: Pick<Worker, "table" | "clock">): DeployDeps {
  const { BUCKET_NAME } = readSettings(["BUCKET_NAME"]);
  return { table, clock, ...connectFiles(BUCKET_NAME), signer: signer() };
}

export const doorDeps = (worker: Worker): DoorDeps => ({
  ...connectAgentRuns(worker),
  signer: signer(),
  slices: new Slices(),
});
