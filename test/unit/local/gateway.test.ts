import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import type { Routing } from "../../../local/gateway.ts";
import { gateway } from "../../../local/gateway.ts";
import type { LocalServer } from "../../../local/http.ts";
import { readBody, sendJson, serveLocally } from "../../../local/http.ts";
import { apiOnEmulator } from "../../../local/stack.ts";

const open: LocalServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.stop();
});
const serve = async (listener: Parameters<typeof serveLocally>[0]) => {
  const server = await serveLocally(listener);
  open.push(server);
  return server;
};
const MAIL = { to: ["ada@example.com"], subject: "Hello <you>", text: "…", html: '<head></head><p title="a">…</p>' };
const front = (routing?: Omit<Routing, "mails">) =>
  serve(
    gateway(
      () => routing && { mails: async () => [MAIL], ...routing },
      () => ({ instance: "i1" }),
    ),
  );

/** Answers with what it was asked. */
const echo = () =>
  serve(async (request, response) => {
    const body = (await readBody(request)).toString();
    sendJson(
      response,
      207,
      { method: request.method, url: request.url, headers: request.headers, body },
      { "x-own": "1" },
    );
  });

describe("the gateway", () => {
  test("shows the mails that were sent, which never leave the laptop", async () => {
    const { url } = await front({ api: "http://127.0.0.1:9", stream: () => undefined });
    const shown = await fetch(`${url}/_local/mails`);
    expect(await shown.json()).toEqual({ items: [MAIL] });
    const page = await fetch(`${url}/_local/mails`, { headers: { accept: "text/html,*/*" } });
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    const html = await page.text();
    expect(html).toContain("<h2>Hello &lt;you&gt;</h2><p>to ada@example.com</p>");
    // A mail is shown as it is, in a frame that runs no scripts and cannot leave it.
    expect(html).toContain(
      'sandbox="allow-popups" srcdoc="&lt;head&gt;&lt;base target=&quot;_blank&quot;&gt;&lt;/head&gt;',
    );
  });

  test("passes method, path as sent, headers and body on to the API's stage, and status and headers back", async () => {
    const api = await echo();
    const { url } = await front({ api: `${api.url}/_aws/execute-api/abc/$default`, stream: () => undefined });
    const response = await fetch(`${url}/api/v1/things/a%2Fb?q=%20`, {
      method: "PATCH",
      body: "hello",
      headers: { "x-key": "k" },
    });
    expect(response.status).toBe(207);
    expect(response.headers.get("x-own")).toBe("1");
    expect(await response.json()).toMatchObject({
      method: "PATCH",
      url: "/_aws/execute-api/abc/$default/api/v1/things/a%2Fb?q=%20",
      headers: { "x-key": "k", "x-forwarded-host": url.slice("http://".length), "x-forwarded-proto": "http" },
      body: "hello",
    });
  });

  test("sends streaming operations to their own server and passes each piece on at once", async () => {
    const streaming = await serve(async (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (let i = 0; i < 3; i++) {
        response.write(`data: ${i}\n\n`);
        await sleep(80);
      }
      response.end();
    });
    const { url } = await front({
      api: "http://127.0.0.1:1",
      stream: (method, path) => (method === "POST" && path === "/api/v1/s" ? streaming.url : undefined),
    });
    const response = await fetch(`${url}/api/v1/s?x=1`, { method: "POST", body: "{}" });
    const arrivals: number[] = [];
    for await (const _ of response.body ?? []) arrivals.push(performance.now());
    expect(arrivals).toHaveLength(3);
    expect((arrivals[2] ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThan(120);
  });

  test("lets a stream that breaks be seen as broken", async () => {
    const streaming = await serve((_request, response) => {
      response.writeHead(200);
      response.write("half", () => response.destroy());
    });
    const { url } = await front({ api: streaming.url, stream: () => undefined });
    await expect((await fetch(url)).text()).rejects.toThrow();
  });

  test("answers 503 with a problem until there is something to pass on to, and 502 when that is gone", async () => {
    const starting = await fetch(`${(await front()).url}/api/v1`);
    expect(starting.status).toBe(503);
    expect(starting.headers.get("content-type")).toBe("application/problem+json");
    expect(await starting.json()).toMatchObject({ code: "starting" });
    const gone = await fetch(`${(await front({ api: "http://127.0.0.1:1", stream: () => undefined })).url}/api/v1`);
    expect(gone.status).toBe(502);
    expect(await gone.json()).toMatchObject({ code: "bad_gateway" });
  });

  test("says who runs here on its status page", async () => {
    expect(await (await fetch(`${(await front()).url}/_local/status`)).json()).toEqual({ instance: "i1" });
  });
});

describe("the API's address on the emulator", () => {
  test("needs no host name of its own", () => {
    const at = (url: string | undefined) => apiOnEmulator("http://127.0.0.1:4566", url);
    expect(at("http://1a388b3e.execute-api.localhost:4566")).toBe(
      "http://127.0.0.1:4566/_aws/execute-api/1a388b3e/$default",
    );
    expect(at("http://1a388b3e.execute-api.localhost:4566/v2/")).toBe(
      "http://127.0.0.1:4566/_aws/execute-api/1a388b3e/v2",
    );
    expect(() => at(undefined)).toThrow("ApiUrl");
    expect(() => at("http://example.com")).toThrow("ApiUrl");
  });
});
