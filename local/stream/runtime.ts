import type { ServerResponse } from "node:http";
import { Writable } from "node:stream";
import type { FunctionUrlEvent } from "./event.ts";

/** Status and headers that a streaming handler sets before its first byte. */
interface Prelude {
  statusCode?: number;
  headers?: Record<string, string>;
  cookies?: string[];
}

/** The part of Lambda's context object that exists outside AWS too. */
export interface InvocationContext {
  awsRequestId: string;
  functionName: string;
  functionVersion: string;
  invokedFunctionArn: string;
  memoryLimitInMB: string;
  logGroupName: string;
  logStreamName: string;
  callbackWaitsForEmptyEventLoop: boolean;
  getRemainingTimeInMillis(): number;
}

export type StreamHandler = (event: FunctionUrlEvent, stream: Writable, context: InvocationContext) => Promise<unknown>;

/** Lambda's `responseStream`: writes go to the client as they come. */
export class ResponseStream extends Writable {
  readonly #response: ServerResponse;
  #prelude: Prelude = {};

  constructor(response: ServerResponse) {
    super();
    this.#response = response;
  }

  setContentType(type: string): void {
    this.#prelude = { ...this.#prelude, headers: { ...this.#prelude.headers, "content-type": type } };
  }

  setPrelude(prelude: Prelude): void {
    this.#prelude = prelude;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#begin();
    // As on AWS a function is not told that its client has gone; what it writes then is dropped.
    if (this.#response.destroyed || this.#response.write(chunk)) {
      done();
      return;
    }
    const go = () => {
      this.#response.off("drain", go).off("close", go);
      done();
    };
    this.#response.on("drain", go).on("close", go);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#begin();
    this.#response.end(() => done());
    if (this.#response.destroyed) done();
  }

  #begin(): void {
    if (this.#response.headersSent) return;
    const { statusCode = 200, headers = {}, cookies = [] } = this.#prelude;
    const all = { "content-type": "application/octet-stream", ...lowerCase(headers) };
    this.#response.writeHead(statusCode, cookies.length > 0 ? { ...all, "set-cookie": cookies } : all);
    this.#response.flushHeaders();
  }
}

/** The global that Lambda's Node runtime gives to streaming functions. */
export const awslambda = {
  streamifyResponse: (handler: StreamHandler): StreamHandler => handler,
  HttpResponseStream: {
    from(stream: Writable, prelude: Prelude): Writable {
      if (!(stream instanceof ResponseStream)) throw new TypeError("HttpResponseStream.from needs the responseStream.");
      stream.setPrelude(prelude);
      return stream;
    },
  },
};

function lowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}
