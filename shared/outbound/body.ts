import { Buffer } from "node:buffer";
import { pipeline, type Readable, type Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from "node:zlib";
import { OutboundError, toOutboundError } from "./errors.ts";

/** What the client says it can decode. Exactly one coding is accepted per answer: stacked codings are a bomb's shape. */
export const acceptEncoding = "gzip, deflate, br, zstd";

/** What decodes an answer; undefined for a plain one. Throws `protocol_error` for a coding that was not asked for. */
export const decoderFor = (encoding: string): Transform | undefined => {
  switch (encoding.trim().toLowerCase()) {
    case "":
    case "identity":
      return undefined;
    case "gzip":
    case "x-gzip":
      return createGunzip();
    case "deflate":
      return createInflate();
    case "br":
      return createBrotliDecompress();
    case "zstd":
      return createZstdDecompress();
    default:
      throw new OutboundError("protocol_error", new Error("unsupported content coding"));
  }
};

/**
 * The answer's body, decoded. Destroying it closes the connection.
 * Throws `protocol_error` for a content coding that was not asked for.
 */
export const decodedBody = (source: Readable, encoding: string): Readable => {
  let decoder: Transform | undefined;
  try {
    decoder = decoderFor(encoding);
  } catch (error) {
    source.on("error", () => {}).destroy();
    throw error;
  }
  // An answer that nobody reads may still fail (deadline); that must not become an unhandled error event.
  const ignore = () => {};
  source.on("error", ignore);
  if (decoder === undefined) return source;
  pipeline(source, decoder, ignore);
  return decoder.on("error", ignore);
};

/**
 * The parts of a body up to `maxBytes`, counted as the reader gets them, after decoding. One byte more, and the part that still
 * fits is followed by `too_large` and a closed connection. Every error is an `OutboundError`.
 */
export async function* limited(body: Readable, maxBytes: number): AsyncGenerator<Buffer, void, void> {
  let left = maxBytes;
  try {
    for await (const chunk of body) {
      const part: Buffer = chunk;
      if (part.byteLength > left) {
        if (left > 0) yield part.subarray(0, left);
        throw new OutboundError("too_large");
      }
      left -= part.byteLength;
      yield part;
    }
  } catch (error) {
    throw toOutboundError(error);
  }
}

/** A request body of any WHATWG kind as bytes, refused when it is larger than the limit (a stream: while it is read). */
export const requestBytes = async (stream: ReadableStream<Uint8Array>, maxBytes: number): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new OutboundError("request_too_large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

/** A limited body as a WHATWG stream. Cancelling it calls `cancel`, which has to close the connection. */
export const webBody = (parts: AsyncGenerator<Buffer, void, void>, cancel: () => void): ReadableStream<Uint8Array> =>
  new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await parts.next();
        if (next.done) controller.close();
        else controller.enqueue(new Uint8Array(next.value));
      },
      cancel,
    },
    { highWaterMark: 0 },
  );
