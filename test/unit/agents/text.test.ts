import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { htmlText } from "../../../functions/agents/contexts/extraction/rules/html.ts";
import { extractText, firstBytes } from "../../../functions/agents/contexts/rules/text.ts";
import { isTextMediaType } from "../../../shared/outbound/text.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("media types", () => {
  test.each(["text/plain", "text/markdown; charset=utf-8", "TEXT/CSV", "application/json", "application/ld+json"])(
    "%s is text",
    (type) => expect(isTextMediaType(type)).toBe(true),
  );
  test.each([
    "application/pdf",
    "image/png",
    "application/octet-stream",
    "text",
    "",
    "application/zip",
    "text/plain evil",
  ])("%s is no text", (type) => expect(isTextMediaType(type)).toBe(false));
});

describe("the text of a file", () => {
  test("is the file's text, whatever its letters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        fc.pre(!text.includes("\u0000") && !text.startsWith("\ufeff"));
        expect(extractText(bytes(text), "text/plain", 1_000_000, false)).toEqual({ text, truncated: false });
      }),
    );
  });

  test("is cut between characters and says so", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), fc.nat(60), (text, most) => {
        const cut = firstBytes(text, most);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(most);
        expect(text.startsWith(cut)).toBe(true);
        const next = [...text.slice(cut.length)][0];
        if (next !== undefined) expect(Buffer.byteLength(cut) + Buffer.byteLength(next)).toBeGreaterThan(most);
      }),
    );
    const half = bytes("aä").subarray(0, 2);
    expect(extractText(half, "text/plain", 10, true)).toEqual({ text: "a", truncated: true });
    expect(extractText(half, "text/plain", 10, false)).toBeUndefined();
  });

  test("is none for bytes that are no UTF-8", () => {
    expect(extractText(new Uint8Array([0xff, 0xc0]), "text/plain", 10, false)).toBeUndefined();
    expect(extractText(bytes("a\u0000b"), "text/plain", 10, false)).toBeUndefined();
  });

  test("is read in the charset of its media type", () => {
    expect(
      extractText(new Uint8Array([0x47, 0x72, 0xfc, 0xdf, 0x65]), "text/plain; charset=iso-8859-1", 99, false),
    ).toEqual({
      text: "Grüße",
      truncated: false,
    });
  });

  test("drops a byte order mark", () => {
    expect(extractText(bytes("\ufeffhi"), "text/plain", 10, false)?.text).toBe("hi");
  });
});

describe("a page", () => {
  test("gives its words without scripts, styles, comments and markup", () => {
    const page =
      "<!doctype html><html><head><title>x</title><style>p{}</style></head><body><!-- no --><script src=a>bad()</script >" +
      "<h1>Hours</h1><p>9&ndash;17 &amp; <b>more</b>&#x21;</p><ul><li>one<li>two</ul><script>never closed";
    expect(htmlText(page)).toBe("# Hours\n9–17 & more!\n- one\n- two");
  });

  test("of hostile markup takes time in proportion to its length", () => {
    for (const piece of ["<", "<!--", "<script", "<script>", "&", "<p ", "</"]) {
      const from = performance.now();
      htmlText(piece.repeat(200_000));
      expect(performance.now() - from).toBeLessThan(5_000);
    }
  });
});
