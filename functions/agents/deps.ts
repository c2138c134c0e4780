import type { Blobs } from "../../shared/blobs/blobs.ts";
import { connectFiles, type Files } from "../../shared/blobs/files.ts";
import { readSettings } from "../../shared/config/settings.ts";
import { compileExpression } from "../../shared/expressions/expression.ts";
import type { Platform } from "../../shared/http/platform.ts";
import { outboundPolicy, outboundSettings } from "../../shared/outbound/settings.ts";
import { checkUrl, type UrlCheck } from "../../shared/outbound/url.ts";
import type { CompileExpression } from "./tools/rules/issues.ts";

export interface AgentDeps {
  readonly table: Platform["table"];
  readonly secrets: Platform["secrets"];
  readonly blobs: Blobs;
  readonly files: Files;
  /** The guard's check of an address that is stored; the resolved address is checked at each call. */
  readonly checkUrl: (url: string) => UrlCheck;
  readonly compile_expression: CompileExpression;
}

export function agentDeps(platform: Platform): AgentDeps {
  const { BUCKET_NAME } = readSettings(["BUCKET_NAME"]);
  const policy = outboundPolicy(readSettings(outboundSettings));
  return {
    table: platform.table,
    secrets: platform.secrets,
    ...connectFiles(BUCKET_NAME),
    checkUrl: (url) => checkUrl(url, policy),
    compile_expression: compileExpression,
  };
}
