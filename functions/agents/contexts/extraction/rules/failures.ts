/** Why a file gave no text: each code with what happened and what to do. Pure. */
import { type Format, formatNames } from "./formats.ts";

/** What a file may have, whatever its size. */
export const extractionLimits = {
  /** Pages of a PDF, slides of a presentation. */
  pages: 500,
  sheets: 100,
  /** Parts of an Office file. */
  parts: 10_000,
  /** Of all parts of an Office file that are read, unpacked. */
  unpacked_bytes: 100_000_000,
  /** How many times larger than packed a part may be; small ones may be more. Office's own stay below 50. */
  ratio: 200,
  ratio_from_bytes: 1_000_000,
} as const;

const { pages, sheets, unpacked_bytes } = extractionLimits;
const number = new Intl.NumberFormat("en-US");

const messages = {
  wrong_media_type: (format: Format) =>
    `The file is not the ${formatNames[format]} that its media type says. Ask for a new upload with the media type that it has.`,
  encrypted_file: () => "The file asks for a password. Save it without one and upload it again.",
  damaged_file: (format: Format) =>
    `The file cannot be read as ${formatNames[format]}: it is damaged or incomplete. Save it anew and upload it again.`,
  unsafe_file: () =>
    "The file declares a document type or entities, which Office files do not have. Save it anew with Office and upload it again.",
  unpacks_too_large: () =>
    `The file unpacks to far more than its size: more than ${number.format(unpacked_bytes)} bytes, or as hardly any document does. Split it, or save it as PDF, and upload it again.`,
  too_many_pages: () =>
    `The file has more than ${pages} pages or slides, or ${sheets} sheets. Split it and upload the parts as contexts of their own.`,
  too_slow: () => "Reading the file takes too long. Split it, or save it anew as PDF, and upload it again.",
  too_complex: () => "Reading the file takes too much memory. Split it and upload the parts as contexts of their own.",
  no_text: () =>
    "The file holds no text, pictures only perhaps, like a scan. Recognize its text (OCR) and upload the result.",
} as const;
export type FailureCode = keyof typeof messages;

/** The text of a file or page, or why there is none. */
export type Taken =
  | { readonly ok: true; readonly text: string; readonly truncated: boolean }
  | { readonly ok: false; readonly code: string; readonly message: string };

export const failure = (code: FailureCode, format: Format): Taken => ({
  ok: false,
  code,
  message: messages[code](format),
});

/** A text is never cut silently: how large it is, and what to do. */
export const textTooLarge = (bytes: number, most: number): Taken => ({
  ok: false,
  code: "text_too_large",
  message: `The file has ${number.format(bytes)} bytes of text; a context holds ${number.format(most)}. Split it into ${Math.ceil(bytes / most) + 1} files and upload each as a context of its own.`,
});

/** Thrown by readers for what they find; everything else that they throw is a damaged file. */
export class Unreadable extends Error {
  readonly code: FailureCode;
  constructor(code: FailureCode) {
    super(code);
    this.code = code;
  }
}
