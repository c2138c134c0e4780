import { strToU8, zipSync } from "fflate";
import { afterAll, describe, expect, it } from "vitest";
import {
  type FailureCode,
  failure,
  textTooLarge,
} from "../../../functions/agents/contexts/extraction/rules/failures.ts";
import type { Format } from "../../../functions/agents/contexts/extraction/rules/formats.ts";
import { extractIn } from "../../../functions/agents/contexts/extraction/run.ts";
import { Killable, workerFile } from "../../../shared/bounded/killable.ts";
import { docx, drawn, LOCKED, mediaTypes, paragraph, pdf, pptx, shape, xlsx } from "../../support/documents.ts";

const run = new URL("../../../functions/agents/contexts/extraction/run.ts", import.meta.url).href;
const thread = (time_ms: number, process_mb: number) =>
  new Killable(workerFile(run, "extraction"), { time_ms, heap_mb: 512, process_mb });
const usual = thread(60_000, 1_200);
afterAll(() => usual.close());

const read = (format: Format, bytes: Uint8Array, media_type: string = mediaTypes[format], where = usual) =>
  extractIn(where, { format, media_type, bytes, cut: false });
const textOf = async (format: Format, bytes: Uint8Array, media_type?: string) => {
  const taken = await read(format, bytes, media_type);
  if (!taken.ok) throw new Error(taken.code);
  return taken.text;
};

describe("the text of a file", () => {
  it("of PDF is that of its pages, each under its mark; a page without text has none", async () => {
    const bytes = pdf([drawn("Press the green button.") + drawn("Then wait.", 680), "", drawn("Third.")]);
    expect(await textOf("pdf", bytes)).toBe("[page 1]\nPress the green button.\nThen wait.\n\n[page 3]\nThird.");
  });

  it("of Word has headings, lists, tables and pages; pictures, addresses and macros are left where they are", async () => {
    const cell = (text: string) => `<w:tc>${paragraph(text)}</w:tc>`;
    const body =
      paragraph("Manual", "Heading1") +
      paragraph("Fish &amp; chips") +
      `<w:tbl><w:tr>${cell("Size")}${cell("Price")}</w:tr><w:tr>${cell("small")}${cell("3|4")}</w:tr></w:tbl>` +
      '<w:p><w:r><w:br w:type="page"/></w:r></w:p>' +
      paragraph("On the next page");
    const bytes = docx(body, { "word/vbaProject.bin": "macro", "word/media/image1.png": "picture" });
    expect(await textOf("docx", bytes)).toBe(
      "[page 1]\n# Manual\nFish & chips\n| Size | Price |\n| small | 3\\|4 |\n\n[page 2]\nOn the next page",
    );
  });

  it("of Excel is its rows, sheet by sheet: text, numbers, days, and what formulas came to", async () => {
    const rows =
      '<row r="1"><c r="A1" t="inlineStr"><is><t>Item</t></is></c><c r="B1" t="inlineStr"><is><t>Day</t></is></c></row>' +
      '<row r="2"><c r="A2"><f>1+1</f><v>2.5</v></c><c r="B2" s="1"><v>45000</v></c></row><row r="3"/>';
    const bytes = xlsx([
      ["Prices", rows],
      ["Empty", ""],
      ["More", '<row r="1"><c r="A1"><v>7</v></c></row>'],
    ]);
    expect(await textOf("xlsx", bytes)).toBe(
      '[sheet "Prices"]\n| Item | Day |\n| 2.5 | 2023-03-15 |\n\n[sheet "More"]\n| 7 |',
    );
  });

  it("of PowerPoint is its slides in their order, with titles, tables and notes, without what stands on all of them", async () => {
    const cell = (text: string) => `<a:tc><a:txBody><a:p><a:r><a:t>${text}</a:t></a:r></a:p></a:txBody></a:tc>`;
    const table = `<p:graphicFrame><a:tbl><a:tr>${cell("Q1")}${cell("10")}</a:tr></a:tbl></p:graphicFrame>`;
    const bytes = pptx([
      { shapes: shape("title", "Plan") + shape("body", "First", "Second") + shape("sldNum", "1"), notes: "Say hello" },
      { shapes: shape("ctrTitle", "Numbers") + table },
    ]);
    expect(await textOf("pptx", bytes)).toBe(
      "[slide 1]\n## Plan\nFirst\nSecond\nNotes:\nSay hello\n\n[slide 2]\n## Numbers\n| Q1 | 10 |",
    );
  });

  it("of HTML is its words: nothing of scripts, styles and what is hidden, tables as rows, lists as lists", async () => {
    const page = `<!doctype html><html><head><title>T</title><style>p{}</style></head><body><script>evil()</script>
      <h2>Hours &ndash; all</h2><p hidden>secret</p><p style="display: none">secret</p><div aria-hidden="true"><b>secret</b></div>
      <p>Nine   to <b>five</b><br>daily</p><ol><li>one<li>two<ul><li>inner</ul></ol>
      <table><caption>Prices</caption><tr><th>A<th>B<tr><td><p>1</p><p>2</p><td><table><tr><td>x<td>y</table></table>
      <img src="http://127.0.0.1:9/x.png" onerror="evil()"><pre>a
  b</pre></body></html>`;
    expect(await textOf("html", Buffer.from(page))).toBe(
      "## Hours – all\nNine to five\ndaily\n1. one\n2. two\n  - inner\nPrices\n| A | B |\n| 1 2 | x y |\na\n  b",
    );
  });

  it("of HTML is read in the charset of its media type, else in the one that it names itself", async () => {
    const latin = Buffer.from('<meta charset="windows-1252"><p>caf\u00e9', "latin1");
    expect(await textOf("html", latin)).toBe("café");
    expect(await textOf("html", Buffer.from("<p>caf\u00e9", "latin1"), "text/html; charset=iso-8859-1")).toBe("café");
  });
});

const office = zipSync({ "other/thing.xml": strToU8("<a/>") });
const doctype = (declared: string, body: string) =>
  docx("", {
    "word/document.xml": `<?xml version="1.0"?><!DOCTYPE w [${declared}]><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${body}</w:body></w:document>`,
  });
const laughs =
  '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">' +
  Array.from("cdefghij", (name, i) => `<!ENTITY ${name} "${`&${"bcdefghi"[i]};`.repeat(8)}">`).join("");
const compound = (text: string) =>
  Buffer.concat([Buffer.from("d0cf11e0a1b11ae1", "hex"), Buffer.alloc(600), Buffer.from(text, "utf16le")]);
/** The size that the directory and the part's own header claim. */
const lying = (file: Uint8Array, claimed: number): Uint8Array => {
  const bytes = Buffer.from(file);
  for (let i = 0; i + 4 <= bytes.length; i++) {
    if (bytes.readUInt32LE(i) === 0x02014b50) bytes.writeUInt32LE(claimed, i + 24);
    if (bytes.readUInt32LE(i) === 0x04034b50) bytes.writeUInt32LE(claimed, i + 22);
  }
  return bytes;
};
const zeros = (bytes: number) => docx("", { "word/document.xml": "0".repeat(bytes) });

describe("a file that gives no text says why", () => {
  it.each<[string, FailureCode, Format, Uint8Array]>([
    ["a PDF with a password", "encrypted_file", "pdf", pdf([drawn("x")], { trailer: LOCKED })],
    ["an Office file with a password", "encrypted_file", "docx", compound("EncryptedPackage")],
    ["an Office file of before 2007", "wrong_media_type", "docx", compound("WordDocument")],
    ["a PDF that ends at once", "damaged_file", "pdf", Buffer.from("%PDF-1.4\nhalf of it")],
    ["an Office file that breaks off", "damaged_file", "docx", docx(paragraph("x")).subarray(0, 400)],
    ["a Word file whose XML is broken", "damaged_file", "docx", docx("<w:p><w:r></w:p>")],
    ["an Excel file without its sheets", "damaged_file", "xlsx", xlsx([], { "xl/workbook.xml": "<" })],
    ["text that is said to be a PDF", "wrong_media_type", "pdf", Buffer.from("hello")],
    ["a PDF that is said to be a page", "wrong_media_type", "html", pdf([drawn("x")])],
    ["a picture that is said to be a page", "wrong_media_type", "html", Buffer.from([0x89, 0xff, 0, 0x9f])],
    ["a PDF that is said to be Word", "wrong_media_type", "docx", pdf([drawn("x")])],
    ["a Word file that is said to be Excel", "wrong_media_type", "xlsx", docx(paragraph("x"))],
    ["an Excel file that is said to be PowerPoint", "wrong_media_type", "pptx", xlsx([["A", ""]])],
    ["a ZIP file that is said to be Word", "wrong_media_type", "docx", office],
    ["a part that is more than 200 times what it is packed", "unpacks_too_large", "docx", zeros(4_000_000)],
    ["parts of more than 100 MB together", "unpacks_too_large", "docx", lying(docx(paragraph("x")), 60_000_000)],
    ["a part that is larger than its directory says", "damaged_file", "docx", lying(docx(paragraph("x")), 40)],
    [
      "more than ten thousand parts",
      "unpacks_too_large",
      "docx",
      zipSync(Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`word/${i}.xml`, new Uint8Array()]))),
    ],
    ["an external entity", "unsafe_file", "docx", doctype('<!ENTITY x SYSTEM "file:///etc/passwd">', paragraph("&x;"))],
    ["entities that expand without end", "unsafe_file", "docx", doctype(laughs, paragraph("&j;"))],
    ["a scan", "no_text", "pdf", pdf(["q 100 0 0 100 0 0 cm Q", ""])],
    ["a workbook without a cell", "no_text", "xlsx", xlsx([["Empty", ""]])],
    ["a page of scripts", "no_text", "html", Buffer.from("<script>x</script>")],
    ["a PDF of 501 pages", "too_many_pages", "pdf", pdf(Array.from({ length: 501 }, () => ""))],
    ["501 slides", "too_many_pages", "pptx", pptx(Array.from({ length: 501 }, () => ({ shapes: "" })))],
    ["101 sheets", "too_many_pages", "xlsx", xlsx(Array.from({ length: 101 }, (_, i) => [`S${i}`, ""]))],
    [
      "a cell in the last corner",
      "too_complex",
      "xlsx",
      xlsx([["A", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>']]),
    ],
  ])("%s: %s", { timeout: 60_000 }, async (_, code, format, bytes) => {
    expect(await read(format, bytes)).toEqual(failure(code, format));
  });

  it("one that keeps the parser busy is ended in time, and the next one is read", async () => {
    const hurried = thread(400, 2_000);
    const busy = pdf([drawn("a").repeat(400_000)]);
    expect(await read("pdf", busy, mediaTypes.pdf, hurried)).toEqual(failure("too_slow", "pdf"));
    await hurried.close();
  });

  it("one that unpacks within a PDF is ended before it fills the memory", { timeout: 60_000 }, async () => {
    const narrow = thread(60_000, 150);
    const bomb = pdf([{ text: " ".repeat(1_000_000), times: 400 }]);
    expect(bomb.byteLength).toBeLessThan(1_000_000);
    expect(await read("pdf", bomb, mediaTypes.pdf, narrow)).toEqual(failure("too_complex", "pdf"));
    await narrow.close();
  });

  it("one of too much text says how large it is, and into how much to split it", () => {
    expect(textTooLarge(2_345_678, 1_000_000)).toMatchObject({
      code: "text_too_large",
      message: expect.stringMatching(/2,345,678 bytes of text; a context holds 1,000,000\. Split it into 4 files/),
    });
  });
});
