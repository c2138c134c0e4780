import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { Agent, request as httpRequest } from "node:http";
import { sendJson, sendProblem } from "./http.ts";
import { type Mail, mailbox, mailsPath } from "./mails.ts";

/** Where the gateway sends requests; replaced as a whole after each deployment. */
export interface Routing {
  /** The API on the emulator, as an address to which a request's path is added. */
  api: string;
  /** Mails that the product has sent. */
  mails(): Promise<readonly Mail[]>;
  /** The address that serves this request as a stream, if any does. */
  stream(method: string, path: string): string | undefined;
}

/** Headers that belong to one connection only. */
const hopByHop = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "te", "trailer", "upgrade"];

/** The gateway's own page: who runs here. Not part of the API. */
export const statusPath = "/_local/status";

/**
 * One stable address for the API: passes each request on to the API's stage on the emulator, or to the server of a
 * streaming function, and the answer back as it comes. Until there is something to pass on to it answers 503.
 */
export function gateway(routing: () => Routing | undefined, status: () => object): RequestListener {
  const agent = new Agent({ keepAlive: true });
  return (request, response) => {
    const { method = "GET", url = "/" } = request;
    const path = url.split("?", 1)[0] ?? url;
    if (path === statusPath) return sendJson(response, 200, status());
    const target = routing();
    if (target === undefined) {
      response.setHeader("retry-after", "2");
      return sendProblem(response, 503, "starting", "The local stack is still starting.");
    }
    if (path === mailsPath) {
      target.mails().then(
        (items) =>
          request.headers.accept?.includes("text/html") === true
            ? response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(mailbox(items))
            : sendJson(response, 200, { items }),
        (error: unknown) => sendProblem(response, 502, "bad_gateway", `The local AWS did not answer: ${error}`),
      );
      return;
    }
    forward(request, response, { base: new URL(target.stream(method, path) ?? target.api), agent });
  };
}

function forward(
  request: IncomingMessage,
  response: ServerResponse,
  { base, agent }: { base: URL; agent: Agent },
): void {
  const { headers, method = "GET", url = "/" } = request;
  const chunked = headers["transfer-encoding"];
  const upstream = httpRequest({
    agent,
    hostname: base.hostname,
    port: base.port,
    method,
    // Joined as text: a URL object would rewrite the path that the client sent.
    path: base.pathname === "/" ? url : `${base.pathname}${url}`,
    headers: {
      ...endToEnd(headers),
      ...(chunked === undefined ? {} : { "transfer-encoding": chunked }),
      host: base.host,
      "x-forwarded-host": headers.host ?? "",
      "x-forwarded-proto": "http",
      "x-forwarded-for": "127.0.0.1",
    },
  });
  upstream.on("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
    response.flushHeaders();
    answer.on("error", () => response.destroy()); // a broken stream stays visible as one
    answer.pipe(response);
  });
  upstream.on("error", (error) => {
    if (response.headersSent) response.destroy();
    else if (!response.destroyed)
      sendProblem(response, 502, "bad_gateway", `The local AWS did not answer: ${error.message}`);
  });
  response.on("close", () => {
    if (!response.writableFinished) upstream.destroy();
  });
  request.pipe(upstream);
}

function endToEnd(headers: IncomingMessage["headers"]): IncomingMessage["headers"] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.includes(name)));
}
