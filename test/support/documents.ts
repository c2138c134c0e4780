import { strToU8, Zlib, zipSync } from "fflate";

/** Small files of each format, made as tests need them. */

type Parts = Readonly<Record<string, string>>;

const zip = (parts: Parts): Uint8Array =>
  zipSync(Object.fromEntries(Object.entries(parts).map(([name, text]) => [name, strToU8(text)])));

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
const PACKAGE = "http://schemas.openxmlformats.org/package/2006";
const OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const TYPES = "application/vnd.openxmlformats-officedocument";

export const mediaTypes = {
  pdf: "application/pdf",
  docx: `${TYPES}.wordprocessingml.document`,
  xlsx: `${TYPES}.spreadsheetml.sheet`,
  pptx: `${TYPES}.presentationml.presentation`,
  html: "text/html",
} as const;

const contentTypes = (overrides: Parts): string =>
  `${XML}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${Object.entries(
    overrides,
  )
    .map(([name, type]) => `<Override PartName="/${name}" ContentType="${TYPES}.${type}+xml"/>`)
    .join("")}</Types>`;

const relations = (targets: readonly (readonly [type: string, target: string])[]): string =>
  `${XML}<Relationships xmlns="${PACKAGE}/relationships">${targets
    .map(([type, target], i) => {
      const mode = /^https?:/.test(target) ? ' TargetMode="External"' : "";
      return `<Relationship Id="rId${i + 1}" Type="${OFFICE}/${type}" Target="${target}"${mode}/>`;
    })
    .join("")}</Relationships>`;

/** A Word file with this body, in its own markup; `more` are parts beside the usual ones or in their place. */
export const docx = (body: string, more: Parts = {}): Uint8Array =>
  zip({
    "[Content_Types].xml": contentTypes({
      "word/document.xml": "wordprocessingml.document.main",
      "word/styles.xml": "wordprocessingml.styles",
    }),
    "_rels/.rels": relations([["officeDocument", "word/document.xml"]]),
    "word/_rels/document.xml.rels": relations([
      ["styles", "styles.xml"],
      ["image", "http://127.0.0.1:9/picture.png"],
    ]),
    "word/styles.xml": `${XML}<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/></w:style></w:styles>`,
    "word/document.xml": `${XML}<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${body}</w:body></w:document>`,
    ...more,
  });

export const paragraph = (text: string, style?: string): string =>
  `<w:p>${style === undefined ? "" : `<w:pPr><w:pStyle w:val="${style}"/></w:pPr>`}<w:r><w:t xml:space="preserve">${text}</w:t></w:r></w:p>`;

/** An Excel file; each sheet is its name and the rows' XML. */
export const xlsx = (sheets: readonly (readonly [name: string, rows: string])[], more: Parts = {}): Uint8Array =>
  zip({
    "[Content_Types].xml": contentTypes({
      "xl/workbook.xml": "spreadsheetml.sheet.main",
      ...Object.fromEntries(sheets.map((_, i) => [`xl/worksheets/sheet${i + 1}.xml`, "spreadsheetml.worksheet"])),
    }),
    "_rels/.rels": relations([["officeDocument", "xl/workbook.xml"]]),
    "xl/_rels/workbook.xml.rels": relations([
      ...sheets.map((_, i) => ["worksheet", `worksheets/sheet${i + 1}.xml`] as const),
      ["styles", "styles.xml"],
    ]),
    "xl/workbook.xml": `${XML}<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="${OFFICE}"><sheets>${sheets
      .map(([name], i) => `<sheet name="${name}" sheetId="${i + 1}" r:id="rId${i + 1}"/>`)
      .join("")}</sheets></workbook>`,
    "xl/styles.xml": `${XML}<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>`,
    ...Object.fromEntries(
      sheets.map(([, rows], i) => [
        `xl/worksheets/sheet${i + 1}.xml`,
        `${XML}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>${rows}</sheetData></worksheet>`,
      ]),
    ),
    ...more,
  });

const DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main";
const PRESENTATION = "http://schemas.openxmlformats.org/presentationml/2006/main";

export const shape = (kind: string, ...paragraphs: string[]): string =>
  `<p:sp><p:nvSpPr><p:nvPr><p:ph type="${kind}"/></p:nvPr></p:nvSpPr><p:txBody>${paragraphs
    .map((text) => `<a:p><a:r><a:t>${text}</a:t></a:r></a:p>`)
    .join("")}</p:txBody></p:sp>`;

const slidePart = (tag: string, shapes: string): string =>
  `${XML}<p:${tag} xmlns:a="${DRAWING}" xmlns:p="${PRESENTATION}"><p:cSld><p:spTree>${shapes}</p:spTree></p:cSld></p:${tag}>`;

/** A PowerPoint file; each slide is its shapes and perhaps its notes. The files are numbered against their order. */
export const pptx = (
  slides: readonly { readonly shapes: string; readonly notes?: string }[],
  more: Parts = {},
): Uint8Array => {
  const number = (i: number) => slides.length - i;
  return zip({
    "[Content_Types].xml": contentTypes({ "ppt/presentation.xml": "presentationml.presentation.main" }),
    "_rels/.rels": relations([["officeDocument", "ppt/presentation.xml"]]),
    "ppt/_rels/presentation.xml.rels": relations(slides.map((_, i) => ["slide", `slides/slide${number(i)}.xml`])),
    "ppt/presentation.xml": `${XML}<p:presentation xmlns:p="${PRESENTATION}" xmlns:r="${OFFICE}"><p:sldIdLst>${slides
      .map((_, i) => `<p:sldId id="${256 + i}" r:id="rId${i + 1}"/>`)
      .join("")}</p:sldIdLst></p:presentation>`,
    ...Object.fromEntries(
      slides.flatMap(({ shapes, notes }, i) => [
        [`ppt/slides/slide${number(i)}.xml`, slidePart("sld", shapes)],
        ...(notes === undefined
          ? []
          : [
              [
                `ppt/slides/_rels/slide${number(i)}.xml.rels`,
                relations([["notesSlide", `../notesSlides/notesSlide${number(i)}.xml`]]),
              ],
              [`ppt/notesSlides/notesSlide${number(i)}.xml`, slidePart("notes", shape("body", notes))],
            ]),
      ]),
    ),
    ...more,
  });
};

interface PdfOptions {
  /** Entries of the trailer. */
  readonly trailer?: string;
}

/** Drawing a line of text as a PDF's page does. */
export const drawn = (text: string, y = 700): string => `BT /F1 12 Tf 72 ${y} Td (${text}) Tj ET\n`;

/** What unpacks to a text many times over. */
interface Packed {
  readonly text: string;
  readonly times: number;
}

/** Packed piece by piece, so that what it unpacks to never fills the memory of whoever packs it. */
function packed({ text, times }: Packed): Uint8Array {
  const chunks: Uint8Array[] = [];
  const zlib = new Zlib({ level: 9 }, (chunk) => chunks.push(chunk));
  const piece = Buffer.from(text);
  for (let i = 1; i <= times; i++) zlib.push(piece, i === times);
  return Buffer.concat(chunks);
}

/** A PDF whose pages have these contents. */
export function pdf(pages: readonly (string | Packed)[], { trailer = "" }: PdfOptions = {}): Uint8Array {
  const kids = pages.map((_, i) => `${4 + 2 * i} 0 R`).join(" ");
  const objects: (string | Uint8Array)[][] = [
    ["<< /Type /Catalog /Pages 2 0 R >>"],
    [`<< /Type /Pages /Count ${pages.length} /Kids [${kids}] >>`],
    ["<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"],
    ...pages.flatMap((content, i) => {
      const plain = typeof content === "string";
      const bytes = plain ? Buffer.from(content) : packed(content);
      const filter = plain ? "" : " /Filter /FlateDecode";
      return [
        [
          `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${5 + 2 * i} 0 R /Resources << /Font << /F1 3 0 R >> >> >>`,
        ],
        [`<< /Length ${bytes.byteLength}${filter} >>\nstream\n`, bytes, "\nendstream"],
      ];
    }),
  ];
  const chunks: Uint8Array[] = [Buffer.from("%PDF-1.4\n")];
  let at = 9;
  const add = (part: string | Uint8Array): void => {
    const bytes = typeof part === "string" ? Buffer.from(part) : part;
    chunks.push(bytes);
    at += bytes.byteLength;
  };
  const places = objects.map((parts, i) => {
    const place = at;
    add(`${i + 1} 0 obj\n`);
    for (const part of parts) add(part);
    add("\nendobj\n");
    return `${String(place).padStart(10, "0")} 00000 n \n`;
  });
  const xref = at;
  add(`xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${places.join("")}`);
  add(`trailer\n<< /Size ${objects.length + 1} /Root 1 0 R ${trailer} >>\nstartxref\n${xref}\n%%EOF\n`);
  return Buffer.concat(chunks);
}

/** What a PDF says of its password, which nobody knows. */
export const LOCKED = `/ID [<${"00".repeat(16)}> <${"00".repeat(16)}>] /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <${"41".repeat(32)}> /U <${"42".repeat(32)}> >>`;
