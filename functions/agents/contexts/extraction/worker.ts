import { serveTasks } from "../../../../shared/bounded/worker.ts";
import { extractText } from "../rules/text.ts";
import { excelText } from "./excel.ts";
import { pdfText } from "./pdf.ts";
import { powerPointText } from "./powerpoint.ts";
import { type FailureCode, Unreadable } from "./rules/failures.ts";
import { type Format, signatureOf } from "./rules/formats.ts";
import { htmlText } from "./rules/html.ts";
import { wordText } from "./word.ts";

/** A file and what it is said to be. */
export interface ReadInput {
  readonly format: Format;
  /** With its charset, where that was said. */
  readonly media_type: string;
  readonly bytes: Uint8Array;
  /** The bytes are the beginning of more. */
  readonly cut: boolean;
}
export type Read = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly code: FailureCode };

/** A page names its charset within itself where its media type does not. */
function pageType(media_type: string, bytes: Uint8Array): string {
  if (/charset/i.test(media_type)) return media_type;
  const named = /<meta[^>]{0,200}charset\s*=\s*["']?([\w-]+)/i.exec(
    Buffer.from(bytes.subarray(0, 1_024)).toString("latin1"),
  );
  return named === null ? media_type : `${media_type}; charset=${named[1]}`;
}

function pageText({ bytes, media_type, cut }: ReadInput): string {
  const decoded = extractText(bytes, pageType(media_type, bytes), Number.POSITIVE_INFINITY, cut);
  if (decoded === undefined) throw new Unreadable("wrong_media_type");
  return htmlText(decoded.text);
}

const readers: Readonly<Record<Format, (input: ReadInput) => string | Promise<string>>> = {
  pdf: ({ bytes }) => pdfText(bytes),
  docx: ({ bytes }) => wordText(bytes),
  xlsx: ({ bytes }) => excelText(bytes),
  pptx: ({ bytes }) => powerPointText(bytes),
  html: pageText,
};

async function read(input: ReadInput): Promise<Read> {
  const signature = signatureOf(input.format, input.bytes);
  if (signature !== "agrees")
    return { ok: false, code: signature === "encrypted" ? "encrypted_file" : "wrong_media_type" };
  try {
    const text = (await readers[input.format](input)).replaceAll("\u0000", "").toWellFormed().trim();
    return text === "" ? { ok: false, code: "no_text" } : { ok: true, text };
  } catch (error) {
    // What a library says of a file that it cannot read is nobody's to see.
    return { ok: false, code: error instanceof Unreadable ? error.code : "damaged_file" };
  }
}

serveTasks({ read });
