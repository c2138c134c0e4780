import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Protocol } from "@modelcontextprotocol/sdk/shared/protocol.js";
import type { Notification, Request, Result } from "@modelcontextprotocol/sdk/types.js";
import * as z from "zod";

/** The revision of the protocol that we ask for; older servers answer with theirs, which differs in nothing used here. */
const PROTOCOL_VERSION = "2025-06-18";
const CLIENT = { name: "kaizen-studio", version: "1" };

/**
 * The client on the SDK's protocol and transport. The SDK's own `Client` is not used: it compiles schemas that servers send
 * into code (ajv, 130 KB), and refuses a whole list for one bad entry.
 */
class McpProtocol extends Protocol<Request, Notification, Result> {
  protected override assertCapabilityForMethod(): void {}
  protected override assertNotificationCapability(): void {}
  protected override assertRequestHandlerCapability(): void {}
  protected override assertTaskCapability(): void {}
  protected override assertTaskHandlerCapability(): void {}
}

export interface McpClient {
  /** What the server says that it has; what it does not name is not asked for. */
  readonly capabilities: Readonly<Record<string, unknown>>;
  request(method: string, params: Record<string, unknown>, signal: AbortSignal): Promise<Record<string, unknown>>;
  /** Tells the server that the session is over. Never fails. */
  close(): Promise<void>;
}

const initialized = z.looseObject({
  protocolVersion: z.string(),
  capabilities: z.record(z.string(), z.unknown()).catch({}),
});
const anyResult = z.looseObject({});

/** Opens a session. @throws what the fetch throws, and the SDK for an answer that is no protocol */
export async function connectMcp(
  server: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>;
    /** Of one request; the caller's signal comes first. */
    readonly timeout_ms: number;
  },
  signal: AbortSignal,
): Promise<McpClient> {
  const protocol = new McpProtocol();
  const transport = new StreamableHTTPClientTransport(new URL(server.url), {
    fetch: server.fetch,
    requestInit: { headers: { ...server.headers } },
    reconnectionOptions: {
      maxRetries: 0,
      initialReconnectionDelay: 0,
      maxReconnectionDelay: 0,
      reconnectionDelayGrowFactor: 1,
    },
  });
  const timeout = server.timeout_ms + 1_000;
  let capabilities: McpClient["capabilities"];
  try {
    await protocol.connect(transport as Parameters<typeof protocol.connect>[0]);
    const params = { protocolVersion: PROTOCOL_VERSION, capabilities: {}, clientInfo: CLIENT };
    const answer = await protocol.request({ method: "initialize", params }, initialized, { signal, timeout });
    ({ capabilities } = answer);
    transport.setProtocolVersion(answer.protocolVersion);
    await protocol.notification({ method: "notifications/initialized" });
  } catch (error) {
    await protocol.close();
    throw error;
  }
  return {
    capabilities,
    request: (method, params, during) => protocol.request({ method, params }, anyResult, { signal: during, timeout }),
    close: async () => {
      await transport.terminateSession().catch(() => {});
      await protocol.close();
    },
  };
}
