import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

// A webhook receiver in a process of its own: takes everything, answers 204. Ends with its parent.
const server = createServer((request, response) => {
  request.resume();
  request.once("end", () => response.writeHead(204).end());
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.once("disconnect", () => process.exit(0));
