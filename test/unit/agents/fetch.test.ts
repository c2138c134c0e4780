import { expect, it } from "vitest";
import type { Extract } from "../../../functions/agents/contexts/extraction/run.ts";
import { fetchText } from "../../../functions/agents/contexts/fetch.ts";
import type { OutboundRequest, OutboundResult } from "../../../shared/outbound/client.ts";

const ADDRESS = "https://papers.example.com/a.pdf";
const LARGE = 10_000_000;

/** An address with a PDF of so many bytes, read by a thread that answers so. */
async function fetched(bytes: number, extract: Extract, more: { headers?: Record<string, string> } = {}) {
  const asked: OutboundRequest[] = [];
  const request = async (call: OutboundRequest): Promise<OutboundResult> => {
    asked.push(call);
    const most = call.max_bytes ?? 0;
    const truncated = bytes > most;
    if (truncated && call.truncate !== true)
      return { ok: false, error: { code: "too_large", message: "Too large." } as never };
    const body = Buffer.alloc(Math.min(bytes, most));
    return { ok: true, status: 200, headers: { "content-type": "application/pdf" }, body, truncated, ...more };
  };
  return { asked, taken: await fetchText(ADDRESS, { outbound: { request }, extract }) };
}

const says =
  (text: string): Extract =>
  async ({ bytes }) => ({ ok: true, text: `${bytes.byteLength}${text}`, truncated: false });

it("a document is read like an uploaded one: whole, and in one request where it is small", async () => {
  const { asked, taken } = await fetched(9, says(" words"));
  expect(taken).toEqual({ ok: true, text: "9 words", truncated: false });
  expect(asked).toHaveLength(1);
});

it("one that has more than is read of a page is asked for again, and never cut", async () => {
  const { asked, taken } = await fetched(LARGE, says(" words"));
  expect(taken).toEqual({ ok: true, text: `${LARGE} words`, truncated: false });
  expect(asked.map(({ max_bytes, truncate }) => [max_bytes, truncate])).toEqual([
    [4_000_000, true],
    [50_000_000, undefined],
  ]);
});

it("one that is larger than an upload may be, or has more text than a context holds, says so", async () => {
  expect((await fetched(50_000_001, says(""))).taken).toMatchObject({ ok: false, code: "too_large" });
  expect((await fetched(9, says("x".repeat(1_000_000)))).taken).toMatchObject({ ok: false, code: "text_too_large" });
});

it("what is no document of its media type is not told to be uploaded with another one", async () => {
  const { taken } = await fetched(9, async () => ({ ok: false, code: "wrong_media_type", message: "Upload it." }));
  expect(taken).toEqual({
    ok: false,
    code: "wrong_media_type",
    message: "What the address has is not the PDF that its media type says.",
  });
});

it("bytes of which nobody says what they are, are refused", async () => {
  const { taken } = await fetched(9, says(""), { headers: { "content-type": "application/octet-stream" } });
  expect(taken).toMatchObject({ ok: false, code: "not_text" });
});
