import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { certificate, privateKey } from "./tls.ts";

export type Listening = { port: number; hits: () => number; close: () => Promise<void> };

const listen = async (server: Server, hits: () => number): Promise<Listening> => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { port, hits, close };
};

/** A real HTTP server on a free loopback port that counts its requests. */
export const serve = (listener: RequestListener): Promise<Listening> => {
  let count = 0;
  const server = createServer((request, response) => {
    count += 1;
    listener(request, response);
  });
  return listen(server, () => count);
};

export const serveTls = (listener: RequestListener): Promise<Listening> => {
  let count = 0;
  const server = createTlsServer({ cert: certificate, key: privateKey }, (request, response) => {
    count += 1;
    listener(request, response);
  });
  return listen(server, () => count);
};

/** A server below HTTP, for broken and silent peers. */
export const serveTcp = async (onSocket: (socket: Socket) => void): Promise<Listening> => {
  let count = 0;
  const open = new Set<Socket>();
  const server = createTcpServer((socket) => {
    count += 1;
    open.add(socket);
    socket.on("error", () => {});
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of open) socket.destroy();
    });
  return { port: (server.address() as AddressInfo).port, hits: () => count, close };
};
