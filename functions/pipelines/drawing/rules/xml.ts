/** Opened as a page of its own, a picture may do nothing but be looked at. */
export const POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox";

/** What texts of pictures are set in, whatever the system has. */
export const LETTERS =
  'text{font-family:ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;unicode-bidi:isolate}';

/** A text inside XML: without letters that XML keeps for itself, and what is no letter of it at all. */
export const xml = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\uFFFE\uFFFF]/gu, "\uFFFD")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");

/** A number as it stands in a picture: to a tenth. */
export const n = (value: number): string => String(Math.round(value * 10) / 10);
