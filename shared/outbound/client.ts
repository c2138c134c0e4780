import { Buffer } from "node:buffer";
import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { acceptEncoding, decodedBody, limited, requestBytes, webBody } from "./body.ts";
import { guardedConnector, type Resolve, systemResolve } from "./connect.ts";
import { OutboundError, type OutboundFailure, toOutboundError } from "./errors.ts";
import { exchange } from "./exchange.ts";
import { defaultResponseHeaders, limitedHeaders, requestHeaders } from "./headers.ts";
import { carried, noteSent } from "./trace.ts";
import { checkUrl, defaultPolicy, type OutboundPolicy, portOf, type UrlCheck } from "./url.ts";

export type OutboundConfig = Partial<OutboundPolicy> & {
  /** TCP and TLS together, name resolution included. Default 5,000. */
  connect_timeout_ms?: number;
  /** Longest silence inside an answer's body. Default 30,000. */
  idle_timeout_ms?: number;
  /** Total deadline of `request` where the call names none. Default 10,000. */
  timeout_ms?: number;
  /** Total deadline of `fetch`, its streamed body included. Default 600,000: a model may think for minutes. */
  fetch_timeout_ms?: number;
  /** Largest answer of `request` where the call names none, decoded. Default 1,000,000. */
  max_bytes?: number;
  /** Largest answer of `fetch`, decoded. Default 20,000,000. */
  fetch_max_bytes?: number;
  /** Largest request body. Default 5,000,000. */
  max_request_bytes?: number;
  /** Names (lower case) of the answer headers that callers may see, instead of the default list. */
  response_headers?: readonly string[];
  user_agent?: string;
  /** Extra certificate authorities in PEM. */
  ca?: string;
  /** Name resolution, for tests. */
  resolve?: Resolve;
};

export type OutboundRequest = {
  method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  url: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  /** Total deadline: connect, request, headers and whole body. */
  timeout_ms?: number;
  /** Largest decoded answer. */
  max_bytes?: number;
  /** Cut a larger answer at `max_bytes` instead of failing with `too_large`. */
  truncate?: boolean;
  signal?: AbortSignal;
};

/** Any HTTP status is an answer, 3xx too: redirects are never followed. */
export type OutboundResult =
  | { ok: true; status: number; headers: Record<string, string>; body: Buffer; truncated: boolean }
  | { ok: false; error: OutboundFailure };

export type Outbound = {
  /** One bounded call. Never throws. */
  request: (request: OutboundRequest) => Promise<OutboundResult>;
  /** WHATWG fetch behind the same guard, streaming; rejects with `OutboundError`, and so does the body while it is read. */
  fetch: typeof globalThis.fetch;
  /** The check without network, by this client's policy. */
  checkUrl: (url: string) => UrlCheck;
  /** Closes the kept connections. */
  close: () => Promise<void>;
};

type Call = {
  url: string;
  method: string;
  headers: Iterable<readonly [string, string]>;
  body: Uint8Array | null;
  timeout_ms: number;
  signal?: AbortSignal | undefined;
};

type Answer = { status: number; headers: Record<string, string>; body: Readable };

/** An abort that knows whether the caller or the clock asked for it; `clear` stops the clock. */
const deadline = (timeoutMs: number, caller: AbortSignal | undefined) => {
  const controller = new AbortController();
  const onAbort = () => controller.abort(new OutboundError("aborted", caller?.reason));
  const timer = setTimeout(() => controller.abort(new OutboundError("timeout")), timeoutMs);
  if (caller?.aborted) onAbort();
  else caller?.addEventListener("abort", onAbort, { once: true });
  const clear = () => {
    clearTimeout(timer);
    caller?.removeEventListener("abort", onAbort);
  };
  return { signal: controller.signal, clear };
};

const bodiless = (method: string, status: number): boolean => method === "HEAD" || [204, 205, 304].includes(status);

/**
 * The one way out of the platform to an address that a tenant, a provider or anybody else has named.
 * https only, public addresses only (checked on the resolved address at connect), no redirects, no proxies, everything bounded.
 */
export const createOutbound = (config: OutboundConfig = {}): Outbound => {
  const policy: OutboundPolicy = {
    allow_http: config.allow_http ?? defaultPolicy.allow_http,
    allowed_ports: config.allowed_ports ?? defaultPolicy.allowed_ports,
    allow: (config.allow ?? defaultPolicy.allow).map((entry) => entry.toLowerCase()),
  };
  const idleTimeoutMs = config.idle_timeout_ms ?? 30_000;
  const maxRequestBytes = config.max_request_bytes ?? 5_000_000;
  const responseHeaders = config.response_headers ?? defaultResponseHeaders;
  const userAgent = config.user_agent ?? "kaizen-studio";

  type Engine = { agent: Dispatcher; send: (options: Dispatcher.RequestOptions) => Promise<Dispatcher.ResponseData> };
  let engine: Promise<Engine> | undefined;
  /** Loaded by the first call, so that a function which makes none does not pay for it at cold start. */
  const start = (): Promise<Engine> => {
    engine ??= import("./lazy/undici.ts").then(({ Agent, buildConnector, request }) => {
      const connect = guardedConnector(buildConnector, {
        policy,
        resolve: config.resolve ?? systemResolve,
        connect_timeout_ms: config.connect_timeout_ms ?? 5_000,
        ca: config.ca,
      });
      // Short keep-alive: a frozen function wakes up with sockets that the other side has closed meanwhile.
      const agent = new Agent({ connect, keepAliveTimeout: 4_000, keepAliveMaxTimeout: 4_000, maxHeaderSize: 16_384 });
      return { agent, send: (options) => request.call(agent, options) };
    });
    return engine;
  };

  /** Everything about a call that can be refused before the network is touched. */
  const optionsOf = (input: Call): Dispatcher.RequestOptions => {
    const checked = checkUrl(input.url, policy);
    if (!checked.ok) throw new OutboundError(checked.error.code);
    if (input.body !== null && input.body.byteLength > maxRequestBytes) throw new OutboundError("request_too_large");
    const headers = requestHeaders(input.headers);
    headers["user-agent"] ??= userAgent;
    // Whoever writes a header of the same name into a request means that one.
    if (headers.traceparent === undefined)
      for (const [name, value] of Object.entries(carried())) headers[name] ??= value;
    headers["accept-encoding"] = acceptEncoding;
    const { url } = checked;
    noteSent(input.url, input.method, undefined);
    return {
      origin: `${url.protocol}//${url.hostname}:${portOf(url)}`,
      path: url.pathname + url.search,
      method: input.method,
      headers,
      body: input.body,
      headersTimeout: input.timeout_ms,
      bodyTimeout: idleTimeoutMs,
    };
  };

  /** A call whose answer is read as a stream. */
  const call = async (input: Call): Promise<Answer> => {
    const options = optionsOf(input);
    const { signal, clear } = deadline(input.timeout_ms, input.signal);
    try {
      const { send } = await start();
      signal.throwIfAborted();
      const answer = await send({ ...options, signal });
      noteSent(input.url, input.method, answer.statusCode);
      const body = decodedBody(answer.body, String(answer.headers["content-encoding"] ?? ""));
      body.once("close", clear);
      return { status: answer.statusCode, headers: limitedHeaders(answer.headers, responseHeaders), body };
    } catch (error) {
      clear();
      throw toOutboundError(signal.aborted ? signal.reason : error);
    }
  };

  const request = async (input: OutboundRequest): Promise<OutboundResult> => {
    const timeout_ms = input.timeout_ms ?? config.timeout_ms ?? 10_000;
    try {
      const options = optionsOf({
        url: input.url,
        method: input.method,
        headers: Object.entries(input.headers ?? {}),
        body: typeof input.body === "string" ? Buffer.from(input.body) : (input.body ?? null),
        timeout_ms,
      });
      const { agent } = await start();
      const answer = await exchange(agent, options, {
        timeout_ms,
        max_bytes: input.max_bytes ?? config.max_bytes ?? 1_000_000,
        truncate: input.truncate ?? false,
        signal: input.signal,
      });
      noteSent(input.url, input.method, answer.status);
      return { ok: true, ...answer, headers: limitedHeaders(answer.headers, responseHeaders) };
    } catch (error) {
      return { ok: false, error: toOutboundError(error).failure };
    }
  };

  const fetch: typeof globalThis.fetch = async (input, init) => {
    const asked = new Request(input, init);
    const body = asked.body === null ? null : await requestBytes(asked.body, maxRequestBytes);
    const answer = await call({
      url: asked.url,
      method: asked.method,
      headers: asked.headers,
      body,
      timeout_ms: config.fetch_timeout_ms ?? 600_000,
      signal: asked.signal,
    });
    const { status, headers } = answer;
    if (bodiless(asked.method, status)) {
      answer.body.resume();
      return new Response(null, { status, headers });
    }
    const parts = limited(answer.body, config.fetch_max_bytes ?? 20_000_000);
    return new Response(
      webBody(parts, () => answer.body.destroy()),
      { status, headers },
    );
  };

  const close = async () => {
    if (engine !== undefined) await (await engine).agent.destroy();
  };

  return { request, fetch, checkUrl: (url) => checkUrl(url, policy), close };
};
