import { cutText } from "../../../../shared/text.ts";

/*
 * How wide a text is drawn. Where pictures are made there are no fonts, and where they are looked at nobody knows which;
 * so this is a guess that is rather too wide.
 */

/** Widths by the size of the letters. */
const NARROW = 0.4;
const USUAL = 0.66;
const BROAD = 0.9;
const FULL = 1.05;

const narrow = new Set("iljtfrI.,:;'|!()[] ");
const broad = new Set("mwMWGOQDNHUA@%&");

const segments = new Intl.Segmenter("en", { granularity: "grapheme" });

/** What people see as single letters. */
const lettersOf = (text: string): string[] => [...segments.segment(text)].map(({ segment }) => segment);

function widthOfLetter(letter: string): number {
  if (narrow.has(letter)) return NARROW;
  if (broad.has(letter)) return BROAD;
  // Letters of Latin, Greek and Cyrillic; what comes after them may be as wide as it is high.
  return (letter.codePointAt(0) ?? 0) < 0x590 ? USUAL : FULL;
}

const sum = (letters: readonly string[], size: number): number =>
  letters.reduce((width, letter) => width + widthOfLetter(letter) * size, 0);

/** The width of a text in letters of this size, in the same unit. */
export const widthOf = (text: string, size: number): number => sum(lettersOf(text), size);

/** How many letters from the first on are not wider than this; one at least. */
function fitting(letters: readonly string[], size: number, width: number): number {
  let count = 0;
  let used = 0;
  for (const letter of letters) {
    used += widthOfLetter(letter) * size;
    if (used > width) break;
    count++;
  }
  return Math.max(1, count);
}

/** A text in at most so many lines, broken between words where it can be; what is left over ends in a sign for it. */
export function linesOf(text: string, size: number, width: number, most: number): string[] {
  const lines: string[] = [];
  let rest = lettersOf(cutText(text, 1_000).trim());
  while (lines.length < most - 1 && sum(rest, size) > width) {
    const fits = fitting(rest, size, width);
    // A line may end where the next word begins.
    const space = rest.slice(0, fits + 1).lastIndexOf(" ");
    const end = space > 0 ? space : fits;
    lines.push(rest.slice(0, end).join("").trim());
    rest = lettersOf(rest.slice(end).join("").trim());
  }
  if (sum(rest, size) <= width) return [...lines, rest.join("")];
  const room = width - widthOf("…", size);
  return [
    ...lines,
    `${rest
      .slice(0, fitting(rest, size, room))
      .join("")
      .trim()}…`,
  ];
}
