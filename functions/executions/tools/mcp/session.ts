import { type Outbound, OutboundError } from "../../../../shared/outbound/index.ts";
import { cutText } from "../../../../shared/text.ts";
import { outboundFailure, type ToolFailure, type ToolResult, toolFailure } from "../rules/outcome.ts";
import { fail, guardedFetch, McpFailure, SessionLost } from "./guarded-fetch.ts";
import type { McpClient } from "./lazy/mcp.ts";
import { callAnswer, type McpTool, toolPage } from "./rules/answers.ts";

export type { McpTool } from "./rules/answers.ts";

const maxPages = 10;

export type McpSession = {
  listTools: (signal?: AbortSignal) => Promise<{ ok: true; tools: McpTool[] } | ToolFailure>;
  callTool: (name: string, args: Readonly<Record<string, unknown>>, signal?: AbortSignal) => Promise<ToolResult>;
  /** Tells the server that the session is over. Never fails. */
  close: () => Promise<void>;
};

/**
 * A session with one MCP server over the guarded client. It is opened by the first call, and once more for a call that the
 * server refuses because it has forgotten the session. `headers` are the configured and the opened secret headers. Nothing
 * throws: failures are values.
 */
export const mcpSession = (server: {
  url: string;
  headers: Readonly<Record<string, string>>;
  timeout_ms: number;
  outbound: Pick<Outbound, "fetch">;
}): McpSession => {
  let opened: Promise<McpClient> | undefined;

  /** Loaded when it is first needed: most runs have no MCP server. */
  const open = async (signal: AbortSignal): Promise<McpClient> => {
    const { connectMcp } = await import("./lazy/mcp.ts");
    return connectMcp({ ...server, fetch: guardedFetch(server) }, signal);
  };

  const inSession = async <T>(signal: AbortSignal, run: (client: McpClient) => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      opened ??= open(signal);
      const mine = opened;
      let client: McpClient | undefined;
      try {
        client = await mine;
        return await run(client);
      } catch (error) {
        // A session that failed to open, or was forgotten, is opened anew; by whoever notices first.
        if ((client === undefined || error instanceof SessionLost) && opened === mine) opened = undefined;
        if (!(error instanceof SessionLost) || attempt === 2) throw error;
      }
    }
  };

  /** Runs one exchange under the deadline. */
  const exchange = async <T>(
    caller: AbortSignal | undefined,
    run: (client: McpClient, signal: AbortSignal) => Promise<T>,
  ): Promise<T | ToolFailure> => {
    const timeout = AbortSignal.timeout(server.timeout_ms);
    const signal = caller === undefined ? timeout : AbortSignal.any([caller, timeout]);
    try {
      return await inSession(signal, (client) => run(client, signal));
    } catch (error) {
      if (error instanceof McpFailure) return error.failure;
      if (error instanceof SessionLost)
        return toolFailure("tool_rejected", "Its server has forgotten the session again.");
      if (timeout.aborted) return toolFailure("tool_timeout");
      if (caller?.aborted) return toolFailure("cancelled");
      if (error instanceof OutboundError) return outboundFailure(error.code);
      return toolFailure("tool_output_invalid");
    }
  };

  return {
    listTools: (caller) =>
      exchange(caller, async (client, signal) => {
        const tools: McpTool[] = [];
        let cursor: string | undefined;
        for (let page = 0; page < maxPages; page += 1) {
          const result = await client.request("tools/list", cursor === undefined ? {} : { cursor }, signal);
          const listed = toolPage(result) ?? fail("tool_output_invalid");
          tools.push(...listed.tools);
          cursor = listed.next;
          if (cursor === undefined) break;
        }
        return { ok: true as const, tools };
      }),
    callTool: (name, args, caller) =>
      exchange(caller, async (client, signal): Promise<ToolResult> => {
        const { failed, output } = callAnswer(await client.request("tools/call", { name, arguments: args }, signal));
        if (!failed) return { ok: true, output };
        return toolFailure("tool_error", cutText(typeof output === "string" ? output : JSON.stringify(output), 1_000));
      }),
    close: async () => {
      await opened?.then(
        (client) => client.close(),
        () => {},
      );
    },
  };
};
