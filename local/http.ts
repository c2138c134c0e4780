import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";

/** A server on 127.0.0.1. */
export interface LocalServer {
  url: string;
  port: number;
  /** Ends the server and the connections that are still open. */
  stop(): Promise<void>;
}

/** Serves on 127.0.0.1; on a free port when none (or 0) is given. */
export async function serveLocally(listener: RequestListener, port = 0): Promise<LocalServer> {
  const server: Server = createServer(listener);
  // A stream may be silent for long; the handler's own timeout ends it.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The server has no address.");
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk)));
  return Buffer.concat(chunks);
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** An error of the local machinery itself, in the form of every error of the API. */
export function sendProblem(response: ServerResponse, status: number, code: string, detail: string): void {
  const title = code.replaceAll("_", " ");
  const body = { type: "about:blank", title, status, detail, code };
  sendJson(response, status, body, { "content-type": "application/problem+json" });
}
