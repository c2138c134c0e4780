import { SFNClient } from "@aws-sdk/client-sfn";
import { clientOptions } from "../../shared/aws/clients.ts";
import type { Blobs } from "../../shared/blobs/blobs.ts";
import { connectFiles, type Files } from "../../shared/blobs/files.ts";
import type { Clock } from "../../shared/clock.ts";
import { readSettings } from "../../shared/config/settings.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import type { Platform } from "../../shared/http/platform.ts";
import type { Log } from "../../shared/observability/log.ts";
import { connectWorkflow, type Workflow } from "./control/workflow.ts";

export interface RunReads {
  readonly table: Table;
  readonly blobs: Blobs;
}

/** What starting and ending runs takes. */
export interface RunControl {
  readonly table: Table;
  readonly clock: Clock;
  readonly log: Log;
  readonly workflow: Workflow;
}

export interface RunDeps extends RunReads, RunControl {}

export const runReads = (platform: Pick<Platform, "table">): RunReads & { readonly files: Files } => runViews(platform);

/** What showing runs takes. */
export function runViews({ table }: Pick<Platform, "table">): RunReads & { readonly files: Files } {
  const { BUCKET_NAME } = readSettings(["BUCKET_NAME"]);
  return { table, ...connectFiles(BUCKET_NAME) };
}

export function runControl({ table, clock, log }: Pick<Platform, "table" | "clock" | "log">): RunControl {
  const { STATE_MACHINE_ARN } = readSettings(["STATE_MACHINE_ARN"]);
  return { table, clock, log, workflow: connectWorkflow(new SFNClient(clientOptions("workflow")), STATE_MACHINE_ARN) };
}

export const runDeps = (platform: Pick<Platform, "table" | "clock" | "log">): RunDeps => ({
  ...runReads(platform),
  ...runControl(platform),
});
