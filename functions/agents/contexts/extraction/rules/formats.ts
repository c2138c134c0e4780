/** Which files text is taken from in a thread, beside those that are text themselves. Pure. */
import { bareMediaType } from "../../../../../shared/outbound/text.ts";

export const formats = ["pdf", "docx", "xlsx", "pptx", "html"] as const;
export type Format = (typeof formats)[number];

const OFFICE = "application/vnd.openxmlformats-officedocument";

const byMediaType: Readonly<Record<string, Format>> = {
  "application/pdf": "pdf",
  [`${OFFICE}.wordprocessingml.document`]: "docx",
  [`${OFFICE}.spreadsheetml.sheet`]: "xlsx",
  [`${OFFICE}.presentationml.presentation`]: "pptx",
  "text/html": "html",
  "application/xhtml+xml": "html",
};

/** The format of a media type; undefined for one that is text itself, or nothing that text is taken from. */
export function formatOf(media_type: string): Format | undefined {
  const bare = bareMediaType(media_type);
  return Object.hasOwn(byMediaType, bare) ? byMediaType[bare] : undefined;
}

/** How each is called in messages. */
export const formatNames: Readonly<Record<Format, string>> = {
  pdf: "PDF",
  docx: "Word document (.docx)",
  xlsx: "Excel workbook (.xlsx)",
  pptx: "PowerPoint presentation (.pptx)",
  html: "HTML page",
};

const has = (bytes: Uint8Array, signature: readonly number[]): boolean =>
  signature.every((byte, i) => bytes[i] === byte);

const ZIP = [0x50, 0x4b, 0x03, 0x04];
/** The container of Office before 2007, and of Office files with a password. */
const COMPOUND = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
/** A PDF's signature may stand a little behind the beginning. */
const PDF_WITHIN = 1_024;

const startsAs = (bytes: Uint8Array): "pdf" | "zip" | "compound" | "other" => {
  if (has(bytes, ZIP)) return "zip";
  if (has(bytes, COMPOUND)) return "compound";
  return Buffer.from(bytes.subarray(0, PDF_WITHIN)).includes("%PDF-") ? "pdf" : "other";
};

/** Whether the first bytes are what the format begins with; `encrypted` for an Office file that asks for a password. */
export function signatureOf(format: Format, bytes: Uint8Array): "agrees" | "differs" | "encrypted" {
  const starts = startsAs(bytes);
  if (format === "pdf") return starts === "pdf" ? "agrees" : "differs";
  if (format === "html") return starts === "other" ? "agrees" : "differs";
  if (starts === "compound" && Buffer.from(bytes).includes(Buffer.from("EncryptedPackage", "utf16le")))
    return "encrypted";
  return starts === "zip" ? "agrees" : "differs";
}
