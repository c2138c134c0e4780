import { createServer, type IncomingHttpHeaders } from "node:http";
import { gunzipSync } from "node:zlib";
import { Webhook } from "standardwebhooks";

/** One request that a receiver got. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The event in the body; undefined where the body is not one JSON text. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into events of many shapes
  readonly event: any;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** Never answers. */
  readonly hang?: boolean;
  /** Answers so much later. */
  readonly after_ms?: number;
  /** Promises more than the body that it sends, and closes the connection. */
  readonly dies?: boolean;
}

/** A customer's server on a free port of 127.0.0.1. */
export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** How the next requests to a path are answered, one each; then the last one for ever. 200 without any. */
  reply(path: string, ...replies: [Reply, ...Reply[]]): void;
  at(path: string): Received[];
  close(): Promise<void>;
}

/** Starts a receiver that keeps what it gets. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const replies = new Map<string, Reply[]>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const bytes = Buffer.concat(chunks);
      const body = (request.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes).toString("utf8");
      const path = request.url ?? "/";
      received.push({ path, headers: request.headers, body, event: jsonOf(body) });
      const planned = replies.get(path) ?? [];
      const reply = (planned.length > 1 ? planned.shift() : planned[0]) ?? { status: 200 };
      if (reply.hang === true) return;
      setTimeout(() => {
        const text = reply.body ?? "";
        if (reply.dies === true) {
          response.writeHead(reply.status, { ...reply.headers, "content-length": Buffer.byteLength(text) + 100 });
          response.write(text, () => request.socket.destroy());
        } else response.writeHead(reply.status, reply.headers).end(text);
      }, reply.after_ms ?? 0);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the receiver has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    received,
    reply: (path, ...planned) => void replies.set(path, [...planned]),
    at: (path) => received.filter((one) => one.path === path),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The event, verified by the reference library of Standard Webhooks. @throws when the signature is not right */
export const verified = (one: Received, secret: string): unknown =>
  new Webhook(secret).verify(one.body, {
    "webhook-id": String(one.headers["webhook-id"]),
    "webhook-timestamp": String(one.headers["webhook-timestamp"]),
    "webhook-signature": String(one.headers["webhook-signature"]),
  });
