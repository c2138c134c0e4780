import { Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import type { ExecuteDeps } from "../deps.ts";
import { activeTool } from "../run/material.ts";
import { openTools } from "../run/offer.ts";
import type { inspectionOperations } from "./operations.ts";
import { offerShown } from "./shown.ts";

/** The gateway waits 29 seconds. */
const INSPECTION_MS = 20_000;

export const inspectTool: Handler<(typeof inspectionOperations)["inspectTool"], ExecuteDeps> = async (call, deps) => {
  const stored = await call.load();
  const tool = activeTool({ ...stored, is_enabled: true });
  if (tool?.tool_type !== "mcp") throw new Problem("conflict", "Only an MCP server can be asked what it has.");
  const runner = openTools({ organization_id: call.context.tenant, agent_id: stored.agent_id, version: null }, deps);
  try {
    return offerShown(await runner.inspect(tool, AbortSignal.timeout(INSPECTION_MS)), tool.config);
  } finally {
    await runner.close();
  }
};
