import { type OtlpSpan, otlpSpan, type Span } from "../../../shared/tracing/otlp.ts";

/** What one request holds at most: as many spans as exporters send by default, and far less than collectors take. */
export const MOST_SPANS = 512;
export const MOST_BYTES = 1_000_000;

/** Spans in parts that fit into a request each, in order. One that is larger than a request goes alone. */
export async function* batchesOf(spans: AsyncIterable<Span>): AsyncGenerator<readonly OtlpSpan[], void, void> {
  let batch: OtlpSpan[] = [];
  let bytes = 0;
  for await (const span of spans) {
    const one = otlpSpan(span);
    const size = Buffer.byteLength(JSON.stringify(one)) + 1;
    if (batch.length > 0 && (batch.length === MOST_SPANS || bytes + size > MOST_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(one);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
