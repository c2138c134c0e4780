import type { Blobs } from "../../shared/blobs/blobs.ts";
import { connectFiles } from "../../shared/blobs/files.ts";
import { readSettings } from "../../shared/config/settings.ts";
import { compileExpression } from "../../shared/expressions/expression.ts";
import type { Platform } from "../../shared/http/platform.ts";
import type { Log } from "../../shared/observability/log.ts";
import { createOutbound } from "../../shared/outbound/index.ts";
import { outboundPolicy, outboundSettings } from "../../shared/outbound/settings.ts";
import { createModelInvoker } from "../models/public.ts";
import type { AgentRunDeps } from "./run/agent.ts";

/** What executions need: all that runs an agent. */
export type ExecuteDeps = AgentRunDeps & { readonly blobs: Blobs; readonly log: Log };

/** Builds what runs agents from the settings of a function that has the needs `models` and `files_read:versions`. */
export function connectAgentRuns(platform: Pick<Platform, "table" | "secrets" | "clock" | "log">): ExecuteDeps {
  const { BUCKET_NAME, AWS_REGION, AWS_ENDPOINT_URL } = readSettings(["BUCKET_NAME", "AWS_REGION", "AWS_ENDPOINT_URL"]);
  const outbound = createOutbound(outboundPolicy(readSettings(outboundSettings)));
  return {
    table: platform.table,
    secrets: platform.secrets,
    clock: platform.clock,
    log: platform.log,
    ...connectFiles(BUCKET_NAME),
    outbound,
    invoker: createModelInvoker({ outbound, bedrock: { region: AWS_REGION, endpoint: AWS_ENDPOINT_URL } }),
    compile_expression: compileExpression,
  };
}
