import { mendAnswer } from "./rules/mend.ts";

const mended = (text: string): string => {
  try {
    const value: unknown = JSON.parse(text);
    mendAnswer(value);
    return JSON.stringify(value);
  } catch {
    return text; // the library says what is wrong with it
  }
};

const mendedLine = (line: string): string => {
  const data = /^data: ?(.*)$/.exec(line)?.[1];
  return data?.startsWith("{") ? `data: ${mended(data)}` : line;
};

/** Server-sent events, mended line by line as they come. */
async function* mendedEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  let left = "";
  for await (const chunk of body) {
    const lines = (left + decoder.decode(chunk, { stream: true })).split("\n");
    left = lines.pop() ?? "";
    if (lines.length > 0) yield encoder.encode(`${lines.map(mendedLine).join("\n")}\n`);
  }
  left += decoder.decode();
  if (left !== "") yield encoder.encode(mendedLine(left));
}

/**
 * A provider's answer as the library can read it. Streams stay streams.
 * @param on_answer is told of each answer with a good status: from then on the call costs money
 */
export const mendingFetch =
  (fetch: typeof globalThis.fetch, on_answer: () => void): typeof globalThis.fetch =>
  async (input, init) => {
    const response = await fetch(input, init);
    if (!response.ok) return response;
    on_answer();
    const { body, headers, status } = response;
    const type = headers.get("content-type") ?? "";
    if (body === null) return response;
    if (/^text\/event-stream/i.test(type)) {
      return new Response(ReadableStream.from(mendedEvents(body)), { status, headers });
    }
    if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(type)) return response;
    return new Response(mended(await response.text()), { status, headers });
  };
