import { type Outbound, OutboundError } from "../../../../shared/outbound/index.ts";
import { cutText } from "../../../../shared/text.ts";
import { outboundFailure, type ToolFailure, type ToolResult, toolFailure } from "../rules/outcome.ts";
import { fail, guardedFetch, McpFailure, SessionLost } from "./guarded-fetch.ts";
import type { McpClient } from "./lazy/mcp.ts";
import { callAnswer, type McpTool, toolPage } from "./rules/answers.ts";
import {
  type McpPrompt,
  type McpResource,
  type Page,
  type PromptMessage,
  promptMessages,
  promptPage,
  resourcePage,
  resourceText,
  templatePage,
} from "./rules/offers.ts";

export type { McpTool } from "./rules/answers.ts";
export type { McpPrompt, McpResource, PromptMessage } from "./rules/offers.ts";

const maxPages = 10;

/** The reason of a signal of `AbortSignal.timeout`: time that is over is no cancellation, whichever clock it was. */
const isTimeout = (reason: unknown): boolean => reason instanceof DOMException && reason.name === "TimeoutError";

type Listed<T> = { ok: true } & T;

/** Whether something is there in the server's capabilities; a server without it is not asked for it. */
const requireCapability = ({ capabilities }: McpClient, name: "resources" | "prompts"): void => {
  if (capabilities[name] == null) fail("tool_not_found", `Its server has no ${name}.`);
};

/** All entries of a list, page by page. */
async function listOf<T>(
  client: McpClient,
  method: string,
  signal: AbortSignal,
  read: (result: Readonly<Record<string, unknown>>) => Page<T> | undefined,
): Promise<T[]> {
  const entries: T[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < maxPages; page += 1) {
    const result = await client.request(method, cursor === undefined ? {} : { cursor }, signal);
    const listed = read(result) ?? fail("tool_output_invalid");
    entries.push(...listed.entries);
    cursor = listed.next;
    if (cursor === undefined) break;
  }
  return entries;
}

export type McpSession = {
  listTools: (signal?: AbortSignal) => Promise<{ ok: true; tools: McpTool[] } | ToolFailure>;
  callTool: (name: string, args: Readonly<Record<string, unknown>>, signal?: AbortSignal) => Promise<ToolResult>;
  listResources: (
    signal?: AbortSignal,
  ) => Promise<Listed<{ resources: McpResource[]; templates: McpResource[] }> | ToolFailure>;
  /** The text of one resource, which has to be one that the agent may be given, and of which type it is listed. */
  readResource: (
    uri: string,
    listed_type: string | null,
    signal?: AbortSignal,
  ) => Promise<Listed<{ text: string; mime_type: string | null }> | ToolFailure>;
  listPrompts: (signal?: AbortSignal) => Promise<Listed<{ prompts: McpPrompt[] }> | ToolFailure>;
  getPrompt: (
    name: string,
    args: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ) => Promise<Listed<{ messages: PromptMessage[] }> | ToolFailure>;
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
      if (signal.aborted) return toolFailure(isTimeout(signal.reason) ? "tool_timeout" : "cancelled");
      if (error instanceof OutboundError) return outboundFailure(error.code);
      return toolFailure("tool_output_invalid");
    }
  };

  return {
    listTools: (caller) =>
      exchange(caller, async (client, signal) => ({
        ok: true as const,
        tools: await listOf<McpTool>(client, "tools/list", signal, toolPage),
      })),
    callTool: (name, args, caller) =>
      exchange(caller, async (client, signal): Promise<ToolResult> => {
        const { failed, output } = callAnswer(await client.request("tools/call", { name, arguments: args }, signal));
        if (!failed) return { ok: true, output };
        return toolFailure("tool_error", cutText(typeof output === "string" ? output : JSON.stringify(output), 1_000));
      }),
    listResources: (caller) =>
      exchange(caller, async (client, signal) => {
        requireCapability(client, "resources");
        const resources = await listOf(client, "resources/list", signal, resourcePage);
        // Servers may have no templates, and no method for them.
        const templates = await listOf(client, "resources/templates/list", signal, templatePage).catch(
          (error: unknown) => {
            if (error instanceof McpFailure) return [];
            throw error;
          },
        );
        return { ok: true as const, resources, templates };
      }),
    readResource: (uri, listed_type, caller) =>
      exchange(caller, async (client, signal) => {
        requireCapability(client, "resources");
        const read = resourceText(await client.request("resources/read", { uri }, signal), uri, listed_type);
        return read.ok
          ? { ok: true as const, text: read.text, mime_type: read.mime_type }
          : toolFailure(read.code, read.detail);
      }),
    listPrompts: (caller) =>
      exchange(caller, async (client, signal) => {
        requireCapability(client, "prompts");
        return { ok: true as const, prompts: await listOf(client, "prompts/list", signal, promptPage) };
      }),
    getPrompt: (name, args, caller) =>
      exchange(caller, async (client, signal) => {
        requireCapability(client, "prompts");
        const answer = await client.request("prompts/get", { name, arguments: args }, signal);
        const messages = promptMessages(answer);
        return messages === undefined ? toolFailure("tool_output_invalid") : { ok: true as const, messages };
      }),
    close: async () => {
      await opened?.then(
        (client) => client.close(),
        () => {},
      );
    },
  };
};
