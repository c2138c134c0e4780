import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

/** One verified webhook request. */
export interface Delivered {
  readonly webhook_id: string;
  readonly attempt: string;
  // biome-ignore lint/suspicious/noExplicitAny: the story looks into events of many shapes
  readonly event: any;
}

/** The customer's side: takes signed events, and answers the tool that an agent calls. */
export interface Receiver {
  readonly url: string;
  /** Set when the webhook has been made; what comes with another signature is refused and counted. */
  secret: string;
  readonly delivered: Delivered[];
  readonly refused: string[];
  readonly tool_calls: string[];
  close(): Promise<void>;
}

const orders: Readonly<Record<string, object>> = {
  "4711": { order: "4711", item: "Espresso machine", charged: 2, delivered: "2026-01-12", refundable: true },
};

/** Starts it on a free port of this machine only. */
export async function startReceiver(): Promise<Receiver> {
  const delivered: Delivered[] = [];
  const refused: string[] = [];
  const tool_calls: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://receiver");
      const json = { "content-type": "application/json" };
      if (url.pathname.startsWith("/orders/")) {
        tool_calls.push(`${request.method} ${url.pathname}`);
        const order = orders[url.pathname.slice("/orders/".length)];
        response
          .writeHead(order === undefined ? 404 : 200, json)
          .end(JSON.stringify(order ?? { error: "no such order" }));
        return;
      }
      const body = Buffer.concat(chunks).toString("utf8");
      const header = (name: string) => String(request.headers[name] ?? "");
      try {
        const event = new Webhook(receiver.secret).verify(body, {
          "webhook-id": header("webhook-id"),
          "webhook-timestamp": header("webhook-timestamp"),
          "webhook-signature": header("webhook-signature"),
        });
        delivered.push({ webhook_id: header("webhook-id"), attempt: header("webhook-attempt"), event });
        response.writeHead(204).end();
      } catch (error) {
        refused.push(error instanceof Error ? error.message : String(error));
        response.writeHead(401).end();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the receiver has no port");
  const receiver: Receiver = {
    url: `http://127.0.0.1:${address.port}`,
    secret: "",
    delivered,
    refused,
    tool_calls,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}
