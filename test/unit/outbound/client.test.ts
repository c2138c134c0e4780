import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { createOutbound, type Outbound, type OutboundConfig } from "../../../shared/outbound/index.ts";
import { type Listening, serve, serveTcp, serveTls } from "./servers.ts";
import { certificate } from "./tls.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const started = async (server: Promise<Listening>): Promise<Listening> => {
  const listening = await server;
  cleanups.push(listening.close);
  return listening;
};

/** A client that may call exactly the given loopback ports. */
const client = (ports: number[], config: OutboundConfig = {}): Outbound => {
  const outbound = createOutbound({ allow_http: true, allow: ports.map((port) => `127.0.0.1:${port}`), ...config });
  cleanups.push(outbound.close);
  return outbound;
};

const failure = (code: string) => ({ ok: false, error: { code } });

describe("addresses", () => {
  test("a loopback server that is not on the allow-list is never connected to", async () => {
    const server = await started(serve((_, response) => response.end("secret")));
    const outbound = client([]);
    expect(await outbound.request({ method: "GET", url: `http://127.0.0.1:${server.port}/` })).toMatchObject(
      failure("blocked_address"),
    );
    await expect(outbound.fetch(`http://127.0.0.1:${server.port}/`)).rejects.toMatchObject({ code: "blocked_address" });
    expect(server.hits()).toBe(0);
  });

  test("a public name that resolves to a private address is refused at connect, and the message does not say which", async () => {
    const server = await started(serve((_, response) => response.end("secret")));
    const outbound = client([], {
      allowed_ports: [server.port],
      resolve: async () => [{ address: "127.0.0.1", family: 4 }],
    });
    const result = await outbound.request({ method: "GET", url: `http://rebind.example:${server.port}/` });
    expect(result).toEqual({
      ok: false,
      error: { code: "blocked_address", message: "This host does not resolve to a public address.", retryable: false },
    });
    expect(server.hits()).toBe(0);
  });

  test("one private address among public ones refuses the whole answer", async () => {
    const outbound = client([], {
      resolve: async () => [
        { address: "93.184.216.34", family: 4 },
        { address: "fd00:ec2::254", family: 6 },
      ],
    });
    expect(await outbound.request({ method: "GET", url: "https://mixed.example/" })).toMatchObject(
      failure("blocked_address"),
    );
  });

  test("a name that answers with an allowed address first and a private one later (rebinding) is refused the second time", async () => {
    const server = await started(serve((_, response) => response.writeHead(200, { connection: "close" }).end("first")));
    const answers = ["127.0.0.1", "169.254.169.254"];
    const asked: string[] = [];
    const outbound = client([server.port], {
      allowed_ports: [server.port],
      resolve: async (hostname) => {
        asked.push(hostname);
        return [{ address: answers[asked.length - 1] ?? "127.0.0.2", family: 4 }];
      },
    });
    const call = () => outbound.request({ method: "GET", url: `http://rebind.example:${server.port}/` });
    expect(await call()).toMatchObject({ ok: true, status: 200 });
    expect(await call()).toMatchObject(failure("blocked_address"));
    // One resolution for each connection: the checked answer is the one that is used.
    expect(asked).toEqual(["rebind.example", "rebind.example"]);
    expect(server.hits()).toBe(1);
  });

  test("a redirect to a private server is an answer, never followed", async () => {
    const inside = await started(serve((_, response) => response.end("secret")));
    const outside = await started(
      serve((_, response) => response.writeHead(302, { location: `http://127.0.0.1:${inside.port}/` }).end()),
    );
    const outbound = client([outside.port]);
    const url = `http://127.0.0.1:${outside.port}/`;
    expect(await outbound.request({ method: "GET", url })).toMatchObject({ ok: true, status: 302 });
    expect((await outbound.fetch(url)).status).toBe(302);
    expect(inside.hits()).toBe(0);
  });

  test("a redirect between allowed servers is not followed either", async () => {
    const second = await started(serve((_, response) => response.end("second")));
    const first = await started(
      serve((_, response) => response.writeHead(307, { location: `http://127.0.0.1:${second.port}/` }).end()),
    );
    const outbound = client([first.port, second.port]);
    expect(await outbound.request({ method: "POST", url: `http://127.0.0.1:${first.port}/`, body: "x" })).toMatchObject(
      {
        ok: true,
        status: 307,
        headers: { location: `http://127.0.0.1:${second.port}/` },
      },
    );
    expect(second.hits()).toBe(0);
  });
});

describe("limits", () => {
  test("an answer larger than the limit fails, or is cut where asked", async () => {
    const server = await started(serve((_, response) => response.end(Buffer.alloc(300_000, "a"))));
    const outbound = client([server.port]);
    const request = { method: "GET", url: `http://127.0.0.1:${server.port}/`, max_bytes: 200_000 } as const;
    expect(await outbound.request(request)).toMatchObject(failure("too_large"));
    const cut = await outbound.request({ ...request, truncate: true });
    expect(cut).toMatchObject({ ok: true, status: 200, truncated: true });
    if (cut.ok) expect(cut.body.byteLength).toBe(200_000);
  });

  test("the limit counts decoded bytes: a small compressed bomb does not pass", async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const server = await started(
      serve((_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(bomb)),
    );
    const outbound = client([server.port], { fetch_max_bytes: 1_000_000 });
    const url = `http://127.0.0.1:${server.port}/`;
    expect(bomb.byteLength).toBeLessThan(100_000);
    expect(await outbound.request({ method: "GET", url, max_bytes: 1_000_000 })).toMatchObject(failure("too_large"));
    const response = await outbound.fetch(url);
    await expect(response.arrayBuffer()).rejects.toMatchObject({ code: "too_large" });
  });

  test("an endless answer is stopped at the limit", async () => {
    const server = await started(
      serveTcp((socket) => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        const more = () => {
          while (!socket.destroyed && socket.write(Buffer.alloc(65_536))) {}
        };
        socket.on("drain", more);
        more();
      }),
    );
    const outbound = client([server.port]);
    expect(await outbound.request({ method: "GET", url: `http://127.0.0.1:${server.port}/` })).toMatchObject(
      failure("too_large"),
    );
  });

  test("a body that trickles is cut off by the total deadline", async () => {
    const server = await started(
      serve((_, response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write("x"), 20);
        response.on("close", () => clearInterval(timer));
      }),
    );
    const outbound = client([server.port]);
    const url = `http://127.0.0.1:${server.port}/`;
    expect(await outbound.request({ method: "GET", url, timeout_ms: 200 })).toMatchObject(failure("timeout"));
  });

  test("a body that falls silent is cut off by the idle limit", async () => {
    const server = await started(serve((_, response) => response.writeHead(200).write("x")));
    const outbound = client([server.port], { idle_timeout_ms: 300 });
    const url = `http://127.0.0.1:${server.port}/`;
    expect(await outbound.request({ method: "GET", url, timeout_ms: 60_000 })).toMatchObject(failure("timeout"));
  });

  test("a server that never answers, and a fetch stream that outlives its deadline, end with timeout", async () => {
    const silent = await started(serveTcp(() => {}));
    const trickle = await started(serve((_, response) => response.writeHead(200).write("x")));
    const outbound = client([silent.port, trickle.port], { fetch_timeout_ms: 200 });
    const url = `http://127.0.0.1:${silent.port}/`;
    expect(await outbound.request({ method: "GET", url, timeout_ms: 200 })).toMatchObject(failure("timeout"));
    await expect(outbound.fetch(url)).rejects.toMatchObject({ code: "timeout" });
    const response = await outbound.fetch(`http://127.0.0.1:${trickle.port}/`);
    await expect(response.text()).rejects.toMatchObject({ code: "timeout" });
  });

  test("a name that does not resolve in time ends with timeout", async () => {
    const outbound = client([], { connect_timeout_ms: 100, resolve: () => new Promise(() => {}) });
    expect(await outbound.request({ method: "GET", url: "https://slow.example/", timeout_ms: 30_000 })).toMatchObject(
      failure("timeout"),
    );
  });

  test("a request body over the limit is refused before anything is sent", async () => {
    const server = await started(serve((_, response) => response.end()));
    const outbound = client([server.port], { max_request_bytes: 10 });
    const url = `http://127.0.0.1:${server.port}/`;
    expect(await outbound.request({ method: "POST", url, body: "12345678901" })).toMatchObject(
      failure("request_too_large"),
    );
    const stream = new Blob(["123456", "789012"]).stream();
    await expect(
      outbound.fetch(url, { method: "POST", body: stream, duplex: "half" } as RequestInit),
    ).rejects.toMatchObject({
      code: "request_too_large",
    });
    expect(server.hits()).toBe(0);
  });
});

describe("failures have closed codes and public texts", () => {
  test("refused connection, unknown name, empty answer, garbage, closed connection, unknown coding", async () => {
    const closed = await serve(() => {});
    await closed.close();
    const garbage = await started(serveTcp((socket) => socket.end("SSH-2.0-OpenSSH\r\n\r\n")));
    const hangup = await started(serveTcp((socket) => socket.once("data", () => socket.destroy())));
    const partial = await started(
      serveTcp((socket) => socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n123"))),
    );
    const coding = await started(
      serve((_, response) => response.writeHead(200, { "content-encoding": "gzip, gzip" }).end("x")),
    );
    const outbound = client([closed.port, garbage.port, hangup.port, partial.port, coding.port], {
      resolve: async () => {
        throw Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" });
      },
    });
    const get = (url: string) => outbound.request({ method: "GET", url });
    const results = await Promise.all([
      get(`http://127.0.0.1:${closed.port}/`),
      get("https://missing.example/"),
      get(`http://127.0.0.1:${garbage.port}/`),
      get(`http://127.0.0.1:${hangup.port}/`),
      get(`http://127.0.0.1:${partial.port}/`),
      get(`http://127.0.0.1:${coding.port}/`),
    ]);
    expect(results.map((result) => (result.ok ? result.status : result.error.code))).toEqual([
      "connect_failed",
      "dns_failed",
      "protocol_error",
      "connection_closed",
      "connection_closed",
      "protocol_error",
    ]);
    for (const result of results) {
      if (result.ok) throw new Error("must fail");
      expect(result.error.retryable).toBe(true);
      expect(result.error.message).not.toMatch(/\d|example/);
    }
  });

  test("a certificate that nobody vouches for, one for another name, and plain HTTP on a TLS port are tls_failed", async () => {
    const server = await started(serveTls((_, response) => response.end("hello")));
    const plain = await started(serve((_, response) => response.end("hello")));
    const resolve = async () => [{ address: "127.0.0.1", family: 4 }];
    const allow = [`127.0.0.1:${server.port}`, `127.0.0.1:${plain.port}`];
    const allowed_ports = [server.port, plain.port];
    const strangers = client([], { resolve, allow, allowed_ports });
    const trusting = client([], { resolve, allow, allowed_ports, ca: certificate });
    const get = (outbound: Outbound, host: string, port: number) =>
      outbound.request({ method: "GET", url: `https://${host}:${port}/` });
    expect(await get(strangers, "good.example", server.port)).toMatchObject(failure("tls_failed"));
    expect(await get(trusting, "other.example", server.port)).toMatchObject(failure("tls_failed"));
    expect(await get(trusting, "good.example", plain.port)).toMatchObject(failure("tls_failed"));
    expect(server.hits()).toBe(0);
    expect(await get(trusting, "good.example", server.port)).toMatchObject({ ok: true, status: 200 });
  });

  test("cancelling ends the call with aborted, before it starts, while it waits, and while its body streams", async () => {
    const silent = await started(serveTcp(() => {}));
    const trickle = await started(serve((_, response) => response.writeHead(200).write("x")));
    const outbound = client([silent.port, trickle.port]);
    const url = `http://127.0.0.1:${silent.port}/`;
    const request = { method: "GET", url } as const;
    expect(await outbound.request({ ...request, signal: AbortSignal.abort() })).toMatchObject(failure("aborted"));
    const waiting = new AbortController();
    setTimeout(() => waiting.abort(), 50);
    expect(await outbound.request({ ...request, signal: waiting.signal })).toMatchObject(failure("aborted"));
    const streaming = new AbortController();
    const response = await outbound.fetch(`http://127.0.0.1:${trickle.port}/`, { signal: streaming.signal });
    setTimeout(() => streaming.abort(), 50);
    await expect(response.text()).rejects.toMatchObject({ code: "aborted" });
  });

  test.each(["host", "Content-Length", "transfer-encoding", "Connection", "upgrade", "bad name", "x-crlf"])(
    "the request header %j cannot be used to break out of the request",
    async (name) => {
      const server = await started(serve((_, response) => response.end()));
      const outbound = client([server.port]);
      const headers = { [name]: name === "x-crlf" ? "a\r\nx-injected: 1" : "1" };
      const url = `http://127.0.0.1:${server.port}/`;
      expect(await outbound.request({ method: "GET", url, headers })).toMatchObject(failure("invalid_request"));
      expect(server.hits()).toBe(0);
    },
  );
});

describe("answers", () => {
  test("method, headers and body arrive; only the listed answer headers come back; compressed bodies are decoded", async () => {
    const server = await started(
      serve(async (request, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk);
        const echo = {
          method: request.method,
          url: request.url,
          test: request.headers["x-test"],
          body: Buffer.concat(chunks).toString(),
        };
        response.writeHead(201, {
          "content-type": "application/json",
          "content-encoding": "gzip",
          "retry-after": "7",
          "set-cookie": "session=1",
          server: "internal/1.0",
        });
        response.end(gzipSync(JSON.stringify(echo)));
      }),
    );
    const outbound = client([server.port]);
    const result = await outbound.request({
      method: "POST",
      url: `http://127.0.0.1:${server.port}/a?b=c#d`,
      headers: { "X-Test": "yes" },
      body: "hello",
    });
    if (!result.ok) throw new Error(result.error.code);
    expect(result.status).toBe(201);
    expect(JSON.parse(result.body.toString())).toEqual({ method: "POST", url: "/a?b=c", test: "yes", body: "hello" });
    expect(Object.keys(result.headers).sort()).toEqual(["content-type", "date", "retry-after"]);
  });

  test("fetch streams: the first part is there before the server has sent the second", async () => {
    let finish = () => {};
    const server = await started(
      serve((_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n");
        finish = () => response.end("data: 2\n\n");
      }),
    );
    const response = await client([server.port]).fetch(new URL(`http://127.0.0.1:${server.port}/`));
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect(await reader?.read()).toEqual({ done: false, value: "data: 1\n\n" });
    finish();
    expect(await reader?.read()).toEqual({ done: false, value: "data: 2\n\n" });
    expect((await reader?.read())?.done).toBe(true);
  });

  test("a reader that walks away closes the connection", async () => {
    let closed: () => void = () => {};
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const server = await started(
      serve((_, response) => {
        response.on("close", closed).writeHead(200).write("x");
      }),
    );
    const response = await client([server.port]).fetch(`http://127.0.0.1:${server.port}/`);
    await response.body?.cancel();
    await gone;
  });

  test("answers without a body work in fetch", async () => {
    const server = await started(serve((_, response) => response.writeHead(204).end()));
    const outbound = client([server.port]);
    const response = await outbound.fetch(`http://127.0.0.1:${server.port}/`, { method: "DELETE" });
    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect(await outbound.request({ method: "HEAD", url: `http://127.0.0.1:${server.port}/` })).toMatchObject({
      ok: true,
      status: 204,
    });
  });
});
