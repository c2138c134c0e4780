import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** What a gateway was asked to serve. */
export interface Registration {
  readonly id: string;
  readonly key: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into what was sent
  readonly sent: any;
  digest: string;
}

type Ask = "register" | "describe" | "unregister" | "health";

/** What it does in place of what it should. */
export type Fault =
  | { readonly status: number; readonly body?: string; readonly headers?: Record<string, string> }
  /** Does what it should, and does not tell. */
  | "silent"
  /** Waits until it is told to go on. */
  | "hold";

/** A server that speaks the deploy protocol, on a free port of 127.0.0.1; misbehaves when it is told to. */
export class DeployGateway {
  readonly registrations = new Map<string, Registration>();
  readonly asked: { readonly what: Ask; readonly headers: IncomingMessage["headers"] }[] = [];
  readonly #faults = new Map<Ask, Fault[]>();
  readonly #held: (() => void)[] = [];
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  key = "a-key-of-the-gateway";
  #made = 0;

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the gateway has no port");
    return `http://127.0.0.1:${address.port}`;
  }

  /** What it does the next times, one each; then it behaves. */
  fault(what: Ask, ...faults: Fault[]): void {
    this.#faults.set(what, [...(this.#faults.get(what) ?? []), ...faults]);
  }

  count(what: Ask): number {
    return this.asked.filter((one) => one.what === what).length;
  }

  get holding(): number {
    return this.#held.length;
  }

  release(): void {
    for (const go of this.#held.splice(0)) go();
  }

  async close(): Promise<void> {
    this.release();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = request.url ?? "/";
    const what: Ask =
      request.method === "POST"
        ? "register"
        : request.method === "DELETE"
          ? "unregister"
          : url === "/health"
            ? "health"
            : "describe";
    this.asked.push({ what, headers: request.headers });
    const send = (status: number, body: unknown, headers: Record<string, string> = {}) =>
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
    if (request.headers.authorization !== `Bearer ${this.key}`) return void send(401, { error: "who are you" });
    const fault = this.#faults.get(what)?.shift();
    if (fault === "hold") await new Promise<void>((resolve) => this.#held.push(resolve));
    else if (fault !== undefined && fault !== "silent") {
      response
        .writeHead(fault.status, { "content-type": "application/json", ...fault.headers })
        .end(fault.body ?? "{}");
      return;
    }
    const { status, body } = this.#does(what, url, request, Buffer.concat(chunks).toString("utf8"));
    if (fault === "silent") return void request.socket.destroy();
    send(status, body);
  }

  #does(what: Ask, url: string, request: IncomingMessage, text: string): { status: number; body: unknown } {
    if (what === "health") return { status: 200, body: { status: "ok" } };
    if (what === "register") {
      const key = String(request.headers["idempotency-key"]);
      const known = [...this.registrations.values()].find((one) => one.key === key);
      const sent = JSON.parse(text);
      const registration = known ?? { id: `reg-${++this.#made}`, key, sent, digest: sent.digest };
      this.registrations.set(registration.id, registration);
      return { status: known === undefined ? 201 : 200, body: { id: registration.id } };
    }
    const id = decodeURIComponent(url.split("/").at(-1) ?? "");
    const registration = this.registrations.get(id);
    if (registration === undefined) return { status: 404, body: { error: "unknown" } };
    if (what === "unregister") {
      this.registrations.delete(id);
      return { status: 200, body: { id } };
    }
    return { status: 200, body: { id, digest: registration.digest } };
  }
}
