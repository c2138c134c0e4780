/** How a text is cut into the pieces that are found and cited. Pure. */

import { cutText } from "../../../../shared/text.ts";

/** A piece of a text: where it begins and ends, in UTF-16 units, and where that is for people. */
export interface Chunk {
  readonly start: number;
  readonly end: number;
  /** The page, slide or sheet and the heading under which it begins; null where the text has neither. */
  readonly locator: string | null;
}

/**
 * Most bytes of a piece: some 300 words of English. Words of any script stay within 512 tokens, which is what the model with the
 * shortest window takes (Cohere's third generation, which also takes no text of more than 2,048 characters); numbers and keys do
 * not, and are asked for in parts (functions/models/calls/lazy/embedding.ts).
 */
export const CHUNK_BYTES = 1_500;
/** A piece ends where the text has its best place behind this; so a text of n bytes has at most n / 750 + 1 pieces. */
const LEAST_BYTES = CHUNK_BYTES / 2;
const LOCATOR_CHARACTERS = 160;

/** Rises when texts are cut otherwise: what was indexed before is then indexed anew. */
export const CHUNKING = 1;

const HEADING = /^#{1,6} +(\S.*)$/;
const MARK = /^\[((?:page|slide) \d+|sheet ".*")\]$/;

const bytesOf = (code: number): number => (code < 0x80 ? 1 : code < 0x8_00 ? 2 : code > 0xff_ff ? 4 : 3);

/** How good a place is for an end, behind the character before it: of equals the last one is taken. */
function worth(text: string, at: number): number {
  const before = text[at - 1];
  if (before === "\n") {
    const line = lineAt(text, at);
    if (MARK.test(line) || HEADING.test(line)) return 5;
    return text[at - 2] === "\n" ? 4 : 3;
  }
  if (before === "。" || before === "！" || before === "？") return 2;
  if (before === " ") return /[.!?]/.test(text[at - 2] ?? "") ? 2 : 1;
  return 0;
}

/** Headings and marks are short: no more of a line is looked at. */
function lineAt(text: string, at: number): string {
  const some = text.slice(at, at + 200);
  const end = some.indexOf("\n");
  return end < 0 ? some : some.slice(0, end);
}

/** Where the piece that begins here ends: never between the two halves of a character. */
function endOf(text: string, start: number): number {
  let bytes = 0;
  let best: { readonly at: number; readonly worth: number } | undefined;
  for (let at = start; at < text.length; ) {
    const code = text.codePointAt(at) ?? 0;
    const next = at + (code > 0xff_ff ? 2 : 1);
    bytes += bytesOf(code);
    if (bytes > CHUNK_BYTES) return best?.at ?? at;
    at = next;
    if (bytes < LEAST_BYTES) continue;
    const here = worth(text, at);
    if (here >= (best?.worth ?? 0)) best = { at, worth: here };
  }
  return text.length;
}

/** What stands over a place in the text, kept up to date from piece to piece. */
class Place {
  #mark: string | undefined;
  #heading: string | undefined;

  /** Passes over a piece of text, which begins where a line does, or within one that was passed over. */
  pass(text: string): void {
    for (const line of text.split("\n")) this.#line(line);
  }

  /** Where a piece is that begins so: a mark and a heading at its very beginning count. */
  at(beginning: string): string | null {
    for (const line of beginning.split("\n")) {
      if (line.trim() === "") continue;
      if (!MARK.test(line) && !HEADING.test(line)) break;
      this.#line(line);
    }
    const parts = [this.#mark, this.#heading].filter((part) => part !== undefined);
    return parts.length === 0 ? null : cutText(parts.join(", "), LOCATOR_CHARACTERS);
  }

  #line(line: string): void {
    const [, mark] = MARK.exec(line) ?? [];
    if (mark !== undefined) {
      this.#mark = mark;
      // Another page may go on under the same heading; another sheet or slide does not.
      if (!mark.startsWith("page")) this.#heading = undefined;
      return;
    }
    this.#heading = HEADING.exec(line)?.[1]?.trim() ?? this.#heading;
  }
}

/** A text in pieces, in order and without gaps: joined they are the text. */
export function chunksOf(text: string): Chunk[] {
  const chunks: Chunk[] = [];
  const place = new Place();
  for (let start = 0; start < text.length; ) {
    const end = endOf(text, start);
    const piece = text.slice(start, end);
    const whole = start === 0 || text[start - 1] === "\n";
    const first = whole ? 0 : piece.indexOf("\n") + 1;
    chunks.push({ start, end, locator: place.at(whole ? piece : "") });
    // The rest of a line that began in the piece before is no line.
    if (whole || first > 0) place.pass(piece.slice(first));
    start = end;
  }
  return chunks;
}
