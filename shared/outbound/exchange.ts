import { Buffer } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
import type { Transform } from "node:stream";
import type { Dispatcher } from "undici";
import { decoderFor } from "./body.ts";
import { OutboundError, toOutboundError } from "./errors.ts";

export type Bounds = {
  /** Total deadline: connect, request, headers and whole body. */
  timeout_ms: number;
  /** Largest decoded answer. */
  max_bytes: number;
  /** Cut a larger answer instead of failing with `too_large`. */
  truncate: boolean;
  signal?: AbortSignal | undefined;
};

export type Exchanged = { status: number; headers: IncomingHttpHeaders; body: Buffer; truncated: boolean };

/**
 * One bounded exchange whose answer is collected as it comes: without the streams and signals around it that an answer
 * of unknown length needs, which cost more than a small answer itself. Rejects with an `OutboundError`; whatever the outcome,
 * nothing goes on behind it.
 */
export const exchange = (
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  bounds: Bounds,
): Promise<Exchanged> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let left = bounds.max_bytes;
    let settled = false;
    let status = 0;
    let headers: IncomingHttpHeaders = {};
    let controller: Dispatcher.DispatchController | undefined;
    let decoder: Transform | undefined;

    /** True for the first who settles. */
    const settle = (): boolean => {
      if (settled) return false;
      settled = true;
      clearTimeout(timer);
      bounds.signal?.removeEventListener("abort", onAbort);
      return true;
    };
    const stop = (reason: OutboundError) => {
      controller?.abort(reason);
      decoder?.destroy();
    };
    const fail = (error: OutboundError) => {
      if (!settle()) return;
      reject(error);
      stop(error);
    };
    const succeed = (truncated: boolean) => {
      if (settle()) resolve({ status, headers, body: Buffer.concat(chunks), truncated });
    };
    const keep = (part: Buffer) => {
      if (settled) return;
      if (part.byteLength <= left) {
        left -= part.byteLength;
        chunks.push(part);
        return;
      }
      const tooLarge = new OutboundError("too_large");
      if (!bounds.truncate) return fail(tooLarge);
      chunks.push(part.subarray(0, left));
      succeed(true);
      stop(tooLarge);
    };
    const decode = (encoding: string) => {
      decoder = decoderFor(encoding);
      decoder
        ?.on("data", keep)
        .on("drain", () => controller?.resume())
        .once("end", () => succeed(false))
        .once("error", (error) => fail(toOutboundError(error)));
    };
    const onAbort = () => fail(new OutboundError("aborted", bounds.signal?.reason));
    const timer = setTimeout(() => fail(new OutboundError("timeout")), bounds.timeout_ms);
    if (bounds.signal?.aborted) return onAbort();
    bounds.signal?.addEventListener("abort", onAbort, { once: true });

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        controller = started;
        // It waited for a connection until nobody waited for it any more.
        if (settled) started.abort(new OutboundError("aborted"));
      },
      onResponseStart(_, code, received) {
        if (code < 200) return;
        status = code;
        headers = received;
        try {
          decode(String(received["content-encoding"] ?? ""));
        } catch (error) {
          fail(toOutboundError(error));
        }
      },
      onResponseData(current, chunk) {
        if (decoder === undefined) keep(chunk);
        else if (!settled && !decoder.write(chunk)) current.pause();
      },
      onResponseEnd() {
        if (decoder === undefined) succeed(false);
        else decoder.end();
      },
      onResponseError(_, error) {
        fail(toOutboundError(error));
      },
    };
    try {
      dispatcher.dispatch(options, handler);
    } catch (error) {
      fail(toOutboundError(error));
    }
  });
